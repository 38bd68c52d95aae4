"""One nursery and its runners, seen from the supervisor: orders out, records in, losses found."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from dlpack_conformance import modules
from dlpack_conformance.engine.census import child_environment
from dlpack_conformance.engine.crash import Loss, last_words, signal_name, stack_frames
from dlpack_conformance.engine.nursery import MESSAGE_BYTES
from dlpack_conformance.engine.runner import END_MARK, FACTS_MARK, STACK_SIGNAL
from dlpack_conformance.engine.still import Stillness

__all__ = ["Child", "Lane", "NurseryError", "StoppedError"]

_NURSERY = "dlpack_conformance.engine.nursery"
_PIPE_BYTES = 1 << 20
_START_SECONDS = 300.0
_READ_PAUSE_SECONDS = 0.01
_STACK_SECONDS = 1.0
_STDERR_BYTES = 1 << 16


class NurseryError(Exception):
    """The two libraries of a pair could not be imported together; the text says why."""


class StoppedError(Exception):
    """The run was asked to stop."""


class Child(Protocol):
    """What a lane needs of the process of its nursery; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    def kill(self) -> None:
        """End it at once."""

    def poll(self) -> int | None:
        """Wait status, None while it lives."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait status; `subprocess.TimeoutExpired` after so many seconds."""


