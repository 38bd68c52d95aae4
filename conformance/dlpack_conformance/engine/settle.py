"""What a lost case is: run again alone, then after its neighbours, until it is known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.crash import Loss
from dlpack_conformance.engine.lane import Lane

__all__ = ["Settler"]

_TRIES_ALONE = 2
_MOST_NEEDS = 16


class Settler:
    """Settles losses of one lane, by the supervisor's own plan and judge."""

    def __init__(self, lane: Lane, plan: Any, judge: Any) -> None:
        self._lane = lane
        self._plan = plan
        self._judge = judge
        self._facts = modules().core.Facts()

    def settle(self, loss: Loss, ran: Sequence[int]) -> tuple[bytes, bool]:
        """Return the record of a lost case, and whether a second run showed the same loss.

        Parameters
        ----------
        ran
            What the lost runner had been given, up to the lost case and with it.

        References
        ----------
        Design section 6, step 7.
        """
        start = time.perf_counter_ns()
        alone = None
        for _ in range(_TRIES_ALONE):
            alone = self._lane.run([loss.index], send_facts=True, keep=False)
            if alone is None:
                break
            if alone.way == loss.way:
                return self._record(alone.facts(confirmed=True), loss.index, start), True
            loss = replace(
                alone, done=loss.done
            )  # lost in another way: that one has to be shown again
        if alone is not None:
            return self._record(alone.facts(confirmed=False), loss.index, start), False
        again = self._replay(loss, ran)
        if again is None:
            return self._record(loss.facts(confirmed=False), loss.index, start), False
        needed = self._needed(loss, ran)
        names = [self._plan.id(index) for index in needed]
        return self._record(again.facts(confirmed=False, needs=names), loss.index, start), True

    def _replay(self, loss: Loss, cases: Sequence[int]) -> Loss | None:
        """Run ``cases`` in one runner; the loss, where the last of them is lost as before."""
        if len(cases) < 2:
            return None
        again = self._lane.run(cases, send_facts=True, keep=False)
        return again if again is not None and again.way == loss.way else None

    def _needed(self, loss: Loss, ran: Sequence[int]) -> list[int]:
        """Earlier cases without which the loss does not show; halved while one half suffices."""
        needed = list(ran[:-1])
        while len(needed) > 1:
            middle = len(needed) // 2
            for half in (needed[middle:], needed[:middle]):
                if self._replay(loss, [*half, loss.index]) is not None:
                    needed = half
                    break
            else:
                break
        return needed[-_MOST_NEEDS:]

    def _record(self, facts: dict[str, Any], index: int, start: int) -> bytes:
        self._facts.clear()
        self._facts.update(facts)
        line: bytes = self._judge.record(index, self._facts, time.perf_counter_ns() - start)
        return line
