"""Arrays that the reference cannot be: packed fields, foreign byte order, long double."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

from dlpack_conformance.libraries import Description, Makes, Source, reference
from dlpack_faults import FaultyArray, Planted, instrument, tamper

__all__ = [
    "STATES",
    "LongDouble",
    "PackedField",
    "Swapped",
    "long_double",
    "of_bytes",
    "packed_field",
    "swapped",
]

_SWAPPED = "swapped-int32"


def of_bytes(raw: bytes, offset: int = 0) -> Any:
    """Memory that holds these bytes; its element 0 is ``offset`` bytes after an aligned address."""
    return instrument.Template("uint8", (len(raw),), (1,), offset, list(raw)).make()


class _Unsayable(FaultyArray):
    """Refuses to go out, as DLPack has no word for it; with the defect it goes out nevertheless.

    ``said``: what `describe` says of dtype and byte strides where the instrument has no word.
    """

    values: tuple[Any, ...] = ()
    said: tuple[str, tuple[int, ...] | None] = ("", None)

    def __dlpack__(self, **keywords: Any) -> Any:
        """Refuse, where it is such an array."""
        if not self.said[0]:
            return super().__dlpack__(**keywords)
        if not self.defect:
            raise BufferError(f"dtype: {self.said[0]}; DLPack cannot say it")
        return self.spoil(super().__dlpack__(**keywords))

    def spoil(self, capsule: Any) -> Any:
        """Change what the instrument said."""
        return capsule


class PackedField(_Unsayable):
    """A field of packed records; its strides go out rounded."""


class Swapped(_Unsayable):
    """Integers in foreign byte order, which go out as they lie."""


class LongDouble(_Unsayable):
    """The platform's long double, which goes out as an IEEE number of its size."""

    def spoil(self, capsule: Any) -> Any:
        """Give it the code of IEEE numbers."""
        return tamper.edit(capsule, dtype=(2, 128, 1))


def packed_field(library: Planted, source: Source) -> Any:
    """Each int32 after a tag of one byte; None where another source is asked for."""
    if source.source != "packed-field":
        return None
    raw = b"".join(instrument.encode("int32", value) + b"\x7f" for value in source.values)
    array = library.array(of_bytes(raw, offset=1), "int32", source.shape, source.strides)
    array.values, array.said = tuple(source.values), ("int32", (5,))
    return array


def swapped(library: Planted, source: Source) -> Any:
    """Each int32 with its bytes turned round; None where another source is asked for."""
    if source.dtype != _SWAPPED:
        return None
    raw = b"".join(instrument.encode("int32", value)[::-1] for value in source.values)
    array = library.array(of_bytes(raw), "int32", source.shape, source.strides)
    array.values, array.said = tuple(source.values), (_SWAPPED, None)
    return array


def long_double(library: Planted, source: Source) -> Any:
    """Sixteen bytes an element; None where another source is asked for."""
    if source.dtype != "longdouble":
        return None
    raw = b"".join(bytes(ctypes.c_longdouble(value)) for value in source.values)
    array = library.array(of_bytes(raw), "complex128", source.shape, source.strides)
    array.values, array.said = tuple(source.values), ("longdouble", None)
    return array


def _described(x: Any) -> Description:
    if not isinstance(x, _Unsayable) or not x.said[0]:
        return reference.describe(x)
    dtype, strides_bytes = x.said
    strides = None if strides_bytes is not None else x.strides
    return Description(x.shape, strides, dtype, "cpu", x.address, False, strides_bytes)


def _read(x: Any) -> list[Any]:
    return list(x.values) if isinstance(x, _Unsayable) and x.said[0] else reference.read(x)


def _get(x: Any, index: tuple[int, ...]) -> Any:
    if isinstance(x, _Unsayable) and x.said[0]:
        return x.values[index[0]]
    return reference.get(x, index)


def _states(extra: Makes) -> Mapping[str, Any]:
    """What fault and twin have besides: the source, and no way out but ``__dlpack__``."""
    makes: Callable[[], list[Makes]] = lambda: [*reference.makes(), extra]  # noqa: E731
    return {
        "makes": makes,
        "offers": lambda: {"__dlpack__": None},
        "describe": _described,
        "read": _read,
        "get": _get,
    }


STATES: Mapping[str, Mapping[str, Any]] = {
    "packed-field": _states(Makes("packed-field", ("int32",), ("vector",))),
    "swapped": _states(Makes("owned", (_SWAPPED,), ("vector",))),
    "long-double": _states(Makes("owned", ("longdouble",), ("vector",))),
}
