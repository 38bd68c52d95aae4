"""Elements of the instrument: every dtype encoded, placed in layouts, exchanged and read back."""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument

DTYPES = instrument.dtypes()

# name -> shape, strides in elements, offset of element 0 from the aligned origin in elements
LAYOUTS: dict[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    "scalar": ((), (), 0),
    "one": ((1,), (1,), 0),
    "vector": ((7,), (1,), 0),
    "c-2d": ((3, 4), (4, 1), 0),
    "fortran-2d": ((3, 4), (1, 3), 0),
    "c-3d": ((2, 3, 4), (12, 4, 1), 0),
    "permuted-3d": ((4, 2, 3), (1, 12, 4), 0),
    "offset": ((5,), (1,), 8),
    "column-slice": ((3, 2), (8, 1), 4),
    "step-slice": ((4,), (3,), 0),
    "reversed": ((6,), (-1,), 8),
    "reversed-both": ((2, 3), (-3, -1), 8),
    "broadcast-row": ((3, 4), (0, 1), 0),
    "broadcast-scalar": ((2, 3), (0, 0), 0),
    "window": ((5, 3), (1, 1), 0),
    "odd-stride-of-one": ((1, 4), (-77, 1), 0),
    "empty": ((0,), (1,), 0),
    "empty-middle": ((2, 0, 3), (0, 3, 1), 0),
    "empty-last": ((3, 0), (7, 1), 0),
    "rank-16": ((2,) * 3 + (1,) * 13, (4, 2, 1) + (1,) * 13, 0),
    "rank-64": ((1,) * 63 + (3,), (5,) * 63 + (1,), 0),
}

NARROW = {
    "bool": [True, False, True, True],
    "float4_e2m1fn": [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.5, -6.0],
    "float8_e8m0fnu": [1.0, 2.0, 0.5, 4.0, 0.25, 8.0],
}


def numbers(dtype: str) -> Any:
    """Endless numbers that the dtype holds exactly."""
    base = dtype.removesuffix("-padded")
    if base in NARROW:
        return itertools.cycle(NARROW[base])
    if base.startswith("float8"):
        return itertools.cycle([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -1.0, -2.0])
    if base.startswith("float6"):
        return itertools.cycle([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -1.0])
    if base.startswith("complex"):
        return (complex(i % 50, -(i % 7)) for i in itertools.count())
    if base.startswith(("float", "bfloat")):
        return (float(i % 100) for i in itertools.count())
    return (i % 100 for i in itertools.count())


def expected(values: list[Any], shape: tuple[int, ...], strides: tuple[int, ...]) -> list[Any]:
    """What is read back: of indices that share an address the last one's value stays."""
    places = [
        sum(i * s for i, s in zip(index, strides, strict=True))
        for index in itertools.product(*map(range, shape))
    ]
    last = dict(zip(places, values, strict=True))
    return [last[place] for place in places]


@pytest.mark.requirement("C-42", "P-46")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_exchange_keeps_every_dtype_and_layout(dtype: str, layout: str) -> None:
    """What the consumer reads is what the producer placed, and nothing around it changed."""
    shape, strides, offset = LAYOUTS[layout]
    values = list(itertools.islice(numbers(dtype), math.prod(shape)))
    template = instrument.Template(dtype, shape, strides, offset, values)
    memory = template.make()
    source = instrument.Array(memory, dtype, shape, strides)
    result = instrument.from_dlpack(source)

    wanted = expected(values, shape, strides)
    assert result.read() == wanted
    assert source.read() == wanted
    assert (result.shape, result.dtype) == (shape, dtype)
    assert result.raw() == template.raw == source.raw()
    assert not values or result.address == memory.first
    assert (memory.elements_changed(), memory.outside_changed()) == (0, 0)


@pytest.mark.requirement("C-34", "P-29")
@pytest.mark.parametrize("dtype", DTYPES)
def test_copy_holds_the_same_values_elsewhere(dtype: str) -> None:
    """A copy reads alike, is apart and says that it is a copy."""
    shape, strides, offset = LAYOUTS["reversed-both"]
    values = list(itertools.islice(numbers(dtype), 6))
    memory = instrument.Template(dtype, shape, strides, offset, values).make()
    source = instrument.Array(memory, dtype, shape, strides)
    result = instrument.from_dlpack(source, copy=True)

    assert result.read() == values
    assert result.copied
    assert result.address != memory.first


