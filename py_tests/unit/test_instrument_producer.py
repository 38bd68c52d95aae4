"""The reference producer: ``__dlpack__`` answers as asked, states what it is told, logs calls."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument

KEYWORDS = ("stream", "max_version", "dl_device", "copy")
V1 = {"max_version": (1, 3)}


def make(**options: Any) -> instrument.Array:
    """Return a 3 x 4 int32 array of 0 to 11 whose elements start 8 elements after the origin."""
    memory = instrument.Template("int32", (3, 4), (4, 1), 8, list(range(12))).make()
    return instrument.Array(memory, "int32", (3, 4), (4, 1), **options)


def read(array: instrument.Array, **keywords: Any) -> instrument.Reading:
    """Export and read the capsule."""
    return instrument.inspect(array.__dlpack__(**keywords))


@pytest.mark.requirement("P-18", "P-19", "P-21", "P-22")
@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (None, "dltensor"),
        ((0, 8), "dltensor"),
        ((1, 0), "dltensor_versioned"),
        ((1, 99), "dltensor_versioned"),
        ((2, 0), "dltensor_versioned"),
    ],
)
def test_version_asked_chooses_the_struct(asked: tuple[int, int] | None, name: str) -> None:
    """A major of 1 or more gives the producer's own version, less or none a legacy capsule."""
    reading = read(make(), max_version=asked)

    assert reading.name == name
    assert reading.version == ((1, 3) if name == "dltensor_versioned" else None)


@pytest.mark.parametrize("version", [(1, 0), (1, 1), (1, 3), (1, 99), (2, 0)])
def test_stated_version_is_the_option(version: tuple[int, int]) -> None:
    """A versioned export states exactly the version that the array was given."""
    assert read(make(version=version), **V1).version == version


def test_legacy_generations() -> None:
    """Version 0.8 or ``legacy="always"`` never gives a versioned capsule, "never" always does."""
    assert read(make(version=(0, 8)), **V1).name == "dltensor"
    assert read(make(legacy="always"), **V1).name == "dltensor"
    assert read(make(legacy="never")).name == "dltensor_versioned"


@pytest.mark.requirement("P-35", "P-36")
def test_readonly_is_flagged_or_refused() -> None:
    """READ_ONLY is set on versioned exports; a legacy one is refused unless it is asked for."""
    array = make(readonly=True)

    assert read(array, **V1).flags == 1
    with pytest.raises(BufferError, match="readonly: True"):
        array.__dlpack__()
    assert read(make(readonly=True, legacy_readonly="export")).name == "dltensor"
    assert read(array, max_version=(1, 0), copy=True).flags == 2
    assert read(array, copy=True).name == "dltensor"


@pytest.mark.requirement("P-29", "P-30", "P-31", "P-32", "P-33")
def test_copy_keyword() -> None:
    """True gives flagged memory of its own, None and False share without the flag."""
    array = make()
    copied = read(array, copy=True, **V1)

    assert (copied.flags, copied.values()) == (2, list(range(12)))
    assert copied.data + copied.byte_offset != array.address
    for copy in (None, False):
        shared = read(array, copy=copy, **V1)
        assert (shared.flags, shared.data) == (0, array.address)
    unheeded = read(make(honours_copy=False), copy=True, **V1)
    assert unheeded.flags == 0


@pytest.mark.requirement("P-23", "P-24", "P-25", "P-27", "P-28", "A-21")
def test_device_keyword() -> None:
    """The own device changes nothing, the CPU is reached by a flagged copy, others are refused."""
    array = make()
    assert read(array, dl_device=(1, 0), **V1).data == array.address
    with pytest.raises(instrument.DLPackBufferError, match="dl_device: type99-0"):
        array.__dlpack__(dl_device=(99, 0))
    assert read(make(honours_device=False), dl_device=(99, 0)).device == (1, 0)

    far = make(device=(2, 1))
    assert far.__dlpack_device__() == read(far, **V1).device == (2, 1)
    near = read(far, dl_device=(1, 0), **V1)
    assert (near.device, near.flags, near.values()) == ((1, 0), 2, list(range(12)))
    with pytest.raises(BufferError, match="copy: False"):
        far.__dlpack__(dl_device=(1, 0), copy=False)

    pinned = make(device=(3, 0))
    assert read(pinned, dl_device=(1, 0), **V1).data == pinned.address


