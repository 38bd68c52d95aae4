"""What the probes of producers share: sources, calls of ``__dlpack__``, memory that is counted."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from dlpack_conformance.libraries import Library, Makes, NotMadeError
from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes import _exports as exports

__all__ = [
    "AS_GIVEN",
    "OTHERS",
    "OWN",
    "VERSIONS",
    "Life",
    "any_source",
    "asking",
    "device_of",
    "export",
    "grown",
    "in_place",
    "methods_of",
    "never_exports",
    "newest",
    "no_consumer",
    "re_imported",
    "readonly_source",
]

VERSIONS: dict[str, Any] = {
    "absent": ...,
    "none": None,
    "0.8": (0, 8),
    "1.0": (1, 0),
    "1.3": (1, 3),
    "1.99": (1, 99),
    "2.0": (2, 0),
}
"""Word of a variant -> ``max_version`` that is passed; ``...``: it is not."""

OWN = "own"
"""Stands for what ``__dlpack_device__`` answers."""

OTHERS: dict[str, dict[str, Any]] = {
    "": {},
    "stream-none": {"stream": None},
    "device-none": {"dl_device": None},
    "device-own": {"dl_device": OWN},
    "copy-none": {"copy": None},
    "copy-false": {"copy": False},
    "copy-true": {"copy": True},
    "copy-true+device-own": {"copy": True, "dl_device": OWN},
}
"""Word of a variant -> keywords beside ``max_version``."""

AS_GIVEN = "as-given"
"""Stands for the very object that ``__dlpack_device__`` answers, its numbers of whatever type."""

_USUAL = ("matrix", "vector")
_STEP_BYTES = 16
_ROUNDS = 3


@cache
def _made_by(library: Any) -> dict[str, Makes]:
    return {makes.source: makes for makes in library.makes() if makes.device == "cpu"}


def _made(library: Library) -> dict[str, Makes]:
    return _made_by(cast("Any", library))


def _takes_our_memory(library: Library) -> bool:
    return "plain" in _made(library)


def _makes(library: Library, dtype: str, layout: str, source: str) -> bool:
    makes = _made(library).get(source)
    if makes is None or dtype not in makes.dtypes:
        return False
    if makes.layouts is not None and layout not in makes.layouts:
        return False
    return not any(a in ("*", dtype) and b in ("*", layout) for a, b, _ in makes.excluded)


def _readonly(library: Library) -> str | None:
    if library.immutable_arrays:
        return "plain" if _takes_our_memory(library) else "owned"
    for source in ("readonly", "mapped-readonly") if library.readonly_arrays else ():
        if any(_makes(library, "float32", layout, source) for layout in _USUAL):
            return source
    return None


def any_source(observer: Observer, dtype: str = "float32", layout: str = "") -> Any:
    """Make an array over our memory, or where the library can't, in its own.

    ``layout``: by default a matrix, of a library that has one axis alone a vector. `NotMadeError`
    where it makes no such array at all.
    """
    return _first(observer, dtype, (layout,) if layout else _USUAL, ("plain", "owned"))


def _first(
    observer: Observer, dtype: str, layouts: tuple[str, ...], sources: tuple[str, ...]
) -> Any:
    """Make the first of these that the library can make."""
    library = observer.library
    for source in sources:
        for layout in layouts:
            if _makes(library, dtype, layout, source):
                return observer.source(dtype, layout, source)
    raise NotMadeError(f"{library.name} makes no {dtype} of layout {layouts[0]}")


def readonly_source(observer: Observer) -> Any:
    """Make an array that may not be written; None, with the proof, where the library has none."""
    source = _readonly(observer.library)
    if source is None:
        observer.facts["route.absent"] = (
            f"{observer.library.name} lets its users write to any array"
        )
        return None
    return _first(observer, "float32", _USUAL, (source,))


def export(observer: Observer, x: Any, keywords: Mapping[str, Any], *, read: bool = True) -> Any:
    """Ask ``x`` for a capsule with these keywords and no others; facts ``export``.

    None where it raised, or where the answer is no capsule; a keyword that this release does not
    take at all is the fact ``route.absent``.
    """
    if x is None:
        return None
    facts = observer.facts
    shown = dict(keywords)
    if keywords.get("dl_device") in (OWN, AS_GIVEN):
        shown["dl_device"] = facts.get("export.dlpack_device")
        given = keywords["dl_device"] == AS_GIVEN
        keywords = {**shown, "dl_device": x.__dlpack_device__()} if given else shown
    facts["export.keywords"] = ", ".join(f"{name}={value!r}" for name, value in shown.items())
    capsule = observer.call(x.__dlpack__, **keywords)
    facts.pop("route.returned")
    facts.pop("route.warnings", None)
    for name in ("error", "error_bases", "message"):
        if f"route.{name}" in facts:
            facts[f"export.{name}"] = facts.pop(f"route.{name}")
    if facts.get("export.error") == "TypeError":
        lacking = _lacking(x, keywords)
        if lacking is not None:
            facts["route.absent"] = lacking
    if capsule is not None and read:
        exports.read(observer, capsule)
    return capsule


def _lacking(x: Any, keywords: Mapping[str, Any]) -> str | None:
    """Proof that ``__dlpack__`` does not know one of the keywords of the protocol."""
    for name in keywords:
        if name not in ("stream", "max_version", "dl_device", "copy"):
            continue
        try:
            x.__dlpack__(**{name: None})
        except TypeError as error:
            return f"{type(x).__name__}.__dlpack__({name}=None) raises TypeError: {error}"
        except Exception:  # noqa: BLE001 - it is known, and refused for another reason
            continue
    return None


def device_of(x: Any) -> tuple[int, ...] | None:
    """What ``__dlpack_device__`` answers, as numbers; None where it does not."""
    try:
        return tuple(int(number) for number in x.__dlpack_device__())
    except Exception:  # noqa: BLE001 - how it fails is for the probes of that method
        return None


def in_place(observer: Observer, capsule: Any) -> bool:
    """Tell whether a capsule's first element lies in the memory of the source."""
    read = observer.instrument.inspect(capsule)
    origin, (first, end), _ = observer.place()
    return bool(origin + first <= read.data + read.byte_offset < origin + end)


