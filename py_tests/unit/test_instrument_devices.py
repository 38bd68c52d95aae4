"""The reference on a device: order shown by lateness, copies, lifetime, tables, CUDA interface."""

from __future__ import annotations

import ctypes
import mmap
import re
import threading
from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument

LATE = 5_000_000
"""Nanoseconds, far above what calls take."""
OLD, NEW = [1, 2, 3, 4], [9, 8, 7, 6]


class Bench:
    """A device, an array of ``OLD`` on it, and two streams that wait for nobody."""

    def __init__(self, *, late: bool = True, device_type: int = 2, devices: int = 1) -> None:
        self.all = instrument.simulated(devices, type=device_type, late=late)
        self.device = self.all[0]
        self.own = self.device.make_stream(blocking=False)
        self.other = self.device.make_stream(blocking=False)
        self.memory = self.template().make()
        self.array = self.over(self.memory)

    def template(self) -> instrument.Template:
        """Return the image of ``OLD`` on the device."""
        return instrument.Template("int32", (4,), (1,), 0, OLD, device=self.device)

    @staticmethod
    def over(memory: instrument.Memory, **options: Any) -> instrument.Array:
        """Return the array over a memory of `template`."""
        return instrument.Array(memory, "int32", (4,), (1,), **options)

    def write_late(self, stream: int | None = None) -> None:
        """Queue ``NEW`` so that it is not there before somebody waits."""
        self.device.delay(stream or self.own, LATE)
        self.array.write(NEW, stream or self.own)


@pytest.fixture
def bench() -> Bench:
    """Return a device of type CUDA with its array."""
    return Bench()


# ---- devices and memory


def test_devices_say_what_they_are() -> None:
    """Name, device, memory and clock of several; each call makes new ones."""
    first, second = instrument.simulated(2, memory_bytes=1 << 16)
    assert (first.name, second.name) == ("simulated-0", "simulated-1")
    assert (first.device, second.device) == ((2, 0), (2, 1))
    assert first.simulated
    assert first.free_bytes == 1 << 16
    assert first.now_ns == 0
    assert first != second
    assert first != instrument.simulated()[0]
    assert [one.device for one in instrument.simulated(type=12)] == [(12, 0)]


def test_without_cuda_the_reason_is_said() -> None:
    """Every build has the function; it gives devices, or says why there are none."""
    reason, devices = "", ()
    try:
        devices = instrument.cuda()
    except instrument.DeviceError as refusal:
        reason = str(refusal)
    if devices:
        assert [one.device for one in devices] == [(2, n) for n in range(len(devices))]
    else:
        assert re.fullmatch(r"no CUDA device: .+", reason)


def test_memory_is_stamped_counted_and_given_back(bench: Bench) -> None:
    """Changes are counted through the device's own copies; its last user gives the memory back."""
    assert bench.memory.device == bench.array.device == (2, 0)
    assert bench.array.accelerator == bench.device
    assert bench.array.read() == OLD
    bench.array.write([1, 2, 3, 5], bench.own)
    bench.device.synchronize(bench.own)
    assert (bench.memory.elements_changed(), bench.memory.outside_changed()) == (1, 0)
    bench.memory.refill()
    assert bench.array.read() == OLD

    free = bench.device.free_bytes
    alive = instrument.totals()["live_memories"]
    other = bench.template().make()
    array = bench.over(other)
    assert bench.device.free_bytes < free
    del other
    assert bench.device.free_bytes < free
    del array
    assert bench.device.free_bytes == free
    assert instrument.totals()["live_memories"] == alive