@pytest.mark.requirement("S-01", "S-02", "S-07", "S-10")
def test_stream_keyword() -> None:
    """A host array takes None only; a CUDA one integers from -1 that are not 0."""
    with pytest.raises(instrument.InvalidArgument, match="stream: 1"):
        make().__dlpack__(stream=1)
    assert read(make(), stream=None).name == "dltensor"
    cuda = make(device=(2, 0))
    assert read(cuda, stream=-1).device == read(cuda, stream=2).device == (2, 0)
    for wrong in (0, -2, 2**70):
        with pytest.raises(instrument.InvalidArgument, match="stream"):
            cuda.__dlpack__(stream=wrong)
    with pytest.raises(instrument.TypeMismatch, match="stream"):
        cuda.__dlpack__(stream="x")
    with pytest.raises(instrument.InvalidArgument, match="stream: 1"):
        make(device=(10, 0)).__dlpack__(stream=1)


@pytest.mark.requirement("P-26", "P-41", "P-50")
def test_caller_errors_are_told_apart() -> None:
    """Unknown keywords are TypeErrors; malformed values name field, value and limit."""
    array = make()
    with pytest.raises(TypeError, match="unexpected keyword argument 'speed'"):
        array.__dlpack__(speed=1)
    with pytest.raises(TypeError, match="keyword arguments only"):
        array.__dlpack__(None)
    for keywords, error in [
        ({"max_version": 1}, instrument.TypeMismatch),
        ({"max_version": (1,)}, instrument.InvalidArgument),
        ({"max_version": (1, -1)}, instrument.InvalidArgument),
        ({"max_version": (1, "x")}, instrument.TypeMismatch),
        ({"dl_device": "cpu"}, instrument.TypeMismatch),
        ({"dl_device": (1, 2, 3)}, instrument.InvalidArgument),
        ({"copy": 1}, instrument.TypeMismatch),
    ]:
        with pytest.raises(error, match=f"{next(iter(keywords))}: .*; limit: "):
            array.__dlpack__(**keywords)
    assert array.exports == 0


@pytest.mark.requirement("C-04")
@pytest.mark.parametrize("known", [(), ("stream",), ("stream", "max_version"), KEYWORDS])
def test_older_generations_accept_fewer_keywords(known: tuple[str, ...]) -> None:
    """A keyword that the generation does not know is a TypeError that names it."""
    array = make(keywords=known)
    for keyword in KEYWORDS:
        if keyword in known:
            assert array.__dlpack__(**{keyword: None})
        else:
            with pytest.raises(TypeError, match=f"'{keyword}'"):
                array.__dlpack__(**{keyword: None})


def test_raises_option_raises_that_very_exception() -> None:
    """The instance given is what reaches the caller."""
    error = MemoryError("planted")
    with pytest.raises(MemoryError) as caught:
        make(raises=error).__dlpack__()

    assert caught.value is error


@pytest.mark.requirement("T-01", "T-03")
def test_offset_is_carried_where_asked() -> None:
    """The same elements are reached with the offset in ``data`` and in ``byte_offset``."""
    plain, moved = make(), make(offset_in="byte_offset")
    in_data, in_offset = read(plain, **V1), read(moved, **V1)

    assert (in_data.data, in_data.byte_offset) == (plain.address, 0)
    assert (in_offset.data, in_offset.byte_offset) == (moved.address - 32, 32)
    assert instrument.from_dlpack(moved).read() == list(range(12))


