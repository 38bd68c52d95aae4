"""What probes of consumers share: producers to hand over, and how a result is looked at."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe

__all__ = [
    "COPY_FALSE",
    "COPY_TRUE",
    "KINDS",
    "LEGACY",
    "VERSIONS",
    "Giver",
    "close",
    "immutable",
    "lacks",
    "offer",
    "probe",
    "raw_offer",
    "repeated",
    "shared",
    "taking",
    "twin",
    "with_readonly",
    "without_readonly",
]

Absent = Callable[[Library], str | None]
"""As `Probe.absent`."""

COPY_TRUE: Mapping[str, Any] = {"copy": True}
COPY_FALSE: Mapping[str, Any] = {"copy": False}
LEGACY: Mapping[str, Any] = {"legacy": "always"}
VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "legacy": LEGACY,
    **{f"1.{minor}": {"version": (1, minor)} for minor in range(4)},
}
"""Options of `Array` for the generations of producers; the newer ones give what is asked for."""

KINDS: Mapping[str, Mapping[str, Any]] = {"versioned": {}, "legacy": LEGACY}
"""Options of `Array` for both structs."""

_NEWEST = (1, 3)


_WAITS = 10
_WAIT_SECONDS = 0.005


class Giver:
    """An object that has the two methods and nothing else; keeps the capsules that it gave.

    ``array``: an array of the reference, which logs and counts. ``answer(array, keywords)`` gives
    what ``__dlpack__`` returns, ``device(array)`` what ``__dlpack_device__`` does.
    """

    __slots__ = ("__weakref__", "answer", "array", "device", "given", "names", "raised")

    def __init__(
        self,
        array: Any,
        answer: Callable[[Any, dict[str, Any]], Any] | None = None,
        device: Callable[[Any], Any] | None = None,
    ) -> None:
        self.array = array
        self.answer = answer
        self.device = device
        self.given: list[Any] = []
        self.names: list[str | None] = []
        self.raised: BaseException | None = None

    def __dlpack__(self, **keywords: Any) -> Any:
        try:
            if self.answer is None:
                capsule = self.array.__dlpack__(**keywords)
            else:
                capsule = self.answer(self.array, keywords)
        except BaseException as error:
            self.raised = error
            raise
        self.given.append(capsule)
        self.names.append(_name(capsule))
        return capsule

    def __dlpack_device__(self) -> Any:
        if self.device is None:
            return self.array.__dlpack_device__()
        try:
            return self.device(self.array)
        except BaseException as error:
            self.raised = error
            raise

    @property
    def changes(self) -> bool:
        """Tell whether it answers otherwise than its array."""
        return self.answer is not None or self.device is not None

    def script(self, array: str) -> list[str] | None:
        """Lines of a script that make this, the last one an expression; ``array``: its array.

        None where a function of the probe answers, which no script can say.
        """
        if self.answer is not None:
            return None
        says = f"{array}.__dlpack_device__()"
        if self.device is not None:
            try:
                says = repr(self.device(self.array))
            except BaseException:  # noqa: BLE001 - what it raises is the probe's
                return None
            if "<" in says:  # an object without a text of its own
                return None
        return [
            "class Giver:",
            f"    def __dlpack__(self, **keywords): return {array}.__dlpack__(**keywords)",
            f"    def __dlpack_device__(self): return {says}",
            "Giver()",
        ]


def twin(
    observer: Observer,
    dtype: str = "float32",
    layout: str = "vector",
    keywords: Mapping[str, Any] | None = None,
    **options: Any,
) -> bool:
    """Return whether the same call takes the ordinary tensor of this dtype and layout.

    Facts ``accepts.twin``, and ``route.absent`` where it was refused: what a consumer does with its
    unusual sister then says nothing.
    """
    seen = observer.facts
    array = observer.crafted(dtype, layout, **options)
    call = observer.library.accepts()["from_dlpack"].call
    observer.step("exchange")
    try:
        call(Giver(array), **(keywords or {}))
    except BaseException as error:  # noqa: BLE001 - refused, however
        seen["accepts.twin"] = False
        seen["route.absent"] = f"an ordinary tensor is refused, too: {type(error).__name__}"
    else:
        seen["accepts.twin"] = True
    return bool(seen["accepts.twin"])


def offer(observer: Observer, giver: Any, **keywords: Any) -> Any:
    """Let the library take what ``giver`` gives; facts of the call, the capsules and the result."""
    seen = observer.facts
    result = observer.consume(giver, **keywords)
    _crossed(observer, giver)
    observer.calls(giver.array)
    memory = observer.memory
    if memory is not None:
        seen["memory.source"] = memory.elements_changed() == 0
        seen["memory.outside"] = memory.outside_changed() == 0
    if result is not None:
        observer.look(result)
    return result


def _crossed(observer: Observer, giver: Giver) -> None:
    """What the producer gave, by name, and what became of it."""
    seen = observer.facts
    now = [_name(capsule) or "" for capsule in giver.given]
    seen["capsule.given"] = len(now)
    seen["capsule.consumed"] = sum(name.startswith("used_") for name in now)
    if not now or giver.names[-1] is None:
        return
    seen["capsule.name"] = now[-1]
    seen["capsule.first_name"] = seen["export.capsule"] = giver.names[-1]


def _name(capsule: Any) -> str | None:
    """Name of a capsule; None where it is NULL, or where this is none."""
    try:
        name: str | None = modules().instrument.capsule_name(capsule)
    except (TypeError, ValueError):
        return None
    return name


def shared(observer: Observer) -> bool:
    """Tell whether what was seen so far says that the result shares memory."""
    seen = observer.facts
    if "seen" in (seen.get("proof.forward"), seen.get("proof.backward")):
        return True
    return seen.get("proof.address") in ("same", "overlap")


def close(observer: Observer, ledger: Any) -> None:
    """Count deleter calls after everything was let go; a cycle gets its chance."""
    observer.forget()
    if ledger.deleter_calls < ledger.exports:
        gc.collect()
    for _ in range(_WAITS):  # a library may release on a thread of its own
        if ledger.deleter_calls >= ledger.exports:
            break
        time.sleep(_WAIT_SECONDS)
    observer.count(ledger)
    observer.facts["capsule.double_deletes"] = ledger.double_deletes


def taking(
    dtype: str = "float32",
    layout: str = "vector",
    *,
    ask: Mapping[str, Any] | None = None,
    with_twin: bool | str = False,
    proves: bool = False,
    counts: bool = True,
    kind: str = "ordinary",
    skew: int = 0,
    **options: Any,
) -> Callable[[Observer], None]:
    """Return a probe's function: the library takes an array of the reference with ``options``.

    ``ask``: keywords of the call. ``with_twin``: an ordinary tensor of the same generation is tried
    first, of this layout where it names one. ``proves``: writes show whether memory is shared.
    ``counts``: deleter calls are counted after the release.
    """
    asked = dict(ask or {})

    def run(observer: Observer) -> None:
        version = options.get("version", _NEWEST)
        if with_twin:
            like: dict[str, Any] = {key: options[key] for key in ("legacy",) if key in options}
            if version <= _NEWEST:
                like["version"] = version
            like_layout = with_twin if isinstance(with_twin, str) else layout
            if not twin(observer, dtype, like_layout, asked, **like):
                return
        giver = Giver(observer.crafted(dtype, layout, kind=kind, skew=skew, **options))
        ledger = giver.array.ledger
        result = offer(observer, giver, **asked)
        if observer.facts.get("export.capsule") == "dltensor_versioned":
            observer.facts["export.version"] = version
        if result is not None and proves and "result.values" in observer.facts:
            observer.prove(giver.array, result)
        observer.step("release")
        del giver
        result = None
        if counts:
            close(observer, ledger)

    return run


def repeated(repeats: int, dtype: str, **options: Any) -> Callable[[Observer], None]:
    """Many imports of one source, each dropped, taken or not."""

    def run(observer: Observer) -> None:
        take = observer.library.accepts()["from_dlpack"].call
        giver = Giver(observer.crafted(dtype, "matrix", **options))
        ledger = giver.array.ledger
        observer.consume(giver)
        for _ in range(repeats - 1):
            giver.given.clear()
            giver.names.clear()
            giver.raised = None
            with contextlib.suppress(Exception):
                take(giver)
        observer.facts["life.repeats"] = repeats
        observer.step("release")
        del giver
        close(observer, ledger)

    return run


def raw_offer(
    data: bytes,
    dtype: tuple[int, int, int],
    shape: tuple[int, ...],
    expected: Sequence[Any] | None,
    *,
    name: str | None = None,
    ask: Mapping[str, Any] | None = None,
    **options: Any,
) -> Callable[[Observer], None]:
    """Return a probe's function: ``data`` goes out as a dtype (code, bits, lanes) of any kind.

    ``expected``: numbers of the elements in C order, None where no dtype has this code and width,
    so that no reading of it is right. ``name``: the dtype in the catalogue's words, where it has
    one; its numbers go out as they are. ``ask``: keywords of the call.
    """
    strides = tuple(_row_major(shape))
    states = {"dtype": dtype, "shape": shape, "strides": strides, **options.pop("states", {})}

    def made(instrument: Any) -> Any:
        if name is not None:
            memory = instrument.Template(name, shape, strides, 0, expected).make()
            return instrument.Array(memory, name, shape, strides, **options)
        size = (len(data),)
        memory = instrument.Template("uint8", size, (1,), 0, list(data)).make()
        return instrument.Array(memory, "uint8", size, (1,), states=states, **options)

    def run(observer: Observer) -> None:
        seen, library = observer.facts, observer.library
        array = made(observer.instrument)
        seen["source.shape"], seen["source.device"] = shape, "cpu"
        seen["export.dtype"] = dtype
        if name is not None:
            seen["source.dtype"] = name
        giver, ledger = Giver(array), array.ledger
        result = observer.consume(giver, **(ask or {}))
        _crossed(observer, giver)
        if seen.get("export.capsule") == "dltensor_versioned":
            seen["export.version"] = options.get("version", _NEWEST)
        if result is not None:
            _compare(observer, library, result, data, expected)
        observer.step("release")
        del giver, array
        result = None
        close(observer, ledger)

    return run


def _compare(
    observer: Observer, library: Library, result: Any, data: bytes, expected: Sequence[Any] | None
) -> None:
    seen = observer.facts
    observer.step("read")
    try:
        found = library.describe(result)
        seen["result.shape"], seen["result.dtype"] = found.shape, found.dtype
        got = library.read(result)
    except BaseException as error:  # noqa: BLE001 - however its own API fails
        seen["result.error"] = type(error).__name__
        return
    if expected is None:
        seen["result.values"] = False
        seen["result.wrong"] = "no dtype has this code and width"
    elif isinstance(got, bytes):
        seen["result.values"] = got == data
    else:
        got = [lane for element in got for lane in _lanes(element)]
        seen["result.values"] = got == list(expected)
        if not seen["result.values"]:
            seen["result.wrong"] = f"asked {list(expected)[:6]}, got {got[:6]}"


def _lanes(element: Any) -> Sequence[Any]:
    return element if isinstance(element, tuple | list) else (element,)


def _row_major(shape: tuple[int, ...]) -> list[int]:
    strides, step = [1] * len(shape), 1
    for axis in reversed(range(len(shape))):
        strides[axis] = step
        step *= shape[axis]
    return strides


def lacks(*names: str) -> Absent:
    """Return ``Probe.absent`` for a probe that passes these keywords of ``from_dlpack``."""

    def absent(library: Library) -> str | None:
        entry = library.accepts()["from_dlpack"]
        return next((entry.lacks[name] for name in names if name in entry.lacks), None)

    return absent


def without_readonly(library: Library) -> str | None:
    """Proof that the library has no read-only arrays."""
    return None if library.readonly_arrays else f"arrays of {library.name} can always be written"


def with_readonly(library: Library) -> str | None:
    """Proof that the library has read-only arrays, or no others."""
    if library.immutable_arrays:
        return f"no array of {library.name} can be written"
    return f"{library.name} has read-only arrays" if library.readonly_arrays else None


def immutable(library: Library) -> str | None:
    """Proof that the library's arrays cannot be written."""
    return f"no array of {library.name} can be written" if library.immutable_arrays else None


def probe(
    rule: str,
    variant: str,
    text: str,
    run: Callable[[Observer], None],
    *,
    keywords: Sequence[str] = (),
    absent: Absent | None = None,
    malformed: bool = False,
) -> Probe:
    """Return a probe of a consumer; ``keywords``: those that the call passes."""
    missing = lacks(*keywords)

    def proof(library: Library) -> str | None:
        found = missing(library)
        return absent(library) if found is None and absent is not None else found

    return Probe(rule, variant, run, text, needs="from_dlpack", malformed=malformed, absent=proof)
