"""What a nursery and a runner ask of the operating system, as far as it is Linux."""

from __future__ import annotations

import ctypes
import resource
import signal
import sys
from pathlib import Path

__all__ = ["fold_memory", "guard_process", "threads"]

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_MADV_HUGEPAGE, _MADV_COLLAPSE = 14, 25
_HUGE_BYTES = 2 << 20
_LINUX = sys.platform == "linux"


def guard_process() -> None:
    """No core file, no interrupt from the terminal, and no life after the parent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _LINUX:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # A core_pattern that is a pipe ignores the limit above; this it heeds.
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def threads() -> int:
    """Threads of this process that the kernel knows; 1 where it does not tell."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return 1


def fold_memory() -> None:
    """Fold heap and anonymous memory into huge pages: a fork then copies fewer page-table entries.

    Imported libraries leave some hundred megabytes of small objects; forking costs a third after
    it. It takes some hundred milliseconds itself. Kernels before 6.1 refuse: all stays as it is.
    """
    if not _LINUX:
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, *_, inode = line.split(maxsplit=5)[:5]
        named = line.endswith("[heap]") or len(line.split()) == 5
        if rights != "rw-p" or inode != "0" or not named:
            continue
        first, last = (int(edge, 16) for edge in place.split("-"))
        first, last = -(-first // _HUGE_BYTES) * _HUGE_BYTES, last // _HUGE_BYTES * _HUGE_BYTES
        if first >= last:
            continue
        madvise(first, last - first, _MADV_HUGEPAGE)
        for address in range(first, last, _HUGE_BYTES):
            madvise(address, _HUGE_BYTES, _MADV_COLLAPSE)