@pytest.mark.requirement("T-05", "T-06", "T-07", "T-08")
def test_null_forms() -> None:
    """NULL strides, shape and data go out where the version allows, or by break_rules."""
    old = make(null_strides=True, version=(1, 1))
    assert read(old, **V1).strides is None
    assert instrument.from_dlpack(old).strides == (4, 1)
    assert read(old).strides is None
    with pytest.raises(instrument.InvalidArgument, match="strides: NULL"):
        make(null_strides=True).__dlpack__(**V1)
    broken = make(null_strides=True, break_rules=True)
    assert read(broken, **V1).strides is None
    with pytest.raises(instrument.InvalidArgument, match="strides: NULL"):
        instrument.from_dlpack(broken)

    memory = instrument.Template("int8", (), (), 0, [7]).make()
    scalar = instrument.Array(memory, "int8", (), (), null_shape=True, null_strides=True)
    assert (read(scalar, **V1).shape, read(scalar, **V1).strides) == (None, None)
    assert instrument.from_dlpack(scalar).read() == [7]

    memory = instrument.Template("int8", (0, 3), (3, 1), 0, []).make()
    empty = instrument.Array(memory, "int8", (0, 3), (3, 1), null_data=True)
    assert read(empty, **V1).data == 0
    assert instrument.from_dlpack(empty).address == 0


@pytest.mark.requirement("H-12", "C-47")
def test_flags_are_stated_as_given() -> None:
    """Any bits can be stated."""
    assert read(make(flags=1 << 40), **V1).flags == 1 << 40


@pytest.mark.requirement("C-13", "T-30")
def test_null_deleter_keeps_the_memory() -> None:
    """With a NULL deleter the memory stays for good, as nobody can say when it may go."""
    array = make(deleter="null")
    capsule = array.__dlpack__(**V1)
    reading = instrument.inspect(capsule)
    assert not reading.has_deleter

    result = instrument.from_dlpack(array)
    del array
    assert result.read() == list(range(12))


def test_calls_are_logged_in_the_callers_order() -> None:
    """Every call shows its keywords as given, its thread and the GIL, also when it was refused."""
    array = make()
    array.__dlpack__(copy=None, max_version=(1, 0))
    array.__dlpack_device__()
    with pytest.raises(TypeError):
        array.__dlpack__(3, a=1, b=2, c=3, d=4, e=5)
    worker = threading.Thread(target=array.__dlpack__)
    worker.start()
    ident = worker.ident
    worker.join()

    first, second, third, fourth = array.calls
    assert first.method == "__dlpack__"
    assert first.keywords == (("copy", None), ("max_version", (1, 0)))
    assert (first.thread, first.gil) == (threading.get_ident(), True)
    assert (second.method, second.keywords) == ("__dlpack_device__", ())
    assert third.keywords == (("", 3), ("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5))
    assert fourth.thread == ident
    array.clear_calls()
    assert array.calls == []


def test_log_keeps_the_newest_calls() -> None:
    """The log is bounded: after many calls it holds the last 256."""
    array = make()
    for number in range(300):
        array.__dlpack__(max_version=(1, number))

    assert [call.keywords[0][1][1] for call in array.calls] == list(range(44, 300))


def test_a_cycle_through_the_log_is_collected() -> None:
    """A logged value that leads back to the array does not keep it alive for good."""

    class Holder:
        pass

    array, holder = make(), Holder()
    holder.array = array  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        array.__dlpack__(unknown=holder)
    gone = weakref.ref(array)
    del array, holder
    gc.collect()

    assert gone() is None


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"legacy": "often"}, instrument.InvalidArgument, "legacy: 'often'; limit: auto"),
        ({"offset_in": "x"}, instrument.InvalidArgument, "offset_in"),
        ({"deleter": 3}, instrument.TypeMismatch, "deleter: 3"),
        ({"version": (1,)}, instrument.InvalidArgument, "version"),
        ({"flags": -1}, instrument.InvalidArgument, "flags: -1"),
        ({"device": (1, 2, 3)}, instrument.InvalidArgument, "device"),
        ({"keywords": (1,)}, instrument.TypeMismatch, "keywords: 1"),
        ({"raises": ValueError}, instrument.TypeMismatch, "raises"),
        ({"speed": 1}, TypeError, "speed"),
    ],
)
def test_bad_options_are_refused(options: Any, error: type[Exception], text: str) -> None:
    """An option out of its limit raises with field, value and limit."""
    with pytest.raises(error, match=text):
        make(**options)


def test_elements_outside_the_memory_are_refused() -> None:
    """An array can't be made over bytes that its memory does not have."""
    memory = instrument.Template("int32", (4,), (1,), 0, [1, 2, 3, 4]).make()
    with pytest.raises(instrument.InvalidArgument, match="strides"):
        instrument.Array(memory, "int32", (4,), (100000,))
