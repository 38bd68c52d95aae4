"""The same cases in one plain loop, without isolation: what ``ci/bench`` compares with."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dlpack_conformance.engine.keywords import learn_here
from dlpack_conformance.engine.pair import Pair, Way
from dlpack_conformance.engine.prepare import Prepared
from dlpack_conformance.engine.runner import Cases
from dlpack_conformance.libraries import Source

__all__ = ["Timed", "calls_only", "in_process"]


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of processor time that ``cases`` cases took."""

    seconds: float
    cases: int

    @property
    def per_second(self) -> float:
        """Cases a second."""
        return self.cases / self.seconds


def _no_step(index: int, number: int) -> None:
    """No journal."""


def in_process(pair: Pair, indices: Sequence[int], *, out: int | None = None) -> Timed:
    """Run cases here, records written to ``out`` (a file descriptor; None: the null device).

    Cases that end the process have to be left out by the caller.
    """
    learn_here(pair.bound())
    pair.prepare_all()
    cases = Cases(pair, _no_step)
    sink = os.open(os.devnull, os.O_WRONLY) if out is None else out
    with _no_collector():
        start = time.process_time()
        for index in indices:
            os.write(sink, cases.line(index))
        seconds = time.process_time() - start
    if out is None:
        os.close(sink)
    return Timed(seconds, len(indices))


def calls_only(pair: Pair, indices: Sequence[int]) -> Timed:
    """Make only the calls into the two libraries that these cases make; nothing is kept."""
    learn_here(pair.bound())
    pair.prepare_all()
    todo = [case for case in map(pair.case, indices) if isinstance(case, tuple)]
    prepared = pair.catalogue.prepared
    with _no_collector():
        start = time.process_time()
        for way, key in todo:
            _calls(pair, prepared(key), way)
        seconds = time.process_time() - start
    return Timed(seconds, len(indices))


def _calls(pair: Pair, prepared: Prepared, way: Way) -> None:
    """Make the library calls of one case, in the order of `Exchange.run`."""
    producer, consumer = pair.producer, pair.consumer
    memory = None if prepared.template is None else prepared.template.make()
    try:
        a = producer.make(Source._make((*prepared.head, memory, prepared.image)))
    except Exception:
        return
    before = producer.describe(a)
    _export(a, way)
    try:
        b = way.call(a)
        after = consumer.describe(b)
        values = consumer.read(b)
    except Exception:
        return
    with suppress(Exception):
        b.__dlpack__(max_version=(1, 3))
    owned = memory is None
    if not prepared.empty and values == prepared.values:
        here = prepared.index
        there = here if after.shape == before.shape else prepared.flat_index
        if owned:
            producer.read(a)
        if before.writable and prepared.writable:
            producer.write(a, here, prepared.new, prepared.new_raw)
            consumer.get(b, there)
            if owned:
                producer.write(a, here, prepared.old, prepared.old_raw)
        if after.writable and prepared.writable:
            consumer.write(b, there, prepared.new, prepared.new_raw)
            if producer.get(a, here) == prepared.old or owned:
                consumer.write(b, there, prepared.old, prepared.old_raw)
        if owned:
            producer.read(a)
    elif owned:
        producer.read(a)
    del a, memory
    consumer.read(b)


def _export(a: Any, way: Way) -> None:
    try:
        a.__dlpack_device__()
        if way.gives is not None:
            way.gives(a)
            return
        if way.keywords is not None:
            a.__dlpack__(**way.keywords)
            return
        a.__dlpack__(max_version=(1, 3))
        a.__dlpack__()
    except Exception:
        return


class _no_collector:  # noqa: N801 - reads as a statement
    def __enter__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        gc.enable()
        gc.unfreeze()
