"""``dlconform --help`` and completion: milliseconds from process start to exit."""

from __future__ import annotations

import os
import subprocess
import time

from measure import DLCONFORM, emit

ROUNDS = 15


def milliseconds(arguments: list[str], environment: dict[str, str]) -> float:
    """Best of some runs; the first ones write the bytecode."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        subprocess.run(
            [DLCONFORM, *arguments],
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        best = min(best, time.perf_counter() - begin)
    return 1000 * best


def main() -> None:
    """Measure both."""
    asked = {"_DLCONFORM_COMPLETE": "bash_complete", "COMP_WORDS": "dlconform r", "COMP_CWORD": "1"}
    emit("dlconform --help, ms", milliseconds(["--help"], {}), 100)
    emit("completion, ms", milliseconds([], asked), 100)
