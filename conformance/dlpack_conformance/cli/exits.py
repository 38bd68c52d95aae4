"""Exit codes of the command and which one wins where several apply."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

__all__ = ["Exit", "first"]


class Exit(IntEnum):
    """What an exit code says."""

    OK = 0
    DEVIATION = 1
    INTERRUPTED = 2
    SUITE_FAULT = 3
    USAGE = 4
    NOTHING_RAN = 5
    STALE = 6
    INCOMPLETE = 7


_ORDER = (
    Exit.USAGE,
    Exit.INTERRUPTED,
    Exit.SUITE_FAULT,
    Exit.INCOMPLETE,
    Exit.NOTHING_RAN,
    Exit.DEVIATION,
    Exit.STALE,
)


def first(codes: Iterable[Exit], *, exit_zero: bool = False) -> Exit:
    """The code that is reported; ``exit_zero`` turns 1 and 6 into 0, nothing else."""
    present = set(codes)
    if exit_zero:
        present -= {Exit.DEVIATION, Exit.STALE}
    return next((code for code in _ORDER if code in present), Exit.OK)
