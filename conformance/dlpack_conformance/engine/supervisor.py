"""Plans a run, gives batches to lanes, settles losses, and writes the record."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
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
        units, planned = _units(plan, options)
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
    units, _ = _units(plan, options)
    return [plan.id(index) for unit in units for batch in unit.batches for index in batch]


@dataclass
class _Unit:
    """The cases of one pair, in batches; several lanes may take from it."""

    producer: str
    consumer: str
    begin: int
    end: int
    batches: deque[range]
    lanes: int = 0

    @property
    def name(self) -> str:
        return f"{self.producer} -> {self.consumer}" if self.consumer else self.producer


def _units(plan: Any, options: Options) -> tuple[list[_Unit], int]:
    """Split each pair's range into batches; a shard takes every n-th batch of all."""
    units, number, planned = [], 0, 0
    for producer, consumer, begin, end in plan.pairs:
        batches: deque[range] = deque()
        for first in range(begin, end, options.batch):
            batch = range(first, min(end, first + options.batch))
            if options.shard is None or number % options.shard[1] == options.shard[0] - 1:
                batches.append(batch)
                planned += len(batch)
            number += 1
        units.append(_Unit(producer, consumer, begin, end, batches))
    return units, planned


def take_batch(batches: deque[range], size: int, share: int) -> range | None:
    """Take the next batch, and what follows it without a gap; None when there is no more.

    A runner costs the same for any number of cases, so it gets up to four batches of ``size``, but
    no more cases than ``share`` if that is less.
    """
    if not batches:
        return None
    most = max(size, min(_MOST_BATCHES * size, share))
    taken = batches.popleft()
    while batches and batches[0].start == taken.stop and batches[0].stop - taken.start <= most:
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
    blamed: int = 0
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
            deviates=verdicts["deviates"] if self.options.target is None else self.blamed,
            suite_faults=verdicts["suite-fault"],
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

    def _next_batch(self, unit: _Unit) -> range | None:
        with self.lock:
            left = sum(len(batch) for unit in self.units for batch in unit.batches)
            lanes = self.options.lanes
            # Half of a lane's share, so that the lanes end together.
            share = left if lanes == 1 else left // (2 * lanes)
            return take_batch(unit.batches, self.options.batch, share)

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
            while (batch := self._next_batch(unit)) is not None:
                try:
                    self._run_batch(lane, settler, batch)
                except NurseryError:
                    for index in sorted(set(batch) - self.record.has(batch.start, batch.stop)):
                        self._keep(index, judge.not_run(index, _START_FAILED))
                self.record.flush()
        finally:
            lane.close()
            with self.lock:
                unit.lanes -= 1

    def _run_batch(self, lane: Lane, settler: Settler, batch: range) -> None:
        """Run a batch; after a loss it goes on behind the lost case, in a new runner."""
        while batch:
            loss = lane.run(batch)
            if loss is None:
                return
            ran = range(batch.start, loss.index + 1)
            self._settle(settler, loss, ran)
            batch = range(loss.index + 1, batch.stop)

    def _settle(self, settler: Settler, loss: Loss, ran: range) -> None:
        line, confirmed = settler.settle(loss, ran)
        self._keep(loss.index, line)
        with self.lock:
            self.losses += 1
            self.confirmed += confirmed

    def _keep(self, index: int, line: bytes) -> None:
        self.record.add(index, line)
        if self.options.target is not None and b'"verdict":"deviates"' in line:
            with self.lock:
                self.blamed += self._blames_target(json.loads(line))

    def _blames_target(self, record: dict[str, Any]) -> bool:
        """Tell whether a deviation is blamed on the target, on the pair, or on its own route."""
        target, parts = self.options.target, record["id"].split("/")
        blamed = {"pair"}
        if parts[0] == "exchange":
            owner = {way["route"]: way["owner"] for way in self.spec["ways"]}.get(parts[3])
            blamed |= {
                role
                for role, name in (("producer", parts[1]), ("consumer", parts[2]))
                if name == target
            }
            blamed |= {"route"} if owner == target else set()
        elif parts[1] == target:
            blamed |= {"library"}
        return any(
            entry["verdict"] == "deviates" and entry["blame"] in blamed
            for entry in record["judged"]
            if isinstance(entry, dict)
        )

    def _stopped(self) -> bool:
        return self.stop.is_set() or self.failure is not None