def test_gaps_are_not_touched() -> None:
    """Elements of a reversed, gapped layout are written one by one; gaps and ends stay."""
    (device,) = instrument.simulated()
    template = instrument.Template("int16", (2, 3), (8, -2), 6, range(1, 7), device=device)
    memory = template.make()
    array = instrument.Array(memory, "int16", (2, 3), (8, -2))
    assert array.read() == [1, 2, 3, 4, 5, 6]
    assert array.raw() == template.raw
    array.write([-1] * 6)
    array.set((1, 2), 77)
    assert array.get((1, 2)) == 77
    assert array.read() == [-1, -1, -1, -1, -1, 77]
    assert memory.outside_changed() == 0
    array.write(template.raw)
    assert array.read() == [1, 2, 3, 4, 5, 6]
    copy = instrument.from_dlpack(array, copy=True)
    assert (copy.read(), copy.strides) == ([1, 2, 3, 4, 5, 6], (3, 1))
    assert instrument.from_dlpack(array, device="cpu").read() == [1, 2, 3, 4, 5, 6]


def test_packed_types_keep_the_bits_between() -> None:
    """Elements of half a byte are written and copied; the unused half of the last byte stays."""
    (device,) = instrument.simulated()
    template = instrument.Template("float4_e2m1fn", (3,), (1,), 0, [1, 2, 3], device=device)
    memory = template.make()
    array = instrument.Array(memory, "float4_e2m1fn", (3,), (1,))
    array.write([4, 6, 0.5])
    assert array.read() == [4, 6, 0.5]
    assert memory.outside_changed() == 0
    assert instrument.from_dlpack(array, copy=True).read() == [4, 6, 0.5]
    assert instrument.from_dlpack(array, device="cpu").read() == [4, 6, 0.5]


def test_too_little_memory_is_an_error_of_the_device() -> None:
    """Nothing is left behind by an allocation that does not fit, and the next one works."""
    (device,) = instrument.simulated(memory_bytes=4096)
    large = instrument.Template("int8", (5000,), (1,), 0, [0] * 5000, device=device)
    with pytest.raises(instrument.DeviceError):
        large.make()
    assert device.free_bytes == 4096
    assert instrument.Template("int8", (1,), (1,), 0, [7], device=device).make().nbytes > 0


def test_a_call_fails_on_demand(bench: Bench) -> None:
    """The call that was named fails once, as an error of the device; unknown names are refused."""
    bench.device.fail("queue_copy", after=2)
    assert bench.array.read() == OLD
    with pytest.raises(instrument.DeviceError):
        bench.array.read()
    assert bench.array.read() == OLD
    with pytest.raises(instrument.InvalidArgument):
        bench.device.fail("no_such_call")


@pytest.mark.parametrize("pool", ["pinned", "managed"])
def test_pinned_and_managed_memory_is_read_by_the_host_too(pool: str, bench: Bench) -> None:
    """Both state their own device type with id 0, and the reference shares them."""
    template = instrument.Template(
        "int32", (4,), (1,), 0, OLD, device=bench.device, pool=pool, kind="readonly"
    )
    memory = template.make()
    array = bench.over(memory)
    assert array.__dlpack_device__() == ({"pinned": 3, "managed": 13}[pool], 0)
    result = instrument.from_dlpack(array)
    assert result.device == array.device
    assert result.address == array.address
    assert result.readonly
    assert result.read() == OLD
    assert bytes(memory)[memory.first_offset : memory.first_offset + 16] == template.raw


@pytest.mark.parametrize("pool", ["pinned", "managed"])
def test_arrays_without_elements_stay_on_their_device(pool: str, bench: Bench) -> None:
    """There is no address that tells where they lie; what they state does."""
    template = instrument.Template("int32", (0,), (1,), 0, [], device=bench.device, pool=pool)
    source = instrument.Array(template.make(), "int32", (0,), (1,))
    result = instrument.from_dlpack(source)
    assert result.device == source.device == ({"pinned": 3, "managed": 13}[pool], 0)
    assert result.accelerator.name == bench.device.name


@pytest.mark.requirement("S-20")
@pytest.mark.parametrize("copy", [None, True])
def test_exports_of_pinned_memory_are_complete_on_return(copy: bool | None, bench: Bench) -> None:
    """No consumer names a stream for it, and the host may read it at once."""
    template = instrument.Template("int32", (4,), (1,), 0, OLD, device=bench.device, pool="pinned")
    source = bench.over(template.make())
    bench.device.delay(bench.own, LATE)
    source.write(NEW, bench.own)
    result = instrument.from_capsule(source.__dlpack__(max_version=(1, 3), copy=copy))
    assert (result.address == source.address) is (copy is None)
    assert list((ctypes.c_int32 * 4).from_address(result.address)) == NEW


