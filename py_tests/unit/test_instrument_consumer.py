"""The reference consumer: any producer, older generations, refusals, one deleter call a tensor."""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument


def make(**options: Any) -> instrument.Array:
    """Return an array of six int16."""
    memory = instrument.Template("int16", (2, 3), (3, 1), 0, [1, 2, 3, 4, 5, 6]).make()
    return instrument.Array(memory, "int16", (2, 3), (3, 1), **options)


@pytest.mark.requirement("C-01", "C-03", "C-30")
def test_any_object_with_the_methods_is_taken() -> None:
    """A wrapper that shows only the two methods is enough, and is asked for version 1.3."""
    array = make()
    result = instrument.from_dlpack(instrument.MethodsOnly(array))

    assert result.read() == [1, 2, 3, 4, 5, 6]
    assert (result.version, result.flags, result.copied) == ((1, 3), 0, False)
    assert [call.keywords for call in array.calls] == [(("max_version", (1, 3)),)]


@pytest.mark.requirement("C-39")
def test_object_without_the_methods() -> None:
    """What has no ``__dlpack__`` raises AttributeError."""
    with pytest.raises(AttributeError, match="__dlpack__"):
        instrument.from_dlpack(3)


@pytest.mark.requirement("C-04", "A-19")
@pytest.mark.parametrize(
    ("known", "passed"),
    [
        ((), [("max_version", "copy"), ("max_version",), ()]),
        (("stream",), [("max_version", "copy"), ("max_version",), ()]),
        (("stream", "max_version"), [("max_version", "copy"), ("max_version",)]),
        (("max_version", "copy"), [("max_version", "copy")]),
    ],
)
def test_older_producers_are_asked_with_less(known: Any, passed: list[tuple[str, ...]]) -> None:
    """After a TypeError ``max_version`` stays as long as it can, and the copy is made here."""
    array = make(keywords=known)
    result = instrument.from_dlpack(array, copy=True)

    assert [tuple(name for name, _ in call.keywords) for call in array.calls] == passed
    assert result.copied
    assert result.address != array.address
    assert result.read() == array.read()


@pytest.mark.requirement("C-06", "C-35", "C-56")
def test_copy_false_is_never_weakened() -> None:
    """It is refused where a copy was flagged, and where nobody can tell."""
    with pytest.raises(BufferError, match="IS_COPIED"):
        instrument.from_dlpack(make(flags=2), copy=False)
    with pytest.raises(BufferError, match="copy: False"):
        instrument.from_dlpack(make(keywords=()), copy=False)
    array = make(keywords=("max_version",))
    assert instrument.from_dlpack(array, copy=False).address == array.address


@pytest.mark.requirement("C-34", "C-37", "C-41")
def test_copy_true_is_independent_and_writable() -> None:
    """Also where the producer ignores the keyword, and from a read-only source."""
    for array in (make(honours_copy=False), make(readonly=True)):
        result = instrument.from_dlpack(array, copy=True)
        result.set((0, 0), 99)

        assert array.get((0, 0)) == 1
        assert (result.copied, result.readonly) == (True, False)
    assert instrument.totals()["live_exports"] == 1


def test_a_result_shows_nothing_of_an_older_one() -> None:
    """Memory of results that are gone is used again."""
    for _ in range(40):
        older = instrument.from_dlpack(make(honours_copy=False, version=(1, 1)), copy=True)
        assert (older.version, older.flags, older.copied) == ((1, 1), 0, True)
        older.__dlpack__(max_version=(1, 3))
        assert (older.shape, len(older.calls), older.exports) == ((2, 3), 1, 1)
        gone = weakref.ref(older)
        del older
        assert gone() is None
        memory = instrument.Template("uint8", (4,), (1,), 0, [1, 2, 3, 4]).make()
        result = instrument.from_dlpack(
            instrument.Array(memory, "uint8", (4,), (1,), legacy="always")
        )
        assert (result.version, result.flags, result.copied) == (None, None, False)
        assert (result.shape, result.strides, result.read()) == ((4,), (1,), [1, 2, 3, 4])
        assert (result.calls, result.exports, weakref.getweakrefcount(result)) == ([], 0, 0)


@pytest.mark.requirement("C-05", "C-38")
def test_exceptions_of_the_producer_arrive_unchanged() -> None:
    """A TypeError from inside a modern producer is the one that surfaces."""
    for error in (ValueError("v"), MemoryError("m"), TypeError("inside")):
        with pytest.raises(type(error)) as caught:
            instrument.from_dlpack(make(raises=error))
        assert caught.value is error


@pytest.mark.requirement("C-07", "C-08", "C-12", "C-14")
def test_refused_tensors_are_freed_once() -> None:
    """Another major version, another device and broken strides are each deleted exactly once."""
    for options, text in [
        ({"version": (2, 0)}, "version.major: 2"),
        ({"device": (2, 0)}, "device: cuda-0"),
        ({"null_strides": True, "break_rules": True}, "strides: NULL"),
    ]:
        array = make(**options)
        with pytest.raises((BufferError, ValueError), match=text):
            instrument.from_dlpack(array)
        assert (array.exports, array.deleter_calls, array.live_exports) == (1, 1, 0)
        assert array.ledger.double_deletes == 0


@pytest.mark.requirement("C-10", "C-14", "C-46", "H-18")
def test_capsules_are_consumed_once() -> None:
    """The capsule is renamed; a second import and a foreign name are refused."""
    array = make()
    capsule = array.__dlpack__(max_version=(1, 0))
    result = instrument.from_capsule(capsule)

    assert instrument.inspect(capsule).name == "used_dltensor_versioned"
    assert instrument.inspect(capsule).values() == result.read()
    with pytest.raises(instrument.InvalidArgument, match="not consumed before"):
        instrument.from_capsule(capsule)
    with pytest.raises(instrument.InvalidArgument, match="capsule name: 'dlpack_exchange_api'"):
        instrument.from_capsule(instrument.Array.__dlpack_c_exchange_api__)
    with pytest.raises(instrument.TypeMismatch, match="capsule"):
        instrument.from_capsule(3)
    del result, capsule
    assert array.deleter_calls == 1


