"""The buffer protocol, a library as taker: R-16, R-36, R-38 and R-40."""

from __future__ import annotations

import array
import ctypes
import gc
import io
import mmap
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe, Script
from dlpack_conformance.probes._routes import address_of, given_back, has_keyword, living, take

__all__ = ["PROBES", "moves", "moving_script"]

_GROWTH = bytes(1 << 16)


def _grow_bytearray() -> tuple[Any, Any, Callable[[], Any]]:
    x = bytearray(24)
    return x, x, lambda: x.extend(_GROWTH)


def _grow_array() -> tuple[Any, Any, Callable[[], Any]]:
    x = array.array("B", bytes(24))
    return x, x, lambda: x.frombytes(_GROWTH)


def _grow_file() -> tuple[Any, Any, Callable[[], Any]]:
    file = io.BytesIO(bytes(24))
    return file.getbuffer(), file, lambda: file.write(_GROWTH)


def _close_map() -> tuple[Any, Any, Callable[[], Any]]:
    x = mmap.mmap(-1, 4096)
    return x, x, x.close


_MOVERS = {
    "bytearray-grown": _grow_bytearray,
    "array-grown": _grow_array,
    "file-grown": _grow_file,
    "map-closed": _close_map,
}
"""What makes the offered object, its exporter and a call that moves or frees its memory."""


_MOVER_LINES = {
    "bytearray-grown": (
        ["exporter = offered = bytearray(24)"],
        "exporter.extend(bytes(1 << 16))",
    ),
    "array-grown": (
        ["import array", 'exporter = offered = array.array("B", bytes(24))'],
        "exporter.frombytes(bytes(1 << 16))",
    ),
    "file-grown": (
        ["import io", "exporter = io.BytesIO(bytes(24))", "offered = exporter.getbuffer()"],
        "exporter.write(bytes(1 << 16))",
    ),
    "map-closed": (
        ["import mmap", "exporter = offered = mmap.mmap(-1, 4096)"],
        "exporter.close()",
    ),
}


def moving_script(name: str, call: str = "") -> Script:
    """Script of `moves`: ``seen`` is whether the exporter was locked while the result lived.

    ``call``: how a user calls the function, the library's function for buffers by default.
    """

    def lines(library: Library) -> list[str] | None:
        text = call or library.script_calls().get("buffer")
        if text is None:
            return None
        made, move = _MOVER_LINES[name]
        return [
            library.script_api("uint8").get("import", ""),
            *made,
            f"b = {text.format('offered').replace('{dtype}', 'uint8')}",
            "try:",
            f"    {move}",
            "    seen = False  # b is left over memory that has moved or is gone",
            "except BufferError:",
            "    seen = True",
        ]

    return Script("buffer.locked", lines)


def moves(name: str, call: Callable[[Any], Any], describe: Callable[[Any], Any]) -> dict[str, Any]:
    """Try to move an exporter's memory while the result of ``call`` lives, and after that.

    Nothing of the result is read after the exporter was moved: it would be memory that is gone.
    """
    offered, exporter, move = _MOVERS[name]()
    address = int(ctypes.addressof(ctypes.c_char.from_buffer(offered)))
    result = call(offered)
    same = describe(result).address == address
    del offered
    gc.collect()
    locked = _refuses(move)
    facts = {"answer.same_memory": same, "buffer.locked": locked}
    if locked:
        del result
        gc.collect()
        facts["buffer.unlocked"] = not _refuses(move)
    del exporter
    return facts


def _refuses(move: Callable[[], Any]) -> bool:
    try:
        move()
    except BufferError:
        return True
    return False


def _moved(name: str, observer: Observer) -> None:
    entry = observer.library.accepts()["buffer"]
    keywords = {"dtype": "uint8"} if entry.wants_dtype else {}
    observer.step("exchange")
    seen = observer.apart(
        lambda: moves(name, partial(entry.call, **keywords), observer.library.describe)
    )
    observer.facts.update(seen)


def _counted(
    dtype: str, layout: str, times: int, keywords: dict[str, Any], observer: Observer
) -> None:
    """Take a buffer that keeps count, drop what came of it, and count."""
    before = living(observer)
    x = observer.crafted(dtype, layout)
    offered = observer.instrument.LoggedBuffer(x)
    del x
    taken = [take(observer, "buffer", offered, dtype, **keywords) for _ in range(times)]
    seen = observer.facts
    seen["buffer.asked"] = list(offered.asked)
    observer.step("release")
    taken.clear()
    if offered.granted != offered.released:
        gc.collect()
    seen["buffer.released"] = offered.released - offered.granted
    del offered
    observer.forget()
    seen["life.freed"] = given_back(observer, before)


class _Exporter:
    """Gives a buffer by the methods of PEP 688, and keeps what it gave and got back."""

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.given: list[memoryview] = []
        self.back: list[memoryview] = []

    def __buffer__(self, flags: int) -> memoryview:
        view = memoryview(self.data)
        self.given.append(view)
        return view

    def __release_buffer__(self, view: memoryview) -> None:
        self.back.append(view)


