"""What a run is asked to do, and what it answers."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field

from dlpack_conformance.errors import OptionError

__all__ = ["Options", "Progress", "Summary"]


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run.

    ``libraries``: names, None for all that import; ``files``: library files from outside; ``out``:
    path, ``-`` is stdout; ``jobs``: nurseries at a time, 0 for one a core; ``shard``: (number from
    1, count); ``timeout_s``: seconds without a journal step; ``batch``: cases that a runner takes,
    up to four times as many where enough are left; ``command``: how the user called us, for the
    header.

    Raises
    ------
    OptionError
        A number is out of its range.
    """

    profile: str = "default"
    filters: tuple[str, ...] = ()
    libraries: tuple[str, ...] | None = None
    target: str | None = None
    files: tuple[str, ...] = ()
    out: str = "dlconform.ndjson"
    jobs: int = 0
    shard: tuple[int, int] | None = None
    timeout_s: float = 10.0
    batch: int = 4096
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.jobs < 0:
            raise OptionError(f"--jobs {self.jobs}: allowed is 0 (one a core) and above")
        if self.batch < 1:
            raise OptionError(f"batch {self.batch}: allowed is 1 and above")
        if not self.timeout_s > 0:
            raise OptionError(f"--timeout {self.timeout_s}: allowed is a time above 0 seconds")
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise OptionError(f"--shard {self.shard[0]}/{self.shard[1]}: allowed is 1/n to n/n")

    @property
    def lanes(self) -> int:
        """How many nurseries may live at a time."""
        return self.jobs or _cores()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; ``running``: the pairs at work, each ``producer -> consumer``."""

    done: int
    planned: int
    outcomes: Counter[str]
    verdicts: Counter[str]
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run left.

    ``confirmed``: losses that a second run showed again; ``missing``: library -> why it could not
    be used.
    """

    out: str
    planned: int
    written: int
    outcomes: Counter[str]
    verdicts: Counter[str]
    interrupted: bool
    losses: int
    confirmed: int
    seconds: float
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Every planned case has its line, and the file its footer."""
        return not self.interrupted and self.written == self.planned
