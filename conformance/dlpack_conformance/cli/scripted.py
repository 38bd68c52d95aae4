"""Runs scripts of cases, each in a process of its own, as many at once as there are cores."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from dlpack_conformance.engine.census import child_environment

__all__ = ["Ran", "at_once", "run_script"]

_SECONDS = 60
_Given = TypeVar("_Given")
_Got = TypeVar("_Got")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a script ended. ``status``: its exit status; negative: the signal; None: it hung."""

    status: int | None
    output: str

    @property
    def words(self) -> str:
        """The end in words."""
        return "no end" if self.status is None else f"status {self.status}"


def run_script(text: str) -> Ran:
    """Run a script alone in a new process, in an empty folder, for a minute at most."""
    with tempfile.TemporaryDirectory(prefix="dlconform-") as folder:
        try:
            child = subprocess.run(
                [sys.executable, "-c", text],
                cwd=folder,
                env=child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            return Ran(None, str(error.output or ""))
    return Ran(child.returncode, child.stdout)


def at_once(work: Callable[[_Given], _Got], given: Iterable[_Given]) -> Iterator[_Got]:
    """Results of ``work`` in the order of ``given``, computed on all cores of this process."""
    with ThreadPoolExecutor(max_workers=max(1, len(os.sched_getaffinity(0)))) as pool:
        yield from pool.map(work, given)
