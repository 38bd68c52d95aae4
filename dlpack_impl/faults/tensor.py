"""Faults of a valid tensor (T)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

from dlpack_faults import Fault, FaultyArray, instrument, tamper
from dlpack_faults import _sources as sources

__all__ = ["FAULTS", "UNPLANTED"]

_PAGE = 4096
_BITS = {name: row[1] * row[2] for name, row in instrument.dtypes().items()}

Give = Callable[[Any, FaultyArray, dict[str, Any]], Any]


def _of(dtype: str, /, **fields: Any) -> Give:
    """Return what changes fields of the exports of one dtype."""
    return lambda capsule, array, keywords: (
        tamper.edit(capsule, **fields) if array.dtype == dtype else capsule
    )


def _next_element(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """One element on; of one dtype, so that few cases look beyond their memory."""
    return tamper.edit(capsule, byte_offset=2) if array.dtype == "uint16" else capsule


def _strides_in_pairs(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    if array.dtype != "int16":
        return capsule
    return tamper.edit(capsule, strides=[stride // 2 for stride in array.strides])


def _compact(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides: list[int] = []
    step = 1
    for extent in reversed(shape):
        strides.insert(0, step)
        step *= max(extent, 1)
    return tuple(strides)


def _strides_left_out(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """NULL for row-major arrays, as before 1.2; of one rank, so that most can still be read."""
    if len(array.shape) == 3 and array.strides == _compact(array.shape):
        return tamper.edit(capsule, strides=None)
    return capsule


def _less_than_empty(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """-1 for the extent of the first of two axes."""
    if len(array.shape) != 2 or array.shape[0] != 0:
        return capsule
    return tamper.edit(capsule, shape=[extent or -1 for extent in array.shape])


def _since_1_0(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Version 1.0 for the types that 1.1 added."""
    fields = tamper.look(capsule)
    if fields["dtype"][0] > 6 and "version" in fields:
        return tamper.edit(capsule, version=(1, 0))
    return capsule


