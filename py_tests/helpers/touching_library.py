"""A library whose arrays are the reference's and that treats memory of a device as the host's."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library, Makes, Promise, Route, Source, reference

name = "touching"
readonly_arrays = True
immutable_arrays = False

_BYTES = 4
_touches_in_read: set[int] = set()


def _place(x: Any) -> int:
    """Address of element 0 by an export, as a consumer finds it."""
    reading = modules().instrument.inspect(x.__dlpack__(max_version=(1, 3)))
    return int(reading.data + reading.byte_offset)


def _take(x: Any) -> Any:
    return modules().instrument.from_dlpack(x)


def load(x: Any) -> Any:
    """Load bytes of the elements."""
    ctypes.string_at(_place(x), _BYTES)
    return _take(x)


def store(x: Any) -> Any:
    """Store a byte into the first element."""
    ctypes.c_char.from_address(_place(x)).value = b"\0"
    return _take(x)


def memcpy(x: Any) -> Any:
    """Copy the elements with memcpy, as a copy into memory of the host begins."""
    libc = ctypes.CDLL(None)
    libc.memcpy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    libc.memcpy(ctypes.create_string_buffer(_BYTES), _place(x), _BYTES)
    return _take(x)


def late(x: Any) -> Any:
    """Import without a touch; the first reading by the library's own reader loads the bytes."""
    b = _take(x)
    _touches_in_read.add(id(b))
    return b


def address(x: Any) -> Any:
    """Only compute where the last element lies."""
    reading = modules().instrument.inspect(x.__dlpack__(max_version=(1, 3)))
    place = reading.data + reading.byte_offset
    for extent, stride in zip(reading.shape, reading.strides, strict=True):
        place += max(extent - 1, 0) * stride * _BYTES
    assert place
    return _take(x)


def crash(x: Any) -> Any:
    """Load from an address that belongs to nobody: a crash, but no touch of a device."""
    ctypes.string_at(8, 1)
    return _take(x)


_CALLS: dict[str, Callable[[Any], Any]] = {
    call.__name__: call for call in (load, store, memcpy, late, address, crash)
}


def read(x: Any) -> list[Any]:
    """All elements; of an array of `late` first by the host."""
    if id(x) in _touches_in_read:
        _touches_in_read.discard(id(x))
        ctypes.string_at(x.address, _BYTES)
    return reference.read(x)


def _route(route: str, call: Callable[[Any], Any]) -> Route:
    def bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
        return call

    def script(producer: Library, consumer: Library, request: str) -> str:
        return "b = a"

    promise = Promise("shares-if-possible", "DP", "copy")
    return Route(f"touching.{route}", ("plain",), promise, bind, script, consumers=(name,))


def routes() -> list[Route]:
    """One for each way of treating the memory."""
    return [_route(route, call) for route, call in _CALLS.items()]


def makes() -> list[Makes]:
    """Make sources in simulated memory whose export states the host."""
    return [
        Makes("plain", ("float32",), ("matrix",), device="simulated-0"),
        Makes("plain", ("float32",), ("matrix",)),
    ]


def make(source: Source) -> Any:
    """Make an array whose export says that the host can read it."""
    array = modules().instrument.Array
    return array(
        source.memory, source.dtype, source.shape, source.strides, states={"device": (1, 0)}
    )


def versions() -> dict[str, str]:
    """There is one version of it."""
    return {name: "1"}


probe = reference.probe
prepare = reference.prepare
types = reference.types
describe = reference.describe
get = reference.get
write = reference.write
offers = reference.offers
usages = reference.usages
script_make = reference.script_make
script_api = reference.script_api


def accepts() -> dict[str, Any]:
    """No protocol route: its own are enough."""
    return {}