@pytest.mark.parametrize("dtype", DTYPES)
def test_single_elements_are_read_and_written_in_place(dtype: str) -> None:
    """``set`` changes one element, seen through the other side, and no byte beside it."""
    shape, strides, offset = LAYOUTS["reversed-both"]
    feed = numbers(dtype)
    values = list(itertools.islice(feed, 6))
    memory = instrument.Template(dtype, shape, strides, offset, values).make()
    source = instrument.Array(memory, dtype, shape, strides)
    result = instrument.from_dlpack(source)
    other = next(value for value in feed if value != values[4])
    source.set((1, 1), other)

    assert result.get((1, 1)) == other
    assert result.read() == [*values[:4], other, *values[5:]]
    assert memory.outside_changed() == 0


def test_encoding_agrees_with_the_struct_module() -> None:
    """Dtypes that the struct module knows have its native bytes."""
    codes = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H"}
    codes |= {"uint32": "I", "uint64": "Q", "float16": "e", "float32": "f", "float64": "d"}

    for dtype, code in codes.items():
        raw = instrument.encode(dtype, 77)
        assert raw == struct.pack(f"={code}", 77), dtype
        assert instrument.decode(dtype, raw) == 77
    assert instrument.encode("complex64", 1 - 2j) == struct.pack("=ff", 1, -2)
    assert instrument.encode("bfloat16", 1.0) == struct.pack("=f", 1.0)[2:]


@pytest.mark.requirement("T-20")
def test_packed_elements_lie_lowest_bits_first() -> None:
    """Element i of a packed dtype starts at bit i * bits."""
    memory = instrument.Template("float4_e2m1fn", (3,), (1,), 0, [0.5, 1.0, 6.0]).make()
    array = instrument.Array(memory, "float4_e2m1fn", (3,), (1,))

    assert array.raw() == bytes([0x21, 0x07])
    assert instrument.decode("float4_e2m1fn", b"\x21\x07", 2) == 6.0


@pytest.mark.requirement("T-16")
def test_short_vectors_are_tuples() -> None:
    """An element of several lanes is read and written as a tuple."""
    values = [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]
    memory = instrument.Template("float32x2", (3,), (1,), 0, values).make()
    array = instrument.Array(memory, "float32x2", (3,), (1,))
    result = instrument.from_dlpack(array)
    array.set((1,), (7.0, 8.0))

    assert result.read() == [(1.0, 2.0), (7.0, 8.0), (5.0, 6.0)]
    assert instrument.inspect(array.__dlpack__()).dtype == (2, 32, 2)
    assert instrument.decode("float32x2", instrument.encode("float32x2", (1, 2))) == (1.0, 2.0)


def test_many_elements_without_memory_read_their_ends() -> None:
    """Of 2**31 elements by zero strides the first and the last are read, bytes are refused."""
    shape, strides = (3, 2**31), (1, 0)
    memory = instrument.Template("int32", shape, strides, 0, [5, 6, 7]).make()
    result = instrument.from_dlpack(instrument.Array(memory, "int32", shape, strides))

    assert result.read() == [5, 7]
    assert result.get((1, 2**31 - 1)) == 6
    with pytest.raises(instrument.InvalidArgument, match="elements"):
        result.raw()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: instrument.encode("int7", 1), instrument.InvalidArgument, "dtype: int7"),
        (lambda: instrument.encode(3, 1), instrument.TypeMismatch, "dtype: 3"),
        (lambda: instrument.encode("int8", 128), instrument.InvalidArgument, "128"),
        (lambda: instrument.encode("int8", 2**80), instrument.InvalidArgument, "value"),
        (lambda: instrument.encode("int8", 1.5), instrument.InvalidArgument, "1.5"),
        (lambda: instrument.encode("int8", "x"), instrument.TypeMismatch, "value"),
        (lambda: instrument.encode("float32", 1j), instrument.TypeMismatch, "value|float32"),
        (lambda: instrument.encode("float32x2", (1,)), instrument.InvalidArgument, "lanes"),
        (lambda: instrument.decode("int32", b"abc"), instrument.InvalidArgument, "index|size"),
    ],
)
def test_bad_values_are_refused_by_name(call: Any, error: type[Exception], text: str) -> None:
    """A refused value raises the module's own class, which names field, value and limit."""
    with pytest.raises(error, match=text):
        call()
