"""Runs the engine as a process of its own, for tests that stop it or read what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PLANTED = Path(__file__).with_name("planted_library.py")
CODE = """
import json, sys
from dlpack_conformance import engine
given = json.loads(sys.argv[1])
options = engine.Options(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})
summary = engine.run(options)
names = "complete written planned losses confirmed interrupted outcomes verdicts".split()
print(json.dumps({name: getattr(summary, name) for name in names}))
"""


def query(
    dtypes: str, *, route: str = "planted.fault", layout: str = "matrix", source: str = "plain"
) -> str:
    """Return the pattern of one layout's cases from the reference into the planted library."""
    return f"exchange/reference/planted/{route}/plain/{dtypes}/{layout}/{source}/cpu"


def start(place: Path, *filters: str, **options: Any) -> subprocess.Popen[str]:
    """Start a run over the planted library and the reference; records go to ``place``."""
    given = {
        "libraries": ["planted", "reference"],
        "files": [str(PLANTED)],
        "filters": list(filters),
        "out": str(place),
        "profile": "full",
        "timeout_s": 1.0,
        "jobs": 1,
        **options,
    }
    environment = {**os.environ, "PLANTED_DIR": str(place.parent)}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, json.dumps(given)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a run that must end well; its summary."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return dict(json.loads(out))


def records(path: Path) -> list[dict[str, Any]]:
    """All lines of a record file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def cases(path: Path) -> dict[str, dict[str, Any]]:
    """Case lines by dtype."""
    return {r["id"].split("/")[5]: r for r in records(path) if r["kind"] == "case"}


def wait_for(path: Path, seconds: float = 60.0) -> str:
    """Wait until a file is there; its text."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not appear"
        time.sleep(0.02)
    return path.read_text()
