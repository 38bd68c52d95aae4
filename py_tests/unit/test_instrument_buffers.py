"""Arrays by buffer protocol and array interfaces, the one-face wrappers, and real libraries."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument

FORMATS = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float16": "e", "float32": "f", "float64": "d", "complex64": "Zf", "complex128": "Zd",
}  # fmt: skip


def make(
    dtype: str = "int32",
    shape: tuple[int, ...] = (2, 3),
    strides: tuple[int, ...] = (3, 1),
    offset: int = 0,
    **options: Any,
) -> instrument.Array:
    """Return an array that counts up, in the given layout."""
    count = 1
    for extent in shape:
        count *= extent
    lowest = 1 if dtype == "float8_e8m0fnu" else 0
    values = [index % 2 or lowest for index in range(count)]
    memory = instrument.Template(dtype, shape, strides, offset, values).make()
    return instrument.Array(memory, dtype, shape, strides, **options)


@pytest.mark.requirement("R-33", "R-34", "R-35")
def test_buffer_states_format_shape_and_byte_strides() -> None:
    """Strided and reversed arrays go out as they lie; rank 0 has no extents; flags are honoured."""
    for dtype, code in FORMATS.items():
        view = memoryview(make(dtype))
        assert (view.format, view.nbytes) == (code, 6 * view.itemsize)
    view = memoryview(make(strides=(-3, -1), offset=8))
    assert (view.shape, view.strides) == ((2, 3), (-12, -4))
    scalar = memoryview(make(shape=(), strides=()))
    assert (scalar.ndim, scalar.shape, scalar.tolist()) == (0, (), 0)
    assert memoryview(make(readonly=True)).readonly
    array = make()
    assert [call.method for call in array.calls] == []
    memoryview(array).release()
    assert [call.method for call in array.calls] == ["__buffer__"]


@pytest.mark.requirement("R-33")
def test_buffer_refuses_what_it_cannot_say() -> None:
    """No struct code, no host memory, or not contiguous where that is asked: BufferError."""
    for dtype in set(instrument.dtypes()) - set(FORMATS):
        with pytest.raises(BufferError, match=f"dtype: {dtype}; limit"):
            memoryview(make(dtype))
    with pytest.raises(BufferError, match="device: cuda-0"):
        memoryview(make(device=(2, 0)))
    with pytest.raises(BufferError, match="not C-contiguous"):
        hashlib.sha256(make(strides=(1, 2)))  # asks for contiguous bytes
    assert bytes(make()) == make().raw()


@pytest.mark.requirement("R-26", "R-27")
def test_array_interface() -> None:
    """Shape, typestr, address and byte strides as documented; no attribute without a typestr."""
    array = make(strides=(-3, -1), offset=8, readonly=True)

    assert array.__array_interface__ == {
        "shape": (2, 3),
        "typestr": "<i4",
        "data": (array.address, True),
        "strides": (-12, -4),
        "version": 3,
    }
    assert make().__array_interface__["strides"] is None
    assert make("int8").__array_interface__["typestr"] == "|i1"
    for dtype in ("bfloat16", "float8_e5m2", "complex32"):
        assert not hasattr(make(dtype), "__array_interface__")
        assert not hasattr(make(dtype), "__array_struct__")


def test_wrappers_show_one_face_each() -> None:
    """Nothing but that face is reached; arguments go on as given, errors come through."""
    faces = {
        instrument.MethodsOnly: {"__dlpack__", "__dlpack_device__"},
        instrument.BufferOnly: set(),
        instrument.InterfaceOnly: {"__array_interface__"},
        instrument.StructOnly: {"__array_struct__"},
        instrument.ArrayMethodOnly: {"__array__"},
    }
    array = make()
    for wrapper, names in faces.items():
        shown = set(dir(wrapper(array))) - set(dir(object())) - {"__buffer__", "__module__"}
        assert shown == names, wrapper
        with pytest.raises(TypeError):
            wrapper()  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            wrapper(x=array)  # type: ignore[call-arg]
    assert memoryview(instrument.BufferOnly(array)).nbytes == 24
    assert instrument.MethodsOnly(array).__dlpack_device__() == (1, 0)
    with pytest.raises(TypeError, match="unexpected keyword"):
        instrument.MethodsOnly(array).__dlpack__(a=1)
    with pytest.raises(AttributeError):
        _ = instrument.ArrayMethodOnly(array).__array__()
    with pytest.raises(TypeError):
        memoryview(instrument.BufferOnly(3))


@pytest.mark.requirement("R-25", "R-28", "R-31")
@pytest.mark.parametrize("dtype", FORMATS)
def test_numpy_reads_every_face(dtype: str) -> None:
    """Buffer, both interfaces and DLPack give NumPy the same shared memory, and back."""
    numpy = pytest.importorskip("numpy")
    array = make(dtype, strides=(1, 2))
    wanted = array.read()
    faces = [instrument.InterfaceOnly(array), instrument.StructOnly(array)]
    if not dtype.startswith("complex"):
        faces.append(instrument.BufferOnly(array))
    for face in faces:
        seen = numpy.asarray(face)
        assert seen.ravel().tolist() == wanted
        assert seen.__array_interface__["data"][0] == array.address
    seen = numpy.from_dlpack(instrument.MethodsOnly(array))
    back = instrument.from_dlpack(seen)

    assert seen.ravel().tolist() == wanted
    assert (back.dtype, back.read(), back.address) == (dtype, wanted, array.address)


@pytest.mark.requirement("C-11", "C-43")
def test_numpy_frees_once_and_outlives() -> None:
    """NumPy's view keeps the memory and its end is the one deleter call."""
    numpy = pytest.importorskip("numpy")
    array = make()
    ledger = array.ledger
    seen = numpy.from_dlpack(array)
    part = seen[1:]
    del array, seen
    assert ledger.live_exports == 1
    assert part.tolist() == [[1, 0, 1]]
    del part

    assert (ledger.live_exports, ledger.deleter_calls, ledger.double_deletes) == (0, 1, 0)


def test_numpy_sources_of_many_layouts_are_read() -> None:
    """Views of NumPy arrays are read right, in their own memory, with their read-only flag."""
    numpy = pytest.importorskip("numpy")
    base = numpy.arange(24, dtype=numpy.int16).reshape(2, 3, 4)
    views = [base, base.T, base[::-1], base[:, 1:, ::2], base[..., None], base[:0]]
    views += [base[0, 0, 0:1].reshape(()), numpy.broadcast_to(base[0, 0], (5, 4))]
    for view in views:
        result = instrument.from_dlpack(view)
        assert result.read() == view.ravel().tolist()
        assert result.address == view.__array_interface__["data"][0]
        assert result.readonly == (not view.flags.writeable)


def test_torch_shares_both_ways() -> None:
    """A write on each side shows on the other, and the deleter runs when the tensor goes."""
    torch = pytest.importorskip("torch")
    array = make("float32")
    tensor = torch.from_dlpack(array)
    tensor[0, 0] = 9.0
    array.set((1, 2), 8.0)

    assert (array.get((0, 0)), tensor[1, 2].item()) == (9.0, 8.0)
    del tensor
    assert array.live_exports == 0
    source = torch.arange(6, dtype=torch.bfloat16).reshape(2, 3).T
    result = instrument.from_dlpack(source)
    assert (result.dtype, result.read()) == ("bfloat16", [0.0, 3.0, 1.0, 4.0, 2.0, 5.0])
    assert result.address == source.data_ptr()
