"""A lane whose nursery is forked from this process: the engine's own, without a start of Python."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

from dlpack_conformance.engine import nursery
from dlpack_conformance.engine.lane import Lane

__all__ = ["ForkedLane"]

_PAUSE_SECONDS = 0.002


class _Forked:
    """A forked process, as a lane handles it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def kill(self) -> None:
        """End it at once."""
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def poll(self) -> int | None:
        """Wait status, None while it lives."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait status; `subprocess.TimeoutExpired` after so many seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and timeout is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("nursery", timeout)
            time.sleep(_PAUSE_SECONDS)
        return code


class ForkedLane(Lane):
    """As `Lane`; what this process has imported, its nurseries have, too.

    Only for libraries that a fork does not harm, and from a process of one thread.
    """

    def spawn(
        self, ours: socket.socket, theirs: socket.socket, spec_fd: int, stderr_fd: int
    ) -> _Forked:
        """Fork the nursery."""
        pid = os.fork()
        if pid:
            return _Forked(pid)
        try:
            ours.close()
            null = os.open(os.devnull, os.O_RDWR)
            for fd, to in ((null, 0), (null, 1), (stderr_fd, 2)):
                os.dup2(fd, to)
            os.setsid()
            # What this process freed would hide a leak: new memory comes out of it first.
            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
            if trim is not None:
                trim(0)
            nursery.main(theirs, spec_fd)
        finally:
            os._exit(0)
