"""Tells whether a runner stands still: by its own time, so that a busy machine accuses nobody."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Stillness", "Used", "used_by"]

_LONGEST_LOOK_S = 0.5
_FIRST_LOOK = 0.1
_QUIET = 0.5
_CAP = 10
_WAITING = frozenset("SI")


@dataclass(frozen=True, slots=True)
class Used:
    """What a process and its children are about: ``seconds`` of processor time so far.

    ``waiting``: every thread of them sleeps until something wakes it; none could run, waits for a
    disk or was stopped from outside.
    """

    seconds: float
    waiting: bool


def used_by(pid: int) -> Used | None:
    """Look at a process, its threads and its children; None where the system does not tell."""
    try:
        ticks, waiting = 0, True
        for fields in _threads(pid):
            ticks += int(fields[11]) + int(fields[12])
            waiting = waiting and fields[0] in _WAITING
    except (OSError, IndexError, ValueError):
        return None  # it is gone, or there is no /proc here
    return Used(ticks / os.sysconf("SC_CLK_TCK"), waiting)


def _threads(pid: int) -> Iterator[list[str]]:
    """Yield the fields of ``/proc/PID/task/TID/stat`` from the third on; of children, too."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        yield thread.joinpath("stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        try:
            children = thread.joinpath("children").read_text("utf-8").split()
        except OSError:
            continue  # a kernel without this list
        for child in children:
            yield from _threads(int(child))


@dataclass
class Stillness:
    """Follows one runner by the beat of its journal.

    It stands still when there was no beat for ``timeout_s`` seconds and meanwhile it either used
    nearly as much processor time, or was seen asleep for half of it. On a machine that gives it no
    time it does neither, and only after ten times ``timeout_s`` it counts as standing still. A
    pause of the supervisor's own, as when a shell suspends both, does not count.
    """

    timeout_s: float
    clock: Callable[[], float] = time.monotonic
    look: Callable[[int], Used | None] = used_by
    _beat: int = -1
    _waited: float = 0.0
    _quiet: float = 0.0
    _first: Used | None = None
    _at: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._at = self.clock()

    def stands(self, beat: int, pid: int) -> bool:
        """Take one look; often enough is a few times a second."""
        now = self.clock()
        passed, self._at = min(now - self._at, _LONGEST_LOOK_S), now
        if beat != self._beat:
            self._beat = beat
            self._waited = self._quiet = 0.0
            self._first = None
            return False
        self._waited += passed
        if self._waited < _FIRST_LOOK * self.timeout_s:
            return False
        used = self.look(pid)
        if used is None:
            return self._waited > self.timeout_s
        if self._first is None:
            self._first = used
        if used.waiting:
            self._quiet += passed
        if self._waited <= self.timeout_s:
            return False
        worked = used.seconds - self._first.seconds
        return (
            worked >= (1 - 2 * _FIRST_LOOK) * self.timeout_s
            or self._quiet >= _QUIET * self.timeout_s
            or self._waited > _CAP * self.timeout_s
        )