def _by_class(observer: Observer) -> None:
    # Before 3.12 Python does not look for the methods; a base of the instrument does.
    bases: tuple[type, ...] = (_Exporter,)
    if sys.version_info < (3, 12):
        bases = (_Exporter, observer.instrument.ClassBuffer)
    exporter = type("Exporter", bases, {})(bytearray(range(1, 25)))
    result = take(observer, "buffer", exporter, "uint8")
    seen = observer.facts
    if result is not None:
        seen["answer.same_memory"] = observer.library.describe(result).address == address_of(
            observer, exporter.data
        )
        seen["answer.values"] = list(observer.library.read(result)) == list(range(1, 25))
    del result
    gc.collect()
    seen["buffer.released"] = len(exporter.back) - len(exporter.given)
    seen["answer.same_object"] = len(exporter.back) == len(exporter.given) and all(
        a is b
        for a, b in zip(sorted(exporter.given, key=id), sorted(exporter.back, key=id), strict=True)
    )


def _object(kind: str) -> tuple[Any, str]:
    """One of Python's own exporters with its dtype."""
    if kind == "bytearray":
        return bytearray(range(1, 25)), "uint8"
    if kind == "bytes":
        return bytes(range(1, 25)), "uint8"
    if kind == "array-float":
        return array.array("f", range(1, 7)), "float32"
    if kind == "array-short":
        return array.array("h", range(1, 7)), "int16"
    if kind == "ctypes-double":
        return (ctypes.c_double * 6)(*range(1, 7)), "float64"
    if kind == "memoryview-cast":
        return memoryview(array.array("i", range(1, 13))).cast("B").cast("i", (3, 4)), "int32"
    return mmap.mmap(-1, 4096), "uint8"


_OBJECTS = (
    "bytearray",
    "bytes",
    "array-float",
    "array-short",
    "ctypes-double",
    "memoryview-cast",
    "map",
)

_COMPACT = ("vector", "matrix", "offset-odd")


def _with_copy(kind: str, copy: bool, observer: Observer) -> None:
    """Hand over one of Python's own exporters with ``copy``."""
    x, dtype = _object(kind)
    address = address_of(observer, x)
    _seen_of(observer, take(observer, "buffer", x, dtype, copy=copy), address)


def _crafted_with_copy(
    dtype: str, layout: str, options: dict[str, Any], copy: bool, observer: Observer
) -> None:
    """Hand over a buffer of the reference with ``copy``."""
    x = observer.crafted(dtype, layout, **options)
    offered = observer.instrument.LoggedBuffer(x)
    _seen_of(observer, take(observer, "buffer", offered, dtype, copy=copy), observer.memory.first)
    observer.facts["buffer.asked"] = list(offered.asked)


def _seen_of(observer: Observer, result: Any, address: int) -> None:
    if result is not None:
        observer.facts["answer.same_memory"] = observer.library.describe(result).address == address


def _takes_strides(library: Library) -> str | None:
    """Leave out takers that read bytes as a dtype they are told: strides are beyond them."""
    if library.accepts()["buffer"].wants_dtype:
        raise NotImplementedError
    return has_keyword("buffer", "copy")(library)


def _copies() -> list[Probe]:
    absent = has_keyword("buffer", "copy")
    probes = []
    for copy in (False, True):
        word = f"copy-{copy}".lower()
        for kind in _OBJECTS:
            run = partial(_with_copy, kind, copy)
            text = f"a buffer of Python's own, {word}"
            probes.append(Probe("R-40", f"{kind}-{word}", run, text, "take-buffer", absent=absent))
        for layout in ("vector", "matrix", "fortran", "columns", "reversed", "offset-odd"):
            run = partial(_crafted_with_copy, "float32", layout, {}, copy)
            text = f"a buffer of the reference, {word}"
            probes.append(
                Probe(
                    "R-40",
                    f"{layout}-{word}",
                    run,
                    text,
                    "take-buffer",
                    absent=absent if layout in _COMPACT else _takes_strides,
                )
            )
        run = partial(_crafted_with_copy, "float32", "matrix", {"readonly": True}, copy)
        text = f"a read-only buffer, {word}"
        probes.append(Probe("R-40", f"readonly-{word}", run, text, "take-buffer", absent=absent))
    return probes


PROBES = [
    *(
        Probe(
            "R-16",
            name,
            partial(_moved, name),
            "an exporter that is to move its memory",
            "take-buffer",
            script=moving_script(name),
            forks=True,
        )
        for name in _MOVERS
    ),
    *(
        Probe(
            "R-36",
            f"taker-{dtype}-{layout}-{times}",
            partial(_counted, dtype, layout, times, {}),
            "a buffer that keeps count of its requests",
            needs="take-buffer",
        )
        for dtype, layout, times in (
            ("uint8", "vector", 1),
            ("float32", "vector", 3),
            ("float32", "matrix", 1),
            ("float64", "scalar", 1),
            ("int16", "empty-0", 1),
            ("float32", "columns", 1),
            ("int64", "reversed", 2),
            ("complex64", "fortran", 1),
        )
    ),
    Probe(
        "R-36",
        "taker-copy-true",
        partial(_counted, "float32", "vector", 1, {"copy": True}),
        "a buffer that keeps count of its requests, to be copied",
        needs="take-buffer",
        absent=has_keyword("buffer", "copy"),
    ),
    Probe(
        "R-38",
        "taken",
        _by_class,
        "a buffer of a Python class",
        needs="take-buffer",
    ),
    *_copies(),
]