@pytest.mark.requirement("S-16")
@pytest.mark.parametrize("pool", ["pinned", "managed"])
def test_pinned_and_managed_memory_is_the_hosts_once_its_work_is_done(
    pool: str, bench: Bench
) -> None:
    """Asked for on the CPU it is shared, complete on return; a copy only where one is asked for."""
    template = instrument.Template("int32", (4,), (1,), 0, OLD, device=bench.device, pool=pool)
    array = bench.over(template.make())
    bench.device.delay(bench.own, LATE)
    array.write(NEW, bench.own)
    shared = instrument.from_dlpack(array, device="cpu", copy=False)
    assert (shared.device, shared.address, shared.copied) == ((1, 0), array.address, False)
    assert shared.accelerator is None
    assert shared.read() == NEW
    copied = instrument.from_dlpack(array, device="cpu", copy=True)
    assert copied.address != array.address
    assert (copied.copied, copied.read()) == (True, NEW)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"device": 5}, TypeError, "device: 5; limit: an Accelerator"),
        ({"pool": "pinned"}, ValueError, "pool: 'pinned'; limit: device"),
        ({"pool": "soft"}, ValueError, "pool: 'soft'; limit: device, pinned or managed"),
    ],
)
def test_bad_memory_is_refused(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    """What is no accelerator and no pool of one is named with its limit."""
    with pytest.raises(error, match=text):
        instrument.Template("int8", (1,), (1,), 0, [1], **arguments)


def test_the_host_gets_no_buffer_of_a_device(bench: Bench) -> None:
    """Neither the memory nor the array, nor the array interface, hands an address to the host."""
    for exporter in (bench.memory, bench.array, bench.over(bench.memory, device=(1, 0))):
        with pytest.raises(BufferError, match="device: cuda-0"):
            memoryview(exporter)
    assert not hasattr(bench.over(bench.memory, device=(1, 0)), "__array_interface__")
    assert not hasattr(bench.array, "__array_struct__")


def test_the_host_has_no_streams() -> None:
    """Reading on a stream and queued writing are for arrays on a device."""
    memory = instrument.Template("int32", (4,), (1,), 0, OLD).make()
    array = Bench.over(memory)
    assert array.accelerator is None
    assert array.work_stream is None
    assert array.read(stream=None) == OLD
    with pytest.raises(ValueError, match="stream: 1; limit: None on the host"):
        array.read(1)
    with pytest.raises(ValueError, match="device: cpu"):
        array.write(NEW)


# ---- streams


@pytest.mark.requirement("S-08")
def test_an_export_orders_the_write_before_the_consumers_stream(bench: Bench) -> None:
    """The stream reads complete data, and the export let the host wait for nothing."""
    bench.write_late()
    before = bench.device.now_ns
    capsule = bench.array.__dlpack__(stream=bench.other, max_version=(1, 3))
    assert bench.device.now_ns - before < LATE / 100
    assert not bench.device.is_idle(bench.own)
    assert instrument.from_capsule(capsule).read(bench.other) == NEW


@pytest.mark.requirement("S-15")
def test_the_same_stream_needs_no_order(bench: Bench) -> None:
    """Where the consumer uses the producer's stream nothing is queued and no time passes."""
    bench.write_late()
    before = bench.device.now_ns
    capsule = bench.array.__dlpack__(stream=bench.own, max_version=(1, 3))
    assert bench.device.now_ns == before
    assert instrument.from_capsule(capsule).read(bench.own) == NEW


@pytest.mark.requirement("S-09")
def test_minus_one_orders_nothing(bench: Bench) -> None:
    """The consumer's stream reads old data, later the new; no time passes for the host."""
    bench.write_late()
    before = bench.device.now_ns
    capsule = bench.array.__dlpack__(stream=-1, max_version=(1, 3))
    assert bench.device.now_ns == before
    result = instrument.from_capsule(capsule)
    assert result.read(bench.other) == OLD
    bench.device.synchronize()
    assert result.read(bench.other) == NEW


@pytest.mark.parametrize("stream", [-1, 1])
def test_a_device_that_is_never_late_shows_nothing(stream: int) -> None:
    """With or without an order the data is complete: it is lateness that shows a missing one."""
    bench = Bench(late=False)
    bench.write_late()
    result = instrument.from_capsule(bench.array.__dlpack__(stream=stream))
    assert result.read(bench.other) == NEW


@pytest.mark.parametrize(("stream", "reads_on"), [(None, 1), (1, 1), (2, 2)])
@pytest.mark.requirement("S-04")
@pytest.mark.requirement("S-05")
@pytest.mark.requirement("S-06")
def test_default_streams_are_ordered(stream: int | None, reads_on: int, bench: Bench) -> None:
    """None and 1 are the legacy default stream, 2 is this thread's own."""
    bench.write_late()
    result = instrument.from_capsule(bench.array.__dlpack__(stream=stream))
    assert not bench.device.is_idle(bench.own)
    assert result.read(reads_on) == NEW


@pytest.mark.parametrize(
    ("stream", "error", "text"),
    [
        (0, instrument.InvalidArgument, "stream: 0; limit: -1, 1, 2 or"),
        (-2, instrument.InvalidArgument, "stream: -2; limit: -1, 1, 2 or"),
        (77, instrument.InvalidArgument, "stream: 77; limit: -1, 1, 2 or the handle of a live"),
        (2**70, instrument.InvalidArgument, "stream: 1180591620717411303424; limit"),
        (1.5, instrument.TypeMismatch, "stream: 1.5; limit: None or an integer"),
        ("1", instrument.TypeMismatch, "stream: '1'; limit: None or an integer"),
    ],
)
@pytest.mark.requirement("S-07")
def test_other_streams_are_refused(
    stream: Any, error: type[Exception], text: str, bench: Bench
) -> None:
    """A typed error names field, value and limit; nothing was exported."""
    with pytest.raises(error, match=text):
        bench.array.__dlpack__(stream=stream)
    assert bench.array.exports == 0


@pytest.mark.requirement("S-14")
def test_a_stream_that_was_ended_is_no_stream_any_more(bench: Bench) -> None:
    """The producer refuses it; work that was queued on it before is still waited for."""
    bench.write_late()
    bench.device.end_stream(bench.own)
    assert not bench.device.has_stream(bench.own)
    with pytest.raises(instrument.InvalidArgument):
        bench.array.__dlpack__(stream=bench.own)
    result = instrument.from_capsule(bench.array.__dlpack__(stream=bench.other))
    assert result.read(bench.other) == NEW


def test_a_device_without_streams_takes_none_only() -> None:
    """Under type 12 no stream is agreed on; reading on another one is ordered all the same."""
    bench = Bench(device_type=12)
    with pytest.raises(instrument.InvalidArgument, match="stream: 1; limit: None on a device"):
        bench.array.__dlpack__(stream=1)
    bench.device.current_stream = bench.other
    bench.write_late()
    bench.array.clear_calls()
    result = instrument.from_dlpack(bench.array)
    assert [name for call in bench.array.calls for name, _ in call.keywords] == ["max_version"]
    assert result.read() == NEW


def test_the_current_stream_is_this_threads(bench: Bench) -> None:
    """It is 1 at first, in every thread, and only live streams are taken."""
    seen = []
    bench.device.current_stream = bench.other
    thread = threading.Thread(target=lambda: seen.append(bench.device.current_stream))
    thread.start()
    thread.join()
    assert (seen, bench.device.current_stream) == ([1], bench.other)
    with pytest.raises(instrument.DeviceError, match="current_stream: 77"):
        bench.device.current_stream = 77
    with pytest.raises(instrument.DeviceError, match="stream: 77"):
        bench.array.write(NEW, 77)


def test_the_work_stream_is_that_of_the_last_write(bench: Bench) -> None:
    """Without a write it is the current one; a write takes the current one where none is said."""
    bench.device.current_stream = bench.other
    assert bench.array.work_stream == bench.other
    bench.array.write(NEW, bench.own)
    assert bench.array.work_stream == bench.own
    bench.array.write(NEW)
    assert bench.array.work_stream == bench.other


# ---- the consumer


@pytest.mark.requirement("S-11")
@pytest.mark.requirement("S-12")
def test_the_consumer_passes_its_current_stream(bench: Bench) -> None:
    """It asks for the device first, passes the stream with the other keywords, never 0."""
    bench.write_late()
    for stream in (1, 2, bench.other):
        bench.device.current_stream = stream
        bench.array.clear_calls()
        result = instrument.from_dlpack(bench.array)
        assert [call.method for call in bench.array.calls] == ["__dlpack_device__", "__dlpack__"]
        assert bench.array.calls[1].keywords == (("stream", stream), ("max_version", (1, 3)))
        assert result.device == (2, 0)
        assert result.address == bench.array.address
        assert result.work_stream == stream
    assert result.read() == NEW


def test_an_older_producer_still_gets_the_stream(bench: Bench) -> None:
    """Keywords that are newer than the stream are left out one by one, the stream never."""
    old = bench.over(bench.memory, keywords=("stream",), legacy="always")
    bench.device.current_stream = bench.other
    assert instrument.from_dlpack(old).read() == OLD
    assert [[name for name, _ in call.keywords] for call in old.calls[1:]] == [
        ["stream", "max_version"],
        ["stream"],
    ]


def test_foreign_objects_are_asked_by_their_methods(bench: Bench) -> None:
    """An object with the two methods alone is imported with the newest device's stream."""
    bench.write_late()
    bench.device.current_stream = bench.other
    result = instrument.from_dlpack(instrument.MethodsOnly(bench.array))
    assert result.read() == NEW
    assert result.accelerator == bench.device


@pytest.mark.requirement("S-23")
def test_host_arrays_get_no_stream_while_a_device_is_open(bench: Bench) -> None:
    """Nothing changes for the host: one call, no stream, an array without a device."""
    array = bench.over(instrument.Template("int32", (4,), (1,), 0, OLD).make())
    result = instrument.from_dlpack(array)
    assert [(call.method, call.keywords) for call in array.calls] == [
        ("__dlpack__", (("max_version", (1, 3)),))
    ]
    assert (result.accelerator, result.read()) == (None, OLD)
    wrapped = instrument.from_dlpack(instrument.MethodsOnly(array))
    assert [name for name, _ in array.calls[-1].keywords] == ["max_version"]
    assert wrapped.accelerator is None


def test_an_import_is_exported_again_behind_its_own_writes(bench: Bench) -> None:
    """The result is a producer on the device too, with a work stream of its own."""
    first = instrument.from_dlpack(bench.array)
    bench.device.delay(bench.own, LATE)
    first.write(NEW, bench.own)
    second = instrument.from_capsule(first.__dlpack__(stream=bench.other))
    assert second.read(bench.other) == NEW
    assert second.address == bench.array.address
    assert (first.live_exports, bench.array.live_exports) == (1, 1)


@pytest.mark.requirement("C-24")
def test_foreign_devices_are_refused(bench: Bench) -> None:
    """Memory on no open device, or that states another id, is refused and freed once."""
    host = bench.over(instrument.Template("int32", (4,), (1,), 0, OLD).make(), device=(2, 0))
    moved = bench.over(bench.memory, device=(2, 1))
    for array, name in ((host, "cuda-0"), (moved, "cuda-1")):
        with pytest.raises(BufferError, match=f"device: {name}; limit: memory that the host reads"):
            instrument.from_dlpack(array)
        assert (array.exports, array.live_exports, array.deleter_calls) == (1, 0, 1)


def test_device_ids_are_checked() -> None:
    """An export to the other device is refused, as is one to a device that nobody has."""
    bench = Bench(devices=2)
    assert instrument.from_dlpack(bench.array, device=(2, 0)).read() == OLD
    with pytest.raises(BufferError, match="dl_device: cuda-1; limit: cuda-0, or cpu"):
        instrument.from_dlpack(bench.array, device=(2, 1))
    with pytest.raises(BufferError, match="device: cuda-7; limit: a device that the host can read"):
        instrument.from_dlpack(bench.array, device=(2, 7))
    ignores = bench.over(bench.memory, honours_device=False)
    with pytest.raises(BufferError, match="device: cuda-1; limit: cuda-0, on which"):
        instrument.from_dlpack(ignores, device=(2, 1))
    assert ignores.live_exports == 0


def test_the_result_keeps_the_memory(bench: Bench) -> None:
    """The memory goes back to the device when the last import is gone, by one deleter call."""
    free = bench.device.free_bytes
    memory = bench.template().make()
    array = bench.over(memory)
    ledger = array.ledger
    result = instrument.from_dlpack(array)
    del memory, array
    assert result.read() == OLD
    assert bench.device.free_bytes < free
    assert (ledger.live_exports, ledger.deleter_calls) == (1, 0)
    del result
    assert bench.device.free_bytes == free
    assert (ledger.live_exports, ledger.deleter_calls, ledger.double_deletes) == (0, 1, 0)


def test_an_import_keeps_its_device() -> None:
    """An array lives on when the accelerator's object and the memory's are gone."""
    (device,) = instrument.simulated()
    memory = instrument.Template("int32", (4,), (1,), 0, OLD, device=device).make()
    result = instrument.from_dlpack(Bench.over(memory))
    del device, memory
    assert result.read() == OLD
    assert result.accelerator is not None
    assert result.accelerator.name == "simulated-0"


# ---- copies


@pytest.mark.requirement("S-16")
def test_a_copy_to_the_host_is_complete_on_return(bench: Bench) -> None:
    """It waits for the array's work, sets IS_COPIED, and takes no stream."""
    bench.write_late()
    bench.array.clear_calls()
    result = instrument.from_dlpack(bench.array, device="cpu")
    assert (result.device, result.copied, result.readonly) == ((1, 0), True, False)
    assert result.accelerator is None
    assert result.read() == NEW
    assert [name for name, _ in bench.array.calls[-1].keywords] == ["max_version", "dl_device"]
    with pytest.raises(instrument.InvalidArgument, match="stream: 1; limit: None with dl_device"):
        bench.array.__dlpack__(stream=1, dl_device=(1, 0))


@pytest.mark.requirement("P-27")
def test_a_copy_to_the_host_is_refused_where_copies_are_forbidden(bench: Bench) -> None:
    """``copy=False`` and another device than the memory's can't both be met."""
    with pytest.raises(BufferError, match="copy: False; limit: None or True"):
        instrument.from_dlpack(bench.array, device="cpu", copy=False)
    assert instrument.from_dlpack(bench.array, device="cpu", copy=True).read() == OLD
    assert bench.array.live_exports == 0


@pytest.mark.requirement("S-17")
def test_a_copy_on_the_device_goes_over_the_passed_stream(bench: Bench) -> None:
    """The host does not wait, the stream reads the new data, later writes don't reach it."""
    bench.write_late()
    before = bench.device.now_ns
    result = instrument.from_capsule(
        bench.array.__dlpack__(stream=bench.other, max_version=(1, 3), copy=True)
    )
    assert bench.device.now_ns - before < LATE / 100
    assert result.address != bench.array.address
    assert (result.copied, result.device) == (True, (2, 0))
    assert result.read(bench.other) == NEW
    bench.array.write(OLD, bench.other)
    assert result.read(bench.other) == NEW


def test_a_copy_keeps_its_device() -> None:
    """A copy that nobody took yet is still on a known device when all else of it is gone."""
    bench = Bench()
    capsule = bench.array.__dlpack__(stream=1, max_version=(1, 3), copy=True)
    del bench
    assert instrument.from_capsule(capsule).read() == OLD


def test_the_consumer_copies_where_the_producer_did_not(bench: Bench) -> None:
    """An older producer shares; the consumer's copy is queued on its own stream."""
    old = bench.over(bench.memory, honours_copy=False)
    bench.device.current_stream = bench.other
    free = bench.device.free_bytes
    result = instrument.from_dlpack(old, copy=True)
    assert (result.copied, result.read()) == (True, OLD)
    assert result.address != old.address
    assert old.live_exports == 0
    del result
    assert bench.device.free_bytes == free
    assert instrument.from_dlpack(bench.array, copy=False).address == bench.array.address


# ---- the exchange table


def test_the_table_tells_the_current_stream(bench: Bench) -> None:
    """Of this thread, for the device that it is asked for; of no open one: an error."""
    assert instrument.exchange_stream(instrument.Array, (2, 0)) == 1
    bench.device.current_stream = bench.other
    assert instrument.exchange_stream(instrument.Array, (2, 0)) == bench.other
    assert instrument.exchange_stream(instrument.Array) is None
    with pytest.raises(RuntimeError, match="device: type 2, id 5; limit: cpu or an open device"):
        instrument.exchange_stream(instrument.Array, (2, 5))


def test_the_table_allocates_on_the_device(bench: Bench) -> None:
    """Zeroed memory of the device, given back by the deleter."""
    free = bench.device.free_bytes
    result = instrument.from_capsule(
        instrument.exchange_allocate(instrument.Array, "int32", (4,), (2, 0))
    )
    assert (result.device, result.read()) == ((2, 0), [0, 0, 0, 0])
    assert bench.device.free_bytes < free
    del result
    assert bench.device.free_bytes == free
    with pytest.raises(RuntimeError, match="BufferError: device: cuda-5"):
        instrument.exchange_allocate(instrument.Array, "int32", (4,), (2, 5))


def test_the_table_allocates_managed_memory_as_managed(bench: Bench) -> None:
    """What states managed memory is that: the host reads it."""
    capsule = instrument.exchange_allocate(instrument.Array, "int32", (4,), (13, 0))
    result = instrument.from_capsule(capsule)
    assert (result.device, result.accelerator) == ((13, 0), bench.device)
    assert instrument.from_dlpack(result, device="cpu", copy=False).read() == [0, 0, 0, 0]


def test_the_table_exports_and_imports_without_ordering(bench: Bench) -> None:
    """What crosses the table shares the memory and waits for nothing."""
    bench.write_late()
    result = instrument.from_exchange_api(bench.array)
    assert (result.address, result.accelerator) == (bench.array.address, bench.device)
    assert result.read(bench.other) == OLD
    capsule = instrument.exchange_export(bench.array)
    assert instrument.exchange_import(capsule, instrument.Array).read(bench.own) == NEW
    assert instrument.exchange_borrow(bench.array)["device"] == (2, 0)


# ---- the CUDA array interface


class Interface:
    """Shows one ``__cuda_array_interface__``."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__cuda_array_interface__ = fields


def test_the_cuda_array_interface_says_where_and_after_what(bench: Bench) -> None:
    """Version 3 with the work stream; only on CUDA, only where the dtype has a typestr."""
    bench.array.write(NEW, bench.own)
    assert bench.array.__cuda_array_interface__ == {
        "shape": (4,),
        "typestr": "<i4",
        "data": (bench.array.address, False),
        "strides": None,
        "version": 3,
        "stream": bench.own,
    }
    assert bench.array.calls[-1].method == "__cuda_array_interface__"
    host = bench.over(instrument.Template("int32", (4,), (1,), 0, OLD).make())
    assert not hasattr(host, "__cuda_array_interface__")
    assert not hasattr(Bench(device_type=12).array, "__cuda_array_interface__")
    bfloat = instrument.Template("bfloat16", (1,), (1,), 0, [1], device=bench.device).make()
    assert not hasattr(instrument.Array(bfloat, "bfloat16", (1,), (1,)), "__cuda_array_interface__")


def test_an_import_by_the_cuda_array_interface_is_ordered(bench: Bench) -> None:
    """The current stream comes after the interface's; without one nothing is ordered."""
    bench.write_late()
    bench.device.current_stream = bench.other
    fields = bench.array.__cuda_array_interface__
    before = bench.device.now_ns
    unordered = instrument.from_cuda_array_interface(Interface({**fields, "stream": None}))
    ordered = instrument.from_cuda_array_interface(bench.array)
    assert bench.device.now_ns - before < LATE / 100
    third = bench.device.make_stream(blocking=False)
    assert unordered.read(third) == OLD
    assert ordered.read() == NEW
    assert (ordered.address, ordered.device) == (bench.array.address, (2, 0))


def test_an_import_by_the_cuda_array_interface_keeps_its_source(bench: Bench) -> None:
    """Strided, read-only memory comes over as it lies; the object goes with the last import."""
    template = instrument.Template(
        "complex64", (2, 2), (-2, 6), 4, [1, 2j, 3, 4], device=bench.device
    )
    memory = template.make()
    source = instrument.Array(memory, "complex64", (2, 2), (-2, 6), readonly=True)
    free = bench.device.free_bytes
    result = instrument.from_cuda_array_interface(source)
    assert (result.strides, result.dtype, result.readonly) == ((-2, 6), "complex64", True)
    del memory, source
    assert result.read() == [1, 2j, 3, 4]
    del result
    assert bench.device.free_bytes > free


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"typestr": ">i4"}, "typestr: '>i4'"),
        ({"typestr": "<x4"}, "typestr: '<x4'"),
        ({"stream": 0}, "stream: 0; limit: None, 1, 2"),
        ({"stream": 77}, "stream: 77; limit: None, 1, 2"),
        ({"strides": (3,)}, r"strides: \(3,\); limit: whole elements"),
        ({"mask": object()}, "mask: .*; limit: None"),
        ({"data": 5}, "data: 5; limit: a pair"),
        ({"version": None}, "version: None; limit: an integer"),
    ],
)
def test_bad_cuda_array_interfaces_are_refused(
    change: dict[str, Any], text: str, bench: Bench
) -> None:
    """Each field out of its limit is named; nothing is kept."""
    fields = bench.array.__cuda_array_interface__ | change
    with pytest.raises(instrument.InvalidArgument, match=text):
        instrument.from_cuda_array_interface(Interface(fields))


