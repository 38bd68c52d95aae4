"""Plans a run, gives batches to lanes, settles losses, and writes the record."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.census import Census, census
from dlpack_conformance.engine.crash import Loss
from dlpack_conformance.engine.header import header_of
from dlpack_conformance.engine.lane import Lane, NurseryError, StoppedError
from dlpack_conformance.engine.options import Options, Progress, Summary
from dlpack_conformance.engine.records import RecordFile
from dlpack_conformance.engine.settle import Settler
from dlpack_conformance.engine.shards import shard_cases
from dlpack_conformance.engine.stop import stop_signals

__all__ = ["list_cases", "run", "take_batch"]

_PROGRESS_SECONDS = 0.2
_MOST_BATCHES = 4
_START_FAILED = "start-failed"


def run(options: Options, on_progress: Callable[[Progress], None] | None = None) -> Summary:
    """Run everything that ``options`` plan, each case in a runner of its own process tree.

    Raises
    ------
    OptionError
        An option names what is not there.
    LibraryFileError
        A library file or a route broke its contract.
    ReportError
        The record file can't be written.
    """
    start = time.monotonic()
    with stop_signals() as stop:
        found = census(options.libraries, files=options.files)
        spec = found.spec(options.profile, options.filters, options.target)
        plan = modules().core.Plan(spec)
        units = _units(plan, options)
        planned = sum(len(unit.cases) for unit in units)
        header = header_of(options, found, spec, plan, planned)
        with RecordFile(options.out, header) as record:
            work = _Run(options, spec, plan, units, record, stop)
            work.go(planned, on_progress)
            if stop.is_set():
                record.abandon()
            else:
                record.finish()
        return work.summary(planned, stop.is_set(), time.monotonic() - start, found)


def list_cases(options: Options) -> list[str]:
    """Ids of the cases that a run with ``options`` would plan, in plan order."""
    found = census(options.libraries, files=options.files)
    plan = modules().core.Plan(found.spec(options.profile, options.filters, options.target))
    return [plan.id(index) for cases in shard_cases(plan.pairs, options.shard) for index in cases]


@dataclass
class _Unit:
    """The cases of one pair that are run; several lanes may take from its batches.

    ``begin``, ``end``: the pair's range of the plan; ``batches``: places in ``cases``.
    """

    producer: str
    consumer: str
    begin: int
    end: int
    cases: Sequence[int]
    batches: deque[range]
    lanes: int = 0

    @property
    def name(self) -> str:
        return f"{self.producer} -> {self.consumer}" if self.consumer else self.producer


def _units(plan: Any, options: Options) -> list[_Unit]:
    """Split the cases of each pair into batches."""
    units = []
    for pair, cases in zip(plan.pairs, shard_cases(plan.pairs, options.shard), strict=True):
        producer, consumer, begin, end = pair
        starts = range(0, len(cases), options.batch)
        batches = deque(range(at, min(len(cases), at + options.batch)) for at in starts)
        units.append(_Unit(producer, consumer, begin, end, cases, batches))
    return units


def take_batch(batches: deque[range], size: int, share: int) -> range | None:
    """Take the next batch with those that follow it; None when there is no more.

    A runner costs the same for any number of cases, so it gets up to four batches of ``size``, but
    no more cases than ``share`` if that is less.
    """
    if not batches:
        return None
    most = max(size, min(_MOST_BATCHES * size, share))
    taken = batches.popleft()
    while batches and batches[0].stop - taken.start <= most:
        taken = range(taken.start, batches.popleft().stop)
    return taken


@dataclass
class _Run:
    """One run in progress; lanes are threads, which mostly wait."""

    options: Options
    spec: dict[str, Any]
    plan: Any
    units: list[_Unit]
    record: RecordFile
    stop: threading.Event
    losses: int = 0
    confirmed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    failure: BaseException | None = None

    def go(self, planned: int, on_progress: Callable[[Progress], None] | None) -> None:
        """Work until all batches are done or the run is stopped."""
        lanes = [
            threading.Thread(target=self._lane, name=f"lane-{number}", daemon=True)
            for number in range(self.options.lanes)
        ]
        for lane in lanes:
            lane.start()
        while any(lane.is_alive() for lane in lanes):
            for lane in lanes:
                lane.join(_PROGRESS_SECONDS / len(lanes))
            if on_progress is not None:
                on_progress(self._progress(planned))
        if self.failure is not None:
            raise self.failure

    def summary(self, planned: int, interrupted: bool, seconds: float, found: Census) -> Summary:
        """Count what was written."""
        outcomes, verdicts = self._counts()
        return Summary(
            out=self.options.out,
            planned=planned,
            written=len(self.record),
            outcomes=outcomes,
            verdicts=verdicts,
            interrupted=interrupted,
            losses=self.losses,
            confirmed=self.confirmed,
            seconds=seconds,
            missing=found.missing,
        )

    def _counts(self) -> tuple[Counter[str], Counter[str]]:
        outcomes: Counter[str] = Counter()
        verdicts: Counter[str] = Counter()
        for (outcome, verdict), count in list(self.record.counts.items()):
            outcomes[outcome] += count
            verdicts[verdict] += count
        return outcomes, verdicts

    def _progress(self, planned: int) -> Progress:
        outcomes, verdicts = self._counts()
        running = tuple(unit.name for unit in self.units if unit.lanes)
        return Progress(len(self.record), planned, outcomes, verdicts, running)

    # A lane: one thread, one nursery at a time.

    def _lane(self) -> None:
        try:
            while not self.stop.is_set() and self.failure is None:
                unit = self._next_unit()
                if unit is None:
                    return
                self._work_on(unit)
        except StoppedError:
            return
        except BaseException as error:  # raised again by the main thread
            self.failure = error

    def _next_unit(self) -> _Unit | None:
        """Return the unit with most batches left for each lane at work on it."""
        with self.lock:
            free = [unit for unit in self.units if len(unit.batches) > (1 if unit.lanes else 0)]
            if not free:
                return None
            unit = max(free, key=lambda unit: len(unit.batches) / (unit.lanes + 1))
            unit.lanes += 1
            return unit

    def _next_batch(self, unit: _Unit) -> Sequence[int]:
        """Return the indices of the next cases of a unit, none when there are no more."""
        with self.lock:
            left = sum(len(batch) for unit in self.units for batch in unit.batches)
            lanes = self.options.lanes
            # Half of a lane's share, so that the lanes end together.
            share = left if lanes == 1 else left // (2 * lanes)
            places = take_batch(unit.batches, self.options.batch, share)
            return () if places is None else unit.cases[places.start : places.stop]

    def _work_on(self, unit: _Unit) -> None:
        pair = {
            "spec": self.spec,
            "producer_name": unit.producer,
            "consumer_name": unit.consumer,
            "begin": unit.begin,
            "end": unit.end,
            "files": list(self.options.files),
        }
        judge = modules().core.Judge(self.plan)
        lane = Lane(pair, timeout_s=self.options.timeout_s, keep=self._keep, stopped=self._stopped)
        settler = Settler(lane, self.plan, judge)
        try:
            while batch := self._next_batch(unit):
                try:
                    self._run_batch(lane, settler, batch)
                except NurseryError:
                    for index in sorted(set(batch) - self.record.has(batch[0], batch[-1] + 1)):
                        self._keep(index, judge.not_run(index, _START_FAILED))
                self.record.flush()
        finally:
            lane.close()
            with self.lock:
                unit.lanes -= 1

    def _run_batch(self, lane: Lane, settler: Settler, batch: Sequence[int]) -> None:
        """Run a batch; after a loss it goes on behind the lost case, in a new runner."""
        while batch:
            loss = lane.run(batch)
            if loss is None:
                return
            behind = batch.index(loss.index) + 1
            self._settle(settler, loss, batch[:behind])
            batch = batch[behind:]

    def _settle(self, settler: Settler, loss: Loss, ran: Sequence[int]) -> None:
        line, confirmed = settler.settle(loss, ran)
        self._keep(loss.index, line)
        with self.lock:
            self.losses += 1
            self.confirmed += confirmed

    def _keep(self, index: int, line: bytes) -> None:
        self.record.add(index, line)

    def _stopped(self) -> bool:
        return self.stop.is_set() or self.failure is not None
