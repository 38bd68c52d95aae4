"""The C exchange table: ours read, used and refused, and a foreign one used."""

from __future__ import annotations

from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument


def make(**options: Any) -> instrument.Array:
    """Return an array of three float32."""
    memory = instrument.Template("float32", (3,), (1,), 0, [1.0, 2.0, 3.0]).make()
    return instrument.Array(memory, "float32", (3,), (1,), **options)


@pytest.mark.requirement("X-02", "X-03", "X-05", "X-06", "X-08", "X-10", "X-29")
def test_our_table_is_complete_and_one_for_the_type() -> None:
    """Version 1.3, five slots, no older table; subclasses and instances see the same one."""

    class Sub(instrument.Array):  # type: ignore[misc]
        pass

    table = instrument.exchange_table(instrument.Array)

    assert table is not None
    assert (table["version"], table["chain"], table["chain_ends"]) == ((1, 3), [], True)
    assert list(table["slots"].values()) == [True] * 5
    assert instrument.exchange_table(Sub) == table
    assert instrument.exchange_table(make().__dlpack_c_exchange_api__) == table
    assert instrument.exchange_table(int) is None
    with pytest.raises(instrument.TypeMismatch, match="type"):
        instrument.exchange_table(3)


@pytest.mark.requirement("X-13", "X-19", "X-30")
def test_round_trip_shares_and_frees_once() -> None:
    """An export by the table and an import by it share memory; the deleter runs at the end."""
    array = make()
    capsule = instrument.exchange_export(array)
    result = instrument.exchange_import(capsule, instrument.Array)

    assert type(result) is instrument.Array
    assert (result.address, result.version) == (array.address, (1, 3))
    assert [call.method for call in array.calls] == ["managed_tensor_from_py_object_no_sync"]
    assert (array.deleter_calls, array.live_exports) == (0, 1)
    del result, capsule
    assert (array.deleter_calls, array.live_exports) == (1, 0)


@pytest.mark.requirement("X-17", "X-18")
def test_borrowing_fills_the_same_fields() -> None:
    """The non-owning export makes no export and agrees with the owning one."""
    array = make(device=(3, 0))
    fields = instrument.exchange_borrow(array)

    assert fields == {
        "data": array.address,
        "byte_offset": 0,
        "device": (3, 0),
        "dtype": (2, 32, 1),
        "shape": (3,),
        "strides": (1,),
    }
    assert array.exports == 0


@pytest.mark.requirement("X-21", "X-22", "X-23", "X-27")
def test_allocator_and_stream() -> None:
    """The allocator gives a zeroed tensor like the prototype or an error; the CPU has no stream."""
    capsule = instrument.exchange_allocate(instrument.Array, "int16", (2, 2))
    result = instrument.from_capsule(capsule)
    result.set((1, 1), 9)

    assert (result.read(), result.dtype) == ([0, 0, 0, 9], "int16")
    with pytest.raises(RuntimeError, match="device"):
        instrument.exchange_allocate(instrument.Array, "int16", (2, 2), (2, 0))
    assert instrument.exchange_stream(instrument.Array) is None
    with pytest.raises(RuntimeError, match="device: type 2, id 0"):
        instrument.exchange_stream(instrument.Array, (2, 0))


@pytest.mark.requirement("X-11", "X-12", "X-20", "X-32", "A-16")
def test_failures_set_an_exception_and_free_the_tensor() -> None:
    """A refused export makes nothing; a refused import frees the stolen tensor once."""
    with pytest.raises(BufferError, match="legacy only"):
        instrument.exchange_export(make(legacy="always"))
    array = make(version=(2, 0))
    with pytest.raises(BufferError, match=r"version\.major: 2"):
        instrument.exchange_import(array.__dlpack__(max_version=(2, 0)), instrument.Array)
    assert (array.deleter_calls, array.live_exports) == (1, 0)
    with pytest.raises(BufferError, match="dltensor_versioned"):
        instrument.exchange_import(make().__dlpack__(), instrument.Array)
    with pytest.raises(BufferError, match="type: int"):
        instrument.exchange_export(3)


@pytest.mark.requirement("X-01", "X-13", "X-19")
def test_a_foreign_table_is_used_both_ways() -> None:
    """PyTorch's table exports to us and imports from us, sharing memory."""
    torch = pytest.importorskip("torch")
    if instrument.exchange_table(torch.Tensor) is None:
        pytest.skip("this PyTorch has no exchange table")
    tensor = torch.arange(3.0)
    result = instrument.from_capsule(instrument.exchange_export(tensor))
    assert (result.address, result.read()) == (tensor.data_ptr(), [0.0, 1.0, 2.0])
    array = make()
    other = instrument.exchange_import(instrument.exchange_export(array), torch.Tensor)
    other[1] = 7.0

    assert array.read() == [1.0, 7.0, 3.0]
    del other
    assert array.live_exports == 0
    assert instrument.exchange_borrow(tensor)["data"] == tensor.data_ptr()
    made = instrument.from_capsule(instrument.exchange_allocate(torch.Tensor, "int8", (2, 5)))
    assert made.shape == (2, 5)
