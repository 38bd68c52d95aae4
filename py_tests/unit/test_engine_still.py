"""When a runner counts as standing still, and how many cases it is given."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from dlpack_conformance.engine.still import Stillness, Used, used_by
from dlpack_conformance.engine.supervisor import take_batch

TIMEOUT_S = 10.0
LOOK_S = 0.1


def seconds_to_stand(look: Callable[[float], Used | None], *, most_s: float = 200.0) -> float:
    """Seconds of a made-up clock until a runner that never steps counts as standing still."""
    now = 0.0
    still = Stillness(TIMEOUT_S, clock=lambda: now, look=lambda pid: look(now))
    still.stands(7, 1)
    while now < most_s:
        now += LOOK_S
        if still.stands(7, 1):
            return now
    return now


@pytest.mark.parametrize(
    ("look", "seconds"),
    [
        pytest.param(lambda now: Used(now, waiting=False), 10, id="busy"),
        pytest.param(lambda now: Used(0.0, waiting=True), 10, id="asleep"),
        pytest.param(lambda now: Used(now / 100, waiting=True), 10, id="polling"),
        pytest.param(lambda now: None, 10, id="nobody-tells"),
        pytest.param(lambda now: Used(now / 4, waiting=False), 32, id="a-quarter-of-a-core"),
        pytest.param(lambda now: Used(0.0, waiting=False), 100, id="no-time-at-all"),
    ],
)
def test_still_counts_the_time_of_the_runner_and_not_of_the_machine(
    look: Callable[[float], Used | None], seconds: float
) -> None:
    """A runner that hangs is found at the timeout; one that gets no time only much later."""
    assert seconds_to_stand(look) == pytest.approx(seconds, abs=1.5)


def test_still_starts_anew_at_each_step() -> None:
    """A step of the journal forgets all that was waited before."""
    now = 0.0
    still = Stillness(TIMEOUT_S, clock=lambda: now, look=lambda pid: Used(0.0, waiting=True))
    for beat in range(20):
        for _ in range(90):
            now += LOOK_S
            assert not still.stands(beat, 1)


def test_still_leaves_out_a_pause_of_the_supervisor() -> None:
    """A shell that suspends the run for an hour makes no case hang."""
    now = 0.0
    still = Stillness(TIMEOUT_S, clock=lambda: now, look=lambda pid: Used(0.0, waiting=True))
    still.stands(1, 1)
    now += 3600
    assert not still.stands(1, 1)


@contextmanager
def child(work: Callable[[], object]) -> Iterator[int]:
    """A forked process that does ``work`` until it is ended."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    try:
        time.sleep(0.2)
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def spin() -> None:
    """Use the processor until the alarm ends this process."""
    signal.alarm(2)
    while True:
        pass


def parent_of_spin() -> None:
    """Wait for a child that works."""
    if os.fork() == 0:
        spin()
    os.wait()


@pytest.mark.parametrize(
    ("work", "waiting"),
    [(lambda: time.sleep(20), True), (spin, False), (parent_of_spin, False)],
    ids=["asleep", "busy", "its-child-is-busy"],
)
def test_still_looks_at_a_process_with_its_children(
    work: Callable[[], object], waiting: bool
) -> None:
    """What /proc says of a sleeping and of a working process."""
    with child(work) as pid:
        used = used_by(pid)
        assert used is not None
        assert used.waiting is waiting


def test_still_does_not_take_a_stopped_process_for_a_waiting_one() -> None:
    """Whoever was stopped from outside can't be accused."""
    with child(lambda: time.sleep(20)) as pid:
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        used = used_by(pid)
        assert used is not None
        assert not used.waiting


def test_still_knows_nothing_of_a_process_that_is_gone() -> None:
    """A number that no process has."""
    with child(lambda: time.sleep(20)) as pid:
        pass
    assert used_by(pid) is None


def taken(batches: deque[range], share: Callable[[int], int]) -> list[range]:
    """All batches in the order in which one lane takes them."""
    result = []
    while True:
        batch = take_batch(batches, 10, share(sum(map(len, batches))))
        if batch is None:
            return result
        result.append(batch)


def test_batches_are_large_first_and_small_at_the_end() -> None:
    """Up to four at once, but no more than the share of what is left; every case once, in order."""
    chunks = [range(at, at + 10) for at in range(0, 120, 10)]
    batches = taken(deque(chunks), lambda left: left // 2)

    assert [len(batch) for batch in batches] == [40, 40, 20, 10, 10]
    assert [index for batch in batches for index in batch] == list(range(120))