def newest(x: Any) -> dict[str, Any]:
    """Keywords that ask for a versioned capsule; none where the producer does not know them."""
    lacks = _lacking(x, {"max_version": None})
    return {} if lacks is not None else {"max_version": exports.NEWEST}


def asking(
    rule: str,
    variant: str,
    keywords: Mapping[str, Any],
    *,
    source: tuple[str, str, str] | None = None,
    layout: str = "",
    dtype: str = "float32",
    readonly: bool = False,
    malformed: bool = False,
) -> Probe:
    """Return a probe that makes one array and asks it for a capsule.

    ``source``: dtype, layout and source, of libraries alone that can make it; otherwise any source
    of ``dtype`` and ``layout``, or ``readonly``.
    """

    def run(observer: Observer) -> None:
        if source is not None:
            x = observer.source(*source)
        elif readonly:
            x = readonly_source(observer)
        else:
            x = any_source(observer, dtype, layout)
        if source is None:
            device = device_of(x)
            if device is not None:
                observer.facts["export.dlpack_device"] = device
            elif keywords.get("dl_device") in (OWN, AS_GIVEN):
                return  # it does not tell which one is its own
        export(observer, x, keywords)

    given = ", ".join(f"{name}={value!r}" for name, value in keywords.items())
    what = "a read-only array" if readonly else "an array"
    if source is not None:
        what = f"{source[0]}, {source[1]}, {source[2]}"
    return Probe(
        rule,
        variant,
        run,
        f"{what} asked with {given or 'no keyword'}",
        needs="export",
        malformed=malformed,
        makes=source,
    )


def no_consumer(library: Library) -> str | None:
    """Proof that a library does not take its own exports."""
    entry = library.accepts().get("from_dlpack")
    if entry is None:
        return f"{library.name} has no from_dlpack"
    return entry.lacks.get("")


def re_imported(observer: Observer, x: Any, times: int = 3) -> Any:
    """Import an array from its own export again and again; facts ``route``, None if it raised."""
    take = observer.library.accepts()["from_dlpack"].call
    for _ in range(times):
        x = observer.call(take, x)
        if x is None:
            break
    return x


def methods_of(observer: Observer, *types: type) -> None:
    """Set the fact which of the two methods of DLPack any of these types has."""
    methods = ("__dlpack__", "__dlpack_device__")
    observer.facts["accepts.methods"] = [
        name for name in methods if any(hasattr(one, name) for one in types)
    ]


def never_exports(variant: str, load: Callable[[], type], text: str) -> Probe:
    """Return a probe of a type of the library that holds elements and is never exported."""
    return Probe("P-40", variant, lambda observer: methods_of(observer, load()), text)


class Life:
    """Counts memories of ours, from before a source is made until it is to be gone.

    Where the library allocates by itself nothing can be counted, and both answers are None.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._base = self._live()
        self.counted = _takes_our_memory(observer.library)

    def _live(self) -> int:
        live: int = self._observer.instrument.totals()["live_memories"]
        return live

    def held(self) -> bool | None:
        """Tell whether anything holds the memory."""
        return self._live() > self._base if self.counted else None

    def freed(self) -> bool | None:
        """Tell whether the memory is gone, when collector and library had time for what is left.

        A deleter may leave its work to the next call of the library.
        """
        if not self.counted:
            return None
        if self._live() > self._base:
            gc.collect()
        if self._live() > self._base:
            any_source(self._observer)
            self._observer.forget()
            gc.collect()
        return self._live() <= self._base

    def note(self, name: str, answer: bool | None) -> None:
        """Set a fact of the group ``life`` where there is an answer."""
        if answer is not None:
            self._observer.facts[f"life.{name}"] = answer


def grown(
    observer: Observer,
    call: Callable[[], Any],
    repeats: int,
    without: Callable[[], Any] | None = None,
) -> None:
    """Repeat a call; facts ``life.grown`` and ``life.repeats``, of one round.

    ``without``: the same but for what is looked at; its growth is not counted.
    """
    observer.facts["life.repeats"] = repeats
    steps = _steps(call, repeats)
    if without is not None and steps:
        other = _steps(without, repeats)
        steps = None if other is None else max(0, steps - other)
    if steps is not None:
        observer.facts["life.grown"] = steps * _STEP_BYTES * repeats


def _steps(call: Callable[[], Any], repeats: int) -> int | None:
    """Growth of a call in steps of 16 bytes; None where the system does not tell.

    The least of three rounds counts: what leaks grows in each, while pages that are touched for the
    first time come once.
    """
    for _ in range(repeats // 4):
        call()
    rounds = []
    before = _resident()
    for _ in range(_ROUNDS):
        for _ in range(repeats):
            call()
        after = _resident()
        if before is None or after is None:
            return None
        rounds.append(after - before)
        before = after
    return round(max(0, min(rounds)) / repeats / _STEP_BYTES)


def _resident() -> int | None:
    """Anonymous memory of this process in bytes; None where the system does not tell."""
    gc.collect()
    try:
        text = Path("/proc/self/smaps_rollup").read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    return None
