"""Scripts of what probes on devices see: late work, and who reads it too early.

Streams, delays and the other side are the reference's, on the same device; of the library a script
has its own lines (`script_on_device`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.libraries._device import SCRIPT as OURS
from dlpack_conformance.probes import Script

__all__ = ["export_script", "import_script", "interface_script", "to_cpu_script"]

_REF = OURS["import"]
_DEVICES = {"simulated": "device = ref.simulated(type=2)[0]", "cuda": "device = ref.cuda()[0]"}
_DELAY_NS = 200_000_000
_STREAMS = {
    "legacy": "1",
    "per-thread": "2",
    "handle": "device.make_stream(False)",
    "blocking-handle": "device.make_stream(True)",
    "work": "device.make_stream(False)",
}


class _Texts:
    """A library's own lines on a kind of device; `NotImplementedError` where it has none."""

    def __init__(self, library: Library, kind: str) -> None:
        write = getattr(library, "script_on_device", None)
        if write is None:
            raise NotImplementedError(f"{library.name} has no lines for devices")
        self._texts: Mapping[str, str] = write(kind)

    def begin(self, kind: str, streams: Mapping[str, str]) -> list[str]:
        """Imports, the device, its streams by name, and the values of before and after."""
        start = self._texts["import"]
        return [
            *([] if start == _REF else [start]),
            _REF,
            _DEVICES[kind],
            *(f"{name} = {_STREAMS[stream]}" for name, stream in streams.items()),
            "old, new = list(range(1, 65)), list(range(101, 165))",
        ]

    def use(self, name: str, stream: str) -> list[str]:
        """Make a stream of the script the library's current one."""
        text = self._texts.get(f"use-{stream}", self._texts["use"])
        return [text.format(stream=name)]

    def late(self, stream: str) -> list[str]:
        """An array ``a`` of ``old`` whose elements late work makes ``new``."""
        texts = self._texts
        return [
            f"a = {texts['make']}",
            *texts["prepare"].splitlines(),
            "device.synchronize()",
            f"device.delay(work, {_DELAY_NS})",
            *self.use("work", stream),
            texts["write"].format(stream="work"),
        ]

    def read(self, stream: str) -> str:
        """Elements of ``b`` as work on the current stream of the script sees them."""
        return self._texts["read"].format(stream=stream)


def _script(fact: str, lines: Callable[[Library], list[str]]) -> Script:
    def written(library: Library) -> list[str] | None:
        try:
            return lines(library)
        except NotImplementedError:
            return None

    return Script(fact, written)


def _given(keywords: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in keywords.items())


def export_script(
    kind: str, passed: str | None, work: str, mine: str, keywords: Mapping[str, Any], fact: str
) -> Script:
    """Export late work for a stream, read there: `export` of the stream probes.

    ``passed``: the keyword's value as code, None where it is left out. ``fact``: ``stream.values``
    or ``stream.old``.
    """
    wanted = "new" if fact == "stream.values" else "old"
    stream = [] if passed is None else [f"stream={passed}"]
    asked = ", ".join([*stream, *([_given(keywords)] if keywords else [])])
    one = mine == "work"  # one stream of both sides
    streams = {"work": work} if one else {"work": work, "mine": mine}

    def lines(library: Library) -> list[str]:
        texts = _Texts(library, kind)
        return [
            *texts.begin(kind, streams),
            *(["mine = work"] if one else []),
            *texts.late(work),
            f"capsule = a.__dlpack__({asked})",
            "device.current_stream = mine",
            "b = ref.from_capsule(capsule)",
            f"seen = b.read(mine) == {wanted}",
        ]

    return _script(fact, lines)


def to_cpu_script(kind: str, keywords: Mapping[str, Any]) -> Script:
    """Export late work to the CPU, and read at once."""

    def lines(library: Library) -> list[str]:
        texts = _Texts(library, kind)
        return [
            *texts.begin(kind, {"work": "work"}),
            *texts.late("work"),
            f"capsule = a.__dlpack__({_given(keywords)})",
            "seen = list(ref.inspect(capsule).values()) == new",
        ]

    return _script("stream.values", lines)


def _take(
    kind: str, work: str, mine: str, call: Callable[[Library], str], before: tuple[str, ...] = ()
) -> Script:
    def lines(library: Library) -> list[str]:
        texts = _Texts(library, kind)
        return [
            *texts.begin(kind, {"work": work, "mine": mine}),
            f"a = {OURS['make']}",
            "device.synchronize()",
            f"device.delay(work, {_DELAY_NS})",
            "a.write(new, work)",
            *before,
            *texts.use("mine", mine),
            f"b = {call(library)}",
            f"seen = {texts.read('mine')} == new",
        ]

    return _script("stream.values", lines)


def import_script(kind: str, work: str, mine: str, keywords: Mapping[str, Any]) -> Script:
    """Import late work of the reference, and read it on the library's current stream."""
    given = ", ".join(["a", *([_given(keywords)] if keywords else [])])
    return _take(
        kind, work, mine, lambda library: library.script_calls()["from_dlpack"].format(given)
    )


def interface_script(kind: str, work: str, changes: Mapping[str, Any]) -> Script:
    """Hand late work of the reference to the taker of ``__cuda_array_interface__``."""
    shown = "{**a.__cuda_array_interface__, **" + repr(dict(changes)) + "}"
    return _take(
        kind,
        work,
        "handle",
        lambda library: library.script_calls()["cuda-array-interface"].format("Only()"),
        (f'Only = type("Only", (), {{"__cuda_array_interface__": {shown}}})',),
    )