def _never_padded(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    flags = tamper.look(capsule).get("flags", 0)
    return tamper.edit(capsule, flags=flags & ~4) if flags & 4 else capsule


def _instead(raw: bytes, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Export other bytes, in C order."""
    memory = sources.of_bytes(raw)
    copy = instrument.Array(memory, array.dtype, array.shape, _compact(array.shape))
    return copy.__dlpack__(**keywords)


def _highest_bits_first(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Pairs of fp4 with the first one in the high half of its byte."""
    if array.dtype != "float4_e2m1fn" or not array.raw():
        return capsule
    return _instead(bytes((byte >> 4) | (byte & 15) << 4 for byte in array.raw()), array, keywords)


def _imaginary_first(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    if array.dtype != "complex64" or not array.raw():
        return capsule
    raw = array.raw()
    elements = [raw[at : at + 8] for at in range(0, len(raw), 8)]
    return _instead(b"".join(one[4:] + one[:4] for one in elements), array, keywords)


def _bytes_of(array: Any) -> int:
    """Size of a compact array, the last byte filled up."""
    count = 1
    for extent in array.shape:
        count *= extent
    return (count * _BITS[array.dtype] + 7) // 8


def _is_readable(address: int) -> bool:
    """Ask the kernel, which refuses to copy what nobody may read."""
    read_fd, write_fd = os.pipe()
    try:
        libc = ctypes.CDLL(None)
        return int(libc.write(write_fd, ctypes.c_void_p(address), ctypes.c_size_t(1))) == 1
    finally:
        os.close(read_fd)
        os.close(write_fd)


def _ends_its_page(array: Any) -> bool:
    """A page that nobody may touch follows, as behind a guarded source."""
    size = _bytes_of(array)
    end = array.address + size
    return size > 0 and end % _PAGE == 0 and not _is_readable(end)


def _protected_data(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Where a page that nobody may touch follows, data is its address."""
    if array.dtype == "float32" and _ends_its_page(array):
        return tamper.edit(capsule, byte_offset=_bytes_of(array))
    return capsule


def _reads_one_byte_more(x: Any, /, **keywords: Any) -> Any:
    """Import, and look at the byte after the last element."""
    result = instrument.from_dlpack(x, **keywords)
    if result.strides == _compact(result.shape) and _ends_its_page(result):
        ctypes.string_at(result.address + _bytes_of(result), 1)
    return result


class _TakesStrides(FaultyArray):
    """Its exports point at strides that go with it."""

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export, and remember where the strides are."""
        capsule = super().__dlpack__(**keywords)
        if self.defect and self.shape:
            name = b"dltensor" if "version" not in tamper.look(capsule) else b"dltensor_versioned"
            pointer = ctypes.pythonapi.PyCapsule_GetPointer
            pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
            field = 32 if name == b"dltensor" else 64
            self.__dict__.setdefault("strides_at", []).append(pointer(capsule, name) + field)
        return capsule

    def __del__(self) -> None:
        """Take them away, where every export is still there."""
        fields = self.__dict__.get("strides_at", [])
        if self.live_exports == len(fields) == self.exports:
            for field in fields:
                strides = ctypes.c_void_p.from_address(field).value
                ctypes.c_int64.from_address(strides or 0).value = 0


FAULTS: list[Fault] = [
    Fault(
        "element-0-after-data",
        proves="T-01",
        also=("P-46",),
        text="element 0 is one element after data plus byte_offset",
        gives=_next_element,
    ),
    Fault(
        "strides-in-pairs",
        proves="T-04",
        also=("P-46",),
        text="strides count pairs of elements",
        gives=_strides_in_pairs,
    ),
    Fault(
        "no-strides-in-1.3",
        proves="T-05",
        text="row-major arrays have NULL strides in a struct of 1.3",
        gives=_strides_left_out,
    ),
    Fault(
        "negative-extent",
        proves="T-09",
        text="an empty first axis has extent -1",
        gives=_less_than_empty,
    ),
    Fault(
        "strides-rounded",
        proves="T-13",
        text="byte strides of a packed field are rounded down to elements",
        array=sources.PackedField,
        make=sources.packed_field,
        states=sources.STATES["packed-field"],
    ),
    Fault(
        "int32-of-16-bits",
        proves="T-15",
        also=("C-42", "P-46", "T-01"),
        text="int32 goes out with 16 bits",
        gives=_of("int32", dtype=(0, 16, 1)),
    ),
    Fault(
        "float64-of-two-lanes",
        proves="T-16",
        also=("P-46",),
        text="float64 goes out as two lanes of 32 bits",
        gives=_of("float64", dtype=(2, 32, 2)),
    ),
    Fault(
        "bool-as-uint8",
        proves="T-17",
        also=(
            "H-11",
            "P-46",
        ),
        text="booleans go out as unsigned integers",
        gives=_of("bool", dtype=(1, 8, 1)),
    ),
    Fault(
        "byte-order-ignored",
        proves="T-18",
        text="an array in foreign byte order goes out as it lies",
        array=sources.Swapped,
        make=sources.swapped,
        states=sources.STATES["swapped"],
    ),
    Fault(
        "fp4-of-8-bits",
        proves="T-19",
        text="fp4 goes out with 8 bits",
        gives=_of("float4_e2m1fn", dtype=(17, 8, 1)),
    ),
    Fault(
        "fp4-highest-bits-first",
        proves="T-20",
        text="the first of two fp4 elements is in the high half of the byte",
        gives=_highest_bits_first,
    ),
    Fault(
        "padding-not-told",
        proves="T-21",
        text="padded sub-byte elements go out without the flag",
        gives=_never_padded,
    ),
    Fault(
        "reads-one-byte-more",
        proves="T-22",
        also=(
            "C-29",
            "C-45",
        ),
        text="an import touches the byte after the last element",
        consume=_reads_one_byte_more,
    ),
    Fault(
        "device-id-one",
        proves="T-23",
        also=(
            "P-04",
            "P-23",
        ),
        text="CPU memory with device id 1 in the struct",
        gives=lambda capsule, array, keywords: (
            tamper.edit(capsule, device=(1, 1)) if array.accelerator is None else capsule
        ),
    ),
    Fault(
        "data-nobody-may-read",
        proves="T-24",
        also=("C-45",),
        text="data is the page behind the elements, which nobody may touch",
        gives=_protected_data,
    ),
    Fault(
        "strides-die-with-the-source",
        proves="T-27",
        also=(
            "P-14",
            "P-46",
        ),
        text="the strides of an export go with its source",
        array=_TakesStrides,
    ),
    Fault(
        "types-of-1.1-in-1.0",
        proves="T-28",
        text="types that 1.1 added go out in a struct that states 1.0",
        gives=_since_1_0,
    ),
    Fault(
        "imaginary-part-first",
        proves="T-33",
        also=(
            "C-42",
            "P-15",
            "P-31",
            "P-32",
            "P-46",
        ),
        text="the imaginary part of a complex number comes first",
        gives=_imaginary_first,
    ),
    Fault(
        "long-double-as-float",
        proves="T-34",
        text="a long double of 80 bits goes out under the code of IEEE numbers",
        array=sources.LongDouble,
        make=sources.long_double,
        states=sources.STATES["long-double"],
    ),
]

UNPLANTED: dict[str, str] = {}
