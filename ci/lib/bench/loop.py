"""The whole loop against the calls into the libraries, against the clock, and against isolation.

Each pair is measured in a process of its own, on all its cases of the default profile that do not
end the process.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import default_records, emit

ROUNDS = 3
TIMED = frozenset({"make", "describe", "read", "get", "write"})
OURS = "reference"


class Clock:
    """Adds up what calls cost, without what the adding costs."""

    def __init__(self) -> None:
        self.spent_ns = 0
        self.calls = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``call`` with its time added up."""
        now = time.perf_counter_ns

        def timed(*arguments: Any) -> Any:
            begin = now()
            try:
                return call(*arguments)
            finally:
                self.spent_ns += now() - begin
                self.calls += 1

        return timed

    def seconds(self) -> float:
        """Time inside the calls alone."""
        probe = Clock()
        nothing = probe.around(lambda *_: None)
        for _ in range(100_000):
            nothing(1)
        return (self.spent_ns - self.calls * probe.spent_ns / probe.calls) / 1e9


class Timed:
    """A library file whose functions are timed."""

    def __init__(self, library: Any, clock: Clock) -> None:
        self._library = library
        self._timed = {name: clock.around(getattr(library, name)) for name in TIMED}

    def __getattr__(self, name: str) -> Any:
        return self._timed.get(name) or getattr(self._library, name)


def plain_loop(pair: Any, indices: list[int], out: Any) -> float:
    """Seconds for all cases in one loop, judged, encoded and written."""
    from dlpack_conformance.engine.runner import Cases

    cases = Cases(pair, lambda index, step: None)
    begin = time.perf_counter()
    for index in indices:
        out.write(cases.line(index))
    out.flush()
    return time.perf_counter() - begin


def library_seconds(pair: Any, indices: list[int]) -> float:
    """Seconds inside the calls into the two libraries, which are those of `TIMED` and the route."""
    clock = Clock()
    ways = pair.bound()
    kept = pair.producer, pair.consumer, [way.call for way in ways]
    pair.producer, pair.consumer = Timed(pair.producer, clock), Timed(pair.consumer, clock)
    for way in ways:
        way.call = clock.around(way.call)
    with Path(os.devnull).open("wb") as out:
        plain_loop(pair, indices, out)
    pair.producer, pair.consumer = kept[:2]
    for way, call in zip(ways, kept[2], strict=True):
        way.call = call
    return clock.seconds()


def isolated_seconds(order: dict[str, Any], indices: list[int]) -> float:
    """Seconds for the same cases through nursery, runner, journal and pipe; the nursery is up.

    The batches are those of a run with one lane.
    """
    from dlpack_conformance.engine import Options
    from dlpack_conformance.engine.lane import Lane
    from dlpack_conformance.engine.supervisor import take_batch

    size, begin, batches = Options().batch, 0, []
    places = deque(range(at, min(at + size, len(indices))) for at in range(0, len(indices), size))
    while (batch := take_batch(places, size, len(indices) - begin)) is not None:
        batches.append(indices[batch.start : batch.stop])
        begin = batch.stop
    with tempfile.TemporaryFile() as out:
        lane = Lane(
            order, timeout_s=60.0, keep=lambda index, line: out.write(line), stopped=lambda: False
        )
        try:
            lane.run(indices[:1])
            best = float("inf")
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                lost = [lane.run(batch) for batch in batches]
                best = min(best, time.perf_counter() - begin)
                if any(lost):
                    raise SystemExit(f"a case was lost in the benchmark: {lost}")
        finally:
            lane.close()
    return best


def measure(order: dict[str, Any], indices: list[int]) -> dict[str, float]:
    """Measure one pair in this process, as its nursery would run it."""
    from dlpack_conformance.engine.keywords import learn_here
    from dlpack_conformance.engine.pair import Pair

    pair = Pair(**order)
    learn_here(pair.bound())
    pair.prepare_all()
    gc.collect()
    gc.disable()
    gc.freeze()
    whole = inside = float("inf")
    with tempfile.TemporaryFile() as out:
        for _ in range(ROUNDS):
            whole = min(whole, plain_loop(pair, indices, out))
            inside = min(inside, library_seconds(pair, indices))
    return {"cases": len(indices), "whole": whole, "inside": inside}


def main() -> None:
    """Measure all pairs and print the three ratios."""
    from dlpack_conformance.engine.census import child_environment

    orders, indices = pairs()
    measured = {}
    for pair, order in orders.items():
        child = subprocess.run(
            [sys.executable, __file__],
            input=json.dumps([order, indices[pair]]),
            env=child_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if child.returncode:
            raise SystemExit(f"{pair}: {child.stderr}")
        measured[pair] = json.loads(child.stdout)
        measured[pair]["isolated"] = isolated_seconds(order, indices[pair])

    def total(key: str, chosen: list[Any]) -> float:
        return sum(measured[pair][key] for pair in chosen)

    theirs = [pair for pair in measured if OURS not in pair]
    for pair in theirs:
        emit(
            f"whole loop / library calls, {' -> '.join(pair)}",
            measured[pair]["whole"] / measured[pair]["inside"],
            None,
        )
    emit("whole loop / library calls", total("whole", theirs) / total("inside", theirs), 1.5)
    every = list(measured)
    emit(
        "cases a second on one core",
        total("cases", every) / total("whole", every),
        20_000,
        at_least=True,
    )
    emit(
        "isolation / the same cases in one loop",
        total("isolated", every) / total("whole", every),
        1.10,
    )


def pairs() -> tuple[dict[tuple[str, str], dict[str, Any]], dict[tuple[str, str], list[int]]]:
    """What to start each pair with, and the plan's indices of its cases that came back."""
    from dlpack_conformance import modules
    from dlpack_conformance.report import read

    records = read(default_records())
    spec = records.header["census"]
    plan = modules().core.Plan(spec)
    orders = {
        (producer, consumer): {
            "spec": spec,
            "producer_name": producer,
            "consumer_name": consumer,
            "begin": begin,
            "end": end,
        }
        for producer, consumer, begin, end in plan.pairs
        if consumer
    }  # fmt: skip
    indices: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, case in enumerate(records.cases):
        axes = case.axes
        if axes["case"] == "exchange" and case.outcome not in ("crashed", "hung", "not-run"):
            indices[axes["producer"], axes["consumer"]].append(at)
    return {pair: order for pair, order in orders.items() if indices[pair]}, indices


if __name__ == "__main__":
    print(json.dumps(measure(*json.load(sys.stdin))))
