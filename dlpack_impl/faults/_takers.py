"""A taker of buffers and array interfaces, which the reference is not: for faults of routes."""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlpack_conformance.libraries import Description, Entry, reference
from dlpack_faults import instrument

__all__ = ["ACCESS", "Taken", "from_buffer", "from_interface", "frombuffer", "taking"]

_BY_FORMAT = {
    "?": "bool",
    "b": "int8",
    "h": "int16",
    "i": "int32",
    "l": "int64",
    "q": "int64",
    "B": "uint8",
    "c": "uint8",
    "H": "uint16",
    "I": "uint32",
    "L": "uint64",
    "Q": "uint64",
    "e": "float16",
    "f": "float32",
    "d": "float64",
    "Zf": "complex64",
    "Zd": "complex128",
}
_WORDS = {"i": "int", "u": "uint", "f": "float", "c": "complex"}


def _by_typestr(typestr: str) -> str:
    kind, size = typestr[1], int(typestr[2:])
    if typestr[0] == ">":
        raise ValueError(f"typestr: {typestr}; limit: native byte order")
    return "bool" if kind == "b" else f"{_WORDS[kind]}{8 * size}"


class Taken:
    """Elements in memory of another object. ``strides``: bytes; ``kept``: what keeps the memory."""

    def __init__(
        self,
        kept: Any,
        address: int,
        dtype: str,
        shape: Sequence[int],
        strides: Sequence[int],
        readonly: bool,
    ) -> None:
        self.kept, self.address, self.dtype = kept, address, dtype
        self.shape, self.strides, self.readonly = tuple(shape), tuple(strides), readonly
        self.item = len(instrument.encode(dtype, 0)) if dtype != "object" else 1

    def at(self, index: Sequence[int]) -> int:
        """Address of an element."""
        return self.address + sum(i * stride for i, stride in zip(index, self.strides, strict=True))

    def raw(self) -> bytes:
        """All elements in C order, as bytes."""
        places = itertools.product(*(range(extent) for extent in self.shape))
        return b"".join(ctypes.string_at(self.at(index), self.item) for index in places)

    def read(self) -> list[Any]:
        """All elements in C order."""
        raw = self.raw()
        return [instrument.decode(self.dtype, raw, i) for i in range(math.prod(self.shape))]

    def copy(self) -> Taken:
        """Return the same elements in memory of their own."""
        data = bytearray(self.raw() or bytes(1))
        strides = _compact(self.shape, self.item)
        return Taken(data, _address(data), self.dtype, self.shape, strides, readonly=False)

    def __getitem__(self, part: slice) -> Taken:
        """Return a part of one axis."""
        start, stop, _ = part.indices(self.shape[0])
        address = self.address + start * self.strides[0]
        return Taken(self, address, self.dtype, (stop - start,), self.strides, self.readonly)


def _compact(shape: Sequence[int], item: int) -> list[int]:
    strides = [item] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * shape[axis]
    return strides


def _address(x: Any) -> int:
    return int(instrument.request_buffer(x, "full-ro")["address"])


def from_buffer(x: Any, *, holds: bool = True) -> Taken:
    """Take a buffer as it is; ``holds``: until the result is gone."""
    view = memoryview(x)
    strides = view.strides if view.strides is not None else _compact(view.shape, view.itemsize)
    dtype = _BY_FORMAT[view.format.lstrip("<=@")]
    kept: Any = view if holds else x
    taken = Taken(kept, _address(x), dtype, view.shape, strides, view.readonly)
    if not holds:
        view.release()
    return taken


def from_interface(x: Any) -> Taken:
    """Take what an object shows as ``__array_interface__``."""
    shown = x.__array_interface__
    shape, dtype = shown["shape"], _by_typestr(shown["typestr"])
    data, kept = shown["data"], x
    if isinstance(data, tuple):
        address, readonly = data
    else:
        kept = (x, memoryview(data))
        address, readonly = _address(data) + shown.get("offset", 0), kept[1].readonly
    strides = shown.get("strides")
    if strides is None:
        strides = _compact(shape, len(instrument.encode(dtype, 0)))
    return Taken(kept, address, dtype, shape, strides, readonly)


def frombuffer(data: Any, *, dtype: str, count: int = -1, offset: int = 0) -> Taken:
    """Take a piece of a buffer as one axis of another dtype."""
    view = memoryview(data)
    item = len(instrument.encode(dtype, 0))
    rest = view.nbytes - offset
    if not 0 <= offset <= view.nbytes or count == 0:
        raise ValueError(f"count, offset: {count}, {offset}; limit: {view.nbytes} bytes")
    if count < 0 and rest % item:
        raise ValueError(f"bytes: {rest}; limit: a multiple of {item}")
    if count * item > rest:
        raise ValueError(f"count: {count}; limit: {rest // item}")
    elements = rest // item if count < 0 else count
    return Taken(view, _address(data) + offset, dtype, (elements,), (item,), view.readonly)


# A library's own access to its arrays.


def _describe(x: Any) -> Description:
    if not isinstance(x, Taken):
        return reference.describe(x)
    in_elements = None
    if not any(stride % x.item for stride in x.strides):
        in_elements = tuple(stride // x.item for stride in x.strides)
    return Description(x.shape, in_elements, x.dtype, "cpu", x.address, not x.readonly, x.strides)


def _read(x: Any) -> list[Any]:
    return x.read() if isinstance(x, Taken) else reference.read(x)


def _get(x: Any, index: tuple[int, ...]) -> Any:
    if not isinstance(x, Taken):
        return reference.get(x, index)
    return instrument.decode(x.dtype, ctypes.string_at(x.at(index), x.item), 0)


def _write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    if not isinstance(x, Taken):
        reference.write(x, index, value, raw)
        return
    ctypes.memmove(x.at(index), instrument.encode(x.dtype, value), x.item)


ACCESS: Mapping[str, Any] = {
    "describe": _describe,
    "read": _read,
    "get": _get,
    "write": _write,
    "types": lambda: (instrument.Array, Taken),
}
"""For ``states`` of a fault whose arrays are `Taken`."""


def taking(
    take_buffer: Callable[[Any], Taken] = from_buffer,
    take_interface: Callable[[Any], Taken] = from_interface,
    *,
    copies: bool = True,
    buffer_rules: tuple[str, ...] = (),
    interface_rules: tuple[str, ...] = (),
) -> Callable[[], Mapping[str, Entry]]:
    """Return the ``accepts`` of a taker; ``copies``: it heeds ``copy=True``."""

    def by(take: Callable[[Any], Taken]) -> Callable[..., Taken]:
        def call(x: Any, *, copy: bool | None = None) -> Taken:
            taken = take(x)
            return taken.copy() if copy and copies else taken

        return call

    return lambda: {
        "buffer": Entry(by(take_buffer), rules=buffer_rules),
        "memoryview": Entry(by(take_buffer), rules=buffer_rules),
        "array-interface": Entry(by(take_interface), rules=interface_rules),
    }