class Lane:
    """Starts runners of one pair, one at a time, and reads what they send.

    ``pair``: keyword arguments of `Pair`. ``keep(index, line)`` is given each record as it comes.
    ``stopped()`` ends everything at the next look.
    """

    def __init__(
        self,
        pair: dict[str, Any],
        *,
        timeout_s: float,
        keep: Callable[[int, bytes], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._timeout_s = timeout_s
        self._keep = keep
        self._stopped = stopped
        self._spec_fd = os.memfd_create("dlconform-spec")
        os.write(self._spec_fd, json.dumps(pair).encode())
        self._journal = modules().core.Journal()
        self._stack_fd = os.memfd_create("dlconform-stack")
        self._stderr_fd = os.memfd_create("dlconform-stderr")
        self._child: Child | None = None
        self._control: socket.socket | None = None
        self._fresh: str | None = None

    def close(self) -> None:
        """End nursery and runner, and free what they shared."""
        self._end_nursery()
        for fd in (self._spec_fd, self._stack_fd, self._stderr_fd):
            os.close(fd)

    def run(
        self, indices: Sequence[int], *, send_facts: bool = False, keep: bool = True
    ) -> Loss | None:
        """Run ``indices`` in one new runner; None when it ended with its end mark.

        Raises
        ------
        NurseryError
            The nursery can't be started.
        StoppedError
            The run was asked to stop.
        """
        if self._child is None:
            self._start_nursery()
        pipe = self._order(indices, send_facts)
        try:
            return _Watch(self, pipe, indices, keep).loss()
        finally:
            os.close(pipe)
            if self._fresh is not None or self._child is None or self._child.poll() is not None:
                self._end_nursery()  # the next runner gets a new one

    # The nursery.

    def _start_nursery(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._child = self.spawn(ours, theirs, self._spec_fd, self._stderr_fd)
        self._control = ours
        answer = self.hear(_START_SECONDS)
        if answer is None or "ready" not in answer:
            reason = answer["failed"] if answer else self._how_nursery_ended()
            self._end_nursery()
            raise NurseryError(reason)
        self._fresh = answer["fresh"]

    def spawn(
        self, ours: socket.socket, theirs: socket.socket, spec_fd: int, stderr_fd: int
    ) -> Child:
        """Start the process of the nursery, which serves orders on ``theirs``."""
        return subprocess.Popen(
            [sys.executable, "-m", _NURSERY, str(theirs.fileno()), str(spec_fd)],
            pass_fds=(theirs.fileno(), spec_fd),
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr_fd,
            start_new_session=True,
        )

    def _how_nursery_ended(self) -> str:
        assert self._child is not None
        self._child.kill()
        code = self._child.wait()
        words = last_words(self.stderr())
        how = signal_name(-code) if code < 0 else f"status {code}"
        return f"importing ended the process ({how})" + (f": {words}" if words else "")

    def _end_nursery(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        if self._control is not None:
            self._control.close()
        self._child = self._control = None

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Return the next message of the nursery; None when it is gone or silent for so long.

        Raises
        ------
        StoppedError
            The run was asked to stop.
        """
        assert self._control is not None
        end = time.monotonic() + seconds
        while not self._stopped():
            ready, _, _ = select.select(
                [self._control], [], [], min(0.2, max(0.0, end - time.monotonic()))
            )
            if ready:
                with contextlib.suppress(ConnectionResetError):
                    text = self._control.recv(MESSAGE_BYTES)
                    return json.loads(text) if text else None
                return None
            if time.monotonic() >= end:
                return None
        raise StoppedError

    def kill_nursery(self) -> None:
        """End a nursery that does not answer; its socket closes by that."""
        assert self._child is not None
        self._child.kill()

    @property
    def is_gone(self) -> bool:
        """Whether the nursery has ended, whoever else may have its socket."""
        return self._child is None or self._child.poll() is not None

    def exit_status(self) -> int | None:
        """Wait status of a fresh runner, or of a nursery that is gone."""
        assert self._child is not None
        try:
            return self._child.wait(timeout=_STACK_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    @property
    def control(self) -> socket.socket:
        """Our end of the nursery's socket."""
        assert self._control is not None
        return self._control

    @property
    def nursery(self) -> int:
        """Its process."""
        assert self._child is not None
        return self._child.pid

    @property
    def timeout_s(self) -> float:
        """Seconds without a journal step after which a runner may count as standing still."""
        return self._timeout_s

    # One runner.

    def _order(self, indices: Sequence[int], send_facts: bool) -> int:
        """Have a runner started; return the end of its pipe that we read."""
        self._journal.clear()
        for fd in (self._stack_fd, self._stderr_fd):
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
        what = {"send_facts": send_facts, "runs": _runs(indices)}
        read_fd, write_fd = os.pipe()
        with contextlib.suppress(OSError):  # a smaller pipe only makes the runner wait more often
            fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(read_fd, False)
        fds = [write_fd, self._journal.fd, self._stack_fd, self._stderr_fd]
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # its end is noticed by the watch
            socket.send_fds(self.control, [json.dumps(what).encode()], fds)
        os.close(write_fd)
        return read_fd

    def journal(self) -> tuple[int, int, int]:
        """Case index (-1: none yet), step, beat."""
        found: tuple[int, int, int] = self._journal.read()
        return found

    def touched(self) -> bool:
        """Tell whether the runner's handler saw the host touch memory of a device."""
        found: bool = self._journal.touched
        return found

    def stack(self) -> str:
        """What a fatal signal or `STACK_SIGNAL` left."""
        return _content(self._stack_fd)

    def stderr(self) -> str:
        """Return the end of what the runner wrote to its error stream."""
        return _content(self._stderr_fd)

    def keep(self, index: int, line: bytes) -> None:
        """Hand a record on."""
        self._keep(index, line)

    def check(self) -> None:
        """Raise `StoppedError` where the run was asked to stop."""
        if self._stopped():
            raise StoppedError


class _Watch:
    """Follows one runner to its end."""

    def __init__(self, lane: Lane, pipe: int, indices: Sequence[int], keep: bool) -> None:
        self._lane = lane
        self._pipe = pipe
        self._indices = indices
        self._keep = keep
        self._rest = b""
        self._done = 0
        self._ended = False
        self._seen: dict[str, Any] = {}
        self._steps = modules().core.Journal.STEPS

    def loss(self) -> Loss | None:
        lane = self._lane
        pid: int | None = None
        status: int | None = None
        gone = False
        hung: tuple[int, int] | None = None
        still = Stillness(lane.timeout_s)
        while not gone:
            control = lane.control.fileno()
            ready, _, _ = select.select([control, self._pipe], [], [], 0.1)
            if self._pipe in ready and hung is None:
                self._drain()
                # Records pile up in the pipe meanwhile: one wake-up for hundreds of them.
                ready, _, _ = select.select([control], [], [], _READ_PAUSE_SECONDS)
            if control in ready:
                message = lane.hear(0.0)
                if message is None:
                    gone, status = True, lane.exit_status()
                elif "pid" in message:
                    pid = message["pid"]
                else:
                    gone, status = True, message["exit"]
            elif lane.is_gone:  # what it left behind holds its end of the socket
                gone, status = True, lane.exit_status()
            lane.check()
            if hung is None and not gone and still.stands(lane.journal()[2], pid or lane.nursery):
                self._drain()
                hung = lane.journal()[:2]
                self._ask_and_end(pid)
        if hung is None:
            self._drain()
            if self._ended:
                return None
        return self._what_happened(hung or lane.journal()[:2], hung is not None, status)

    def _ask_and_end(self, pid: int | None) -> None:
        """Ask for the Python stack, which works while the GIL is held, then end the runner.

        The signal may wake it: what it sends from now on is not read.
        """
        if pid is None:
            self._lane.kill_nursery()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, STACK_SIGNAL)
            end = time.monotonic() + _STACK_SECONDS
            before, now = "", self._lane.stack()
            while (not now or now != before) and time.monotonic() < end:
                time.sleep(_READ_PAUSE_SECONDS)
                before, now = now, self._lane.stack()
            os.kill(pid, signal.SIGKILL)

    def _drain(self) -> None:
        """Take what the pipe holds: records, facts, the end mark; an unfinished line waits."""
        while True:
            try:
                data = os.read(self._pipe, _PIPE_BYTES)
            except BlockingIOError:
                return
            if not data:
                return
            lines = (self._rest + data).split(b"\n")
            self._rest = lines.pop()
            for line in lines:
                self._line(line + b"\n")

    def _line(self, line: bytes) -> None:
        if line == END_MARK:
            self._ended = True
        elif line.startswith(FACTS_MARK):
            self._seen = json.loads(line[len(FACTS_MARK) :])
        else:
            if self._keep:
                self._lane.keep(self._indices[self._done], line)
            self._done += 1
            self._seen = {}

    def _what_happened(self, place: tuple[int, int], hung: bool, status: int | None) -> Loss:
        index, step = place
        at = min(self._done, len(self._indices) - 1)
        if index != self._indices[at]:  # between two cases: the next one had not begun
            index, step = self._indices[at], 0
        seen = self._seen.get("facts", {}) if self._seen.get("case") == index else {}
        killed = status is not None and status < 0
        return Loss(
            index=index,
            step=self._steps[step],
            how="hung" if hung else "signal" if killed else "exit",
            signal=signal_name(-status) if status is not None and killed and not hung else None,
            status=status if not hung and not killed else None,
            stack=stack_frames(self._lane.stack()),
            message=last_words(self._lane.stderr()),
            done=self._done,
            seen=seen,
            touched=not hung and self._lane.touched(),
        )


def _runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """First and one past the last of each row of neighbours: a message has a largest size."""
    if isinstance(indices, range) and indices.step == 1:
        return [(indices.start, indices.stop)]
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and runs[-1][1] == index:
            runs[-1] = runs[-1][0], index + 1
        else:
            runs.append((index, index + 1))
    return runs


def _content(fd: int) -> str:
    size = os.fstat(fd).st_size
    return os.pread(fd, _STDERR_BYTES, max(0, size - _STDERR_BYTES)).decode("utf-8", "replace")