@pytest.mark.requirement("C-31", "C-32")
def test_device_keyword() -> None:
    """``cpu`` and pairs that the host can read are passed on; others are refused first."""
    array = make()
    assert instrument.from_dlpack(array, device="cpu").address == array.address
    assert instrument.from_dlpack(array, device=(1, 0), copy=False).address == array.address
    assert array.calls[0].keywords == (("max_version", (1, 3)), ("dl_device", (1, 0)))
    far = make(device=(2, 0))
    assert instrument.from_dlpack(far, device="cpu").copied
    with pytest.raises(BufferError, match="device: cpu"):
        instrument.from_dlpack(make(device=(3, 0), honours_device=False), device="cpu")
    for wrong, error in [("gpu", ValueError), ((2, 0), BufferError), (1.5, TypeError)]:
        with pytest.raises(error, match="device"):
            instrument.from_dlpack(array, device=wrong)
    with pytest.raises(TypeError, match="speed"):
        instrument.from_dlpack(array, speed=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="1 positional"):
        instrument.from_dlpack(array, None)  # type: ignore[misc]


@pytest.mark.requirement("C-26", "C-43")
def test_result_outlives_its_source_and_keeps_read_only() -> None:
    """The memory stays while a result, or an export of the result, is alive."""
    before = instrument.totals()["live_memories"]
    array = make(readonly=True)
    result = instrument.from_dlpack(array)
    ledger = array.ledger
    del array

    assert result.read() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="readonly: True"):
        result.set((0, 0), 5)
    again = instrument.from_dlpack(result)
    del result
    assert again.read() == [1, 2, 3, 4, 5, 6]
    assert (ledger.live_exports, instrument.totals()["live_memories"]) == (1, before + 1)
    del again
    assert (ledger.live_exports, ledger.deleter_calls) == (0, 1)
    assert instrument.totals()["live_memories"] == before


@pytest.mark.requirement("C-51", "P-11")
@pytest.mark.parametrize("gil", [False, True])
@pytest.mark.parametrize("version", [None, (1, 0)])
def test_deleter_runs_on_a_foreign_thread(gil: bool, version: tuple[int, int] | None) -> None:
    """With or without the GIL, on a thread that Python does not know."""
    array = make()
    instrument.call_deleter(array.__dlpack__(max_version=version), thread="t1", gil=gil)

    assert (array.deleter_calls, array.live_exports) == (1, 0)
    assert array.deleter_threads != (threading.get_ident(),)


def test_an_imported_tensor_may_die_on_a_foreign_thread() -> None:
    """The last share of an import runs the first producer's deleter wherever it goes."""
    array = make()
    middle = instrument.from_dlpack(array)
    capsule = middle.__dlpack__()
    del middle
    assert array.live_exports == 1
    instrument.call_deleter(capsule, thread="t1")

    assert array.live_exports == 0
    assert array.deleter_threads != (threading.get_ident(),)


@pytest.mark.requirement("P-10")
def test_a_pending_exception_survives_the_destructor() -> None:
    """A capsule that dies while an exception unwinds leaves that exception as it was."""
    array = make()

    def fail() -> None:
        capsules = [array.__dlpack__(), array.__dlpack__(max_version=(1, 0))]
        raise KeyError(len(capsules))

    with pytest.raises(KeyError, match="2"):
        fail()
    assert array.live_exports == 0


@pytest.mark.requirement("P-07", "P-13", "P-16", "P-45")
def test_counts_and_memory_stay_flat() -> None:
    """Many exports, imports and refusals leave no export, no memory and no reference behind."""
    array, bad = make(), make(version=(2, 0))
    before, name = instrument.totals(), object()
    held = sys.getrefcount(name)
    for _ in range(20_000):
        array.__dlpack__()
        instrument.from_dlpack(array)
        instrument.from_dlpack(array, copy=True)
        with contextlib.suppress(BufferError):
            instrument.from_dlpack(bad)
        with contextlib.suppress(TypeError):
            array.__dlpack__(copy=name)
        array.clear_calls()
    after = instrument.totals()

    assert after["exports"] - before["exports"] == 80_000
    for count in ("live_exports", "live_memories", "double_deletes"):
        assert after[count] == before[count], count
    assert sys.getrefcount(name) == held


def test_inspect_reads_without_changing() -> None:
    """The reading has every field and the capsule stays unconsumed."""
    array = make()
    capsule = array.__dlpack__(max_version=(1, 0))
    reading = instrument.inspect(capsule)

    assert (reading.name, reading.version, reading.flags) == ("dltensor_versioned", (1, 3), 0)
    assert (reading.device, reading.dtype, reading.dtype_name) == ((1, 0), (0, 16, 1), "int16")
    assert (reading.shape, reading.strides, reading.ndim) == ((2, 3), (3, 1), 2)
    assert (reading.data, reading.byte_offset) == (array.address, 0)
    assert (reading.has_deleter, reading.has_context) == (True, True)
    assert (reading.values(), reading.raw()) == (array.read(), array.raw())
    assert instrument.from_capsule(capsule).read() == array.read()
    other = instrument.inspect(make(version=(2, 0)).__dlpack__(max_version=(2, 0)))
    assert other.version == (2, 0)
    with pytest.raises(BufferError, match="major 1"):
        _ = other.shape
