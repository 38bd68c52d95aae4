"""Order on devices is proven: late work shows a missing wait, and without lateness nothing does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from device_cases import DeviceCases, Line
from dlpack_conformance import modules
from dlpack_conformance.probes._devices import delay
from dlpack_faults import Fault, FaultyArray, _all, streams_device

REPEATS = 100
ORDERED = {"S-04", "S-05", "S-06", "S-08", "S-11", "S-16", "S-17", "R-46"}
"""Rules that are seen broken by what is read too early, and by nothing else."""
BY_LATENESS = ORDERED | {"S-09", "X-25", "R-45"}
"""These, and rules that are seen broken by the time that passes."""
SAID = {"passes-stream-to-cpu", "passes-ended-stream", "cuda-interface-stream-zero"}
"""Faults of these rules that are seen by which stream was named."""
FAULTS = [
    pytest.param(fault, id=fault.name, marks=pytest.mark.requirement(fault.proves))
    for fault in streams_device.FAULTS
]


@pytest.fixture(autouse=True)
def all_faults() -> Iterator[None]:
    """Let library files of faults be all of them again."""
    yield
    _all.chosen()


def broken(lines: list[Line], fault: Fault) -> list[Line]:
    """Cases in which the rule answered as the fault says."""
    return [line for line in lines if (line.rule, line.verdict) == (fault.proves, fault.verdict)]


@pytest.fixture(scope="module")
def reference() -> list[Line]:
    """Run the reference's cases once."""
    return DeviceCases().run()


def test_reference_keeps_to_every_rule_on_a_device(reference: list[Line]) -> None:
    """Nothing deviates, and nothing is left out without a word."""
    assert len(reference) >= 80
    wrong = [
        (line.rule, line.variant, line.record["judged"])
        for line in reference
        if line.verdict not in ("conforms", "undecided")
    ]
    malformed = [entry for entry in wrong if entry[2][0]["reason"] == "malformed-input"]

    assert [entry for entry in wrong if entry not in malformed] == []
    assert {entry[0] for entry in malformed} == {"S-16"}


def test_reference_was_put_to_the_test_in_each_case_of_order(reference: list[Line]) -> None:
    """The work was late when the call began, so that what was read afterwards says something."""
    cases = [line for line in reference if line.rule in ORDERED]

    assert cases
    assert all(line.fact("stream.queued") is True for line in cases)


def test_reference_lets_no_host_wait_for_order_on_the_device(reference: list[Line]) -> None:
    """The order is made by events; only a copy to the CPU has to be waited for."""
    for line in reference:
        if line.fact("stream.waited") is not None and line.rule not in ("S-16", "S-18"):
            assert line.fact("stream.waited") is False, (line.rule, line.variant)


def test_minus_one_leaves_the_race_to_be_seen(reference: list[Line]) -> None:
    """With -1 the consumer reads what was there before, which the record says by a modifier."""
    lines = [line for line in reference if line.rule == "S-09"]

    assert lines
    assert all(line.record["modifiers"] == ["unsynchronised"] for line in lines)


def test_two_runs_of_the_reference_give_the_same_records(reference: list[Line]) -> None:
    """Time on a simulated device is counted, not measured."""
    assert DeviceCases().run() == reference


def _takes_and_copies(x: Any, /, **keywords: Any) -> Any:
    """Import on the device, on the stream where it works, and copy to the CPU afterwards."""
    instrument = modules().instrument
    if keywords.get("device") != "cpu" or x.accelerator is None:
        return instrument.from_dlpack(x, **keywords)
    y = instrument.from_dlpack(x)
    memory = instrument.Template(y.dtype, y.shape, y.strides, 0, y.read()).make()
    return instrument.Array(memory, y.dtype, y.shape, y.strides)


@pytest.mark.requirement("S-16")
def test_consumer_that_copies_to_the_cpu_itself_may_pass_its_stream() -> None:
    """The text asks for None with the CPU as ``dl_device``, and it names no device."""
    fault = Fault("copies-itself", "S-16", "copies to the CPU itself", consume=_takes_and_copies)
    lines = DeviceCases(fault.library(defect=True), {"S-16"}).run()
    imports = [line for line in lines if line.variant.startswith("import")]

    assert imports
    assert {line.verdict for line in imports} == {"conforms"}


class _StandsStill(FaultyArray):
    """Lets its host wait for other work, most of the time for which the producer's is held up."""

    def __dlpack__(self, **keywords: Any) -> Any:
        device = self.accelerator
        if self.defect and device is not None:
            other = device.make_stream(False)
            device.delay(other, 80_000_000)
            device.synchronize(other)
            device.end_stream(other)
        return super().__dlpack__(**keywords)


@pytest.mark.requirement("S-09")
def test_host_that_stands_still_for_other_reasons_did_not_wait() -> None:
    """The work is under way when the call returns: that it took long is no synchronization."""
    fault = Fault("stands-still", "S-09", "waits for work of others", array=_StandsStill)
    lines = DeviceCases(fault.library(defect=True), {"S-09"}).run()

    assert lines
    assert {line.verdict for line in lines} == {"conforms"}
    assert all(line.fact("stream.late") is True for line in lines)
    assert all(line.fact("stream.waited") is False for line in lines)


@pytest.mark.parametrize("fault", FAULTS)
def test_verdicts_stay_in_a_hundred_runs(fault: Fault) -> None:
    """The fault is seen, and the twin is not, in each of a hundred runs with the same records."""
    for defect in (True, False):
        cases = DeviceCases(fault.library(defect=defect), {fault.proves})
        first = cases.run()
        assert bool(broken(first, fault)) is defect
        for _ in range(REPEATS - 1):
            assert cases.run() == first


@pytest.fixture(params=["no-delay", "delay-takes-no-time"])
def without_lateness(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Queue no delay, or let the device pass over it at once."""
    instrument = modules().instrument
    if request.param == "delay-takes-no-time":
        monkeypatch.setattr(instrument, "simulated", partial(instrument.simulated, late=False))
        yield
    else:
        with delay(held_up=False):
            yield


@pytest.mark.usefixtures("without_lateness")
@pytest.mark.parametrize(
    "fault",
    [entry for entry in FAULTS if entry.values[0].proves in BY_LATENESS and entry.id not in SAID],
)
def test_without_lateness_a_missing_or_needless_wait_is_missed(fault: Fault) -> None:
    """What shows the fault is that work is late: with no delay the same cases see nothing."""
    lines = DeviceCases(fault.library(defect=True), {fault.proves}).run()
    taken = [line for line in lines if line.fact("route.returned")]

    assert taken
    assert broken(lines, fault) == []
    assert all(line.fact("stream.queued") is False for line in taken)
    assert all(line.fact("stream.values") in (True, None) for line in taken)
    assert not any(line.fact("stream.waited") for line in taken)
