"""What all measurements share: how one is printed, and how two are compared on a noisy machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path("build/bench")
DLCONFORM = Path(sys.executable).with_name("dlconform")


def emit(name: str, value: float, budget: float | None, *, at_least: bool = False) -> None:
    """Print one line. ``budget``: highest allowed value, lowest with ``at_least``, or None."""
    ok = budget is None or (value >= budget if at_least else value <= budget)
    line = {"name": name, "value": round(value, 3), "budget": budget, "ok": ok}
    print(json.dumps(line), flush=True)


def fastest(
    calls: dict[str, Callable[[], object]],
    *,
    between: Callable[[], object],
    rounds: int = 60,
    batch: int = 500,
) -> dict[str, float]:
    """Seconds a call, the best of ``rounds``; calls take turns, so that noise meets all of them.

    ``between`` is called after each batch and not timed.
    """
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.perf_counter()
            for _ in range(batch):
                call()
            best[name] = min(best[name], (time.perf_counter() - begin) / batch)
            between()
    return best


def dlconform(*arguments: object) -> float:
    """Run the installed command and return its seconds; exits other than 0 and 1 end all."""
    begin = time.perf_counter()
    code = subprocess.run(
        [DLCONFORM, *map(str, arguments)], check=False, stdout=subprocess.DEVNULL
    ).returncode
    if code not in (0, 1):
        raise SystemExit(f"dlconform {' '.join(map(str, arguments))}: exit {code}")
    return time.perf_counter() - begin


def default_records() -> Path:
    """Records of the default profile; `whole` makes them anew."""
    path = FOLDER / "run.ndjson"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        dlconform("run", "--profile", "default", "--exit-zero", "--out", path)
    return path
