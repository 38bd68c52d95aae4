"""The process that runs a batch: journal before each step, records out on a pipe of our own."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dlpack_conformance import modules
from dlpack_conformance.engine.exchange import EXCHANGE, MAKE, STEPS, Exchange
from dlpack_conformance.engine.observer import CaseObserver, SourceNotMadeError
from dlpack_conformance.engine.pair import NotRun, Pair
from dlpack_conformance.engine.texts import WarningLog, normal
from dlpack_conformance.engine.usage import run_usage
from dlpack_conformance.libraries import NotMadeError
from dlpack_conformance.probes import Probe

__all__ = ["END_MARK", "FACTS_MARK", "STACK_SIGNAL", "Cases", "run_batch"]

END_MARK = b"E\n"
FACTS_MARK = b"F "
STACK_SIGNAL = signal.SIGUSR2


class Cases:
    """Runs cases of one pair in this process and gives their record lines."""

    def __init__(self, pair: Pair, step: Callable[[int, int], None]) -> None:
        self._pair = pair
        self._step = step
        self._warning_log = warning_log = WarningLog()
        warning_log.install()
        self.exchange = Exchange(
            pair.producer,
            pair.consumer,
            catalogue=pair.catalogue,
            step=step,
            warning_log=warning_log,
        )

    def line(self, index: int) -> bytes:
        """Run case ``index`` of the plan; an error of ours becomes the fact ``suite.fault``."""
        exchange = self.exchange
        facts = exchange.facts
        case = self._pair.case(index)
        if isinstance(case, NotRun):
            absent: bytes = self._pair.judge.not_run(index, case.reason)
            return absent
        start = time.perf_counter_ns()
        try:
            if isinstance(case, tuple):
                exchange.run(index, self._pair.catalogue.prepared(case[1]), case[0])
            elif isinstance(case, str):
                facts.clear()
                facts.set("route.absent", case)
            elif isinstance(case, Probe):
                self._observe(index, case)
            else:
                facts.clear()
                self._step(index, EXCHANGE)
                facts.update(run_usage(case))
        except Exception as error:
            facts.set("suite.fault", _fault(error))
        line: bytes = self._pair.judge.record(index, facts, time.perf_counter_ns() - start)
        return line

    def _observe(self, index: int, probe: Probe) -> None:
        """Run a protocol case; what it saw before an error of ours is kept."""
        exchange, pair = self.exchange, self._pair
        exchange.seen.clear()
        exchange.facts.clear()
        self._step(index, MAKE)
        observer = CaseObserver(
            pair.producer,
            pair.reference,
            pair.catalogue,
            facts=exchange.seen,
            warning_log=self._warning_log,
            say=lambda number: self._step(index, number),
        )
        try:
            probe.run(observer)
        except NotMadeError as reason:
            exchange.seen.clear()
            exchange.seen["route.absent"] = str(reason)
        except SourceNotMadeError:
            exchange.seen["suite.not_run"] = "source-not-made"
        finally:
            exchange.facts.update(exchange.seen)


def run_batch(
    pair: Pair,
    indices: Sequence[int],
    *,
    pipe: int,
    journal_fd: int,
    stack_fd: int,
    stderr_fd: int,
    send_facts: bool,
) -> None:
    """Run ``indices`` in this process and write records, then the end mark, to ``pipe``.

    ``send_facts``: what was seen so far goes out before each step, so that it is known should the
    step be the last. ``stack_fd``: where a fatal signal or `STACK_SIGNAL` leaves the Python stack.
    """
    os.dup2(stderr_fd, 2)
    faulthandler.enable(file=stack_fd, all_threads=False)
    faulthandler.register(STACK_SIGNAL, file=stack_fd, all_threads=False)
    core, instrument = modules()
    journal = core.Journal(journal_fd)
    instrument.touch_word(journal.touch_word)  # last: its handler goes on to the one before
    step = journal.step
    cases = Cases(pair, _telling(lambda: cases.exchange, step, pipe) if send_facts else step)
    for index in indices:
        _write(pipe, cases.line(index))
    _write(pipe, END_MARK)


def _telling(
    exchange: Callable[[], Exchange], step: Callable[[int, int], None], pipe: int
) -> Callable[[int, int], None]:
    """Return a step that first sends the facts of the case so far."""

    def tell(index: int, number: int) -> None:
        running = exchange()
        running.facts.update(running.seen)
        text = json.dumps({"case": index, "step": STEPS[number], "facts": running.facts.to_dict()})
        _write(pipe, FACTS_MARK + text.encode() + b"\n")
        step(index, number)

    return tell


def _write(fd: int, data: bytes) -> None:
    done = os.write(fd, data)
    while done < len(data):
        done += os.write(fd, data[done:])


def _fault(error: Exception) -> str:
    """Class, message and place of an error of ours."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return normal(f"{type(error).__name__}: {error}")
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
    return normal(f"{type(error).__name__}: {error} at {place}")