def test_memory_of_nobody_is_refused_by_the_cuda_array_interface(bench: Bench) -> None:
    """An address on no open device is a BufferError, something that is no dict a TypeError."""
    fields = bench.array.__cuda_array_interface__ | {"data": (4096, False)}
    with pytest.raises(BufferError, match="data: 4096; limit: memory of an open CUDA device"):
        instrument.from_cuda_array_interface(Interface(fields))
    with pytest.raises(TypeError, match="limit: a dict"):
        instrument.from_cuda_array_interface(Interface(5))  # type: ignore[arg-type]


# ---- what the engine uses


def test_the_touch_word_is_an_aligned_address_or_none() -> None:
    """It is taken before and after devices were made, and put away again."""
    shared = mmap.mmap(-1, 4096)
    word = memoryview(shared).cast("Q")
    start = instrument.request_buffer(word, "simple")["address"]
    instrument.touch_word(start)
    instrument.touch_word(None)
    assert word[0] == 0
    with pytest.raises(ValueError, match=r"address: .*; limit: a multiple of 8"):
        instrument.touch_word(start + 4)


def test_the_memory_capsule_keeps_the_device() -> None:
    """Other modules read device memory through it, as long as they hold it."""
    (device,) = instrument.simulated()
    capsule = device.memory
    assert instrument.capsule_name(capsule) == "dlpack_impl.DeviceMemory"
    memory = instrument.Template("int32", (4,), (1,), 0, OLD, device=device).make()
    del device
    assert Bench.over(memory).read() == OLD
    del memory, capsule
