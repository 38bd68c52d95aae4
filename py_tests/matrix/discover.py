"""Writes ``entries.cmake``: one CTest entry per producer x consumer x route of the quick profile.

Called by ctest when it starts. Asking the libraries takes seconds, so the answer is kept until the
suite's digest or the set of installed distributions changes.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from importlib.metadata import distributions
from pathlib import Path

HERE = Path(__file__).parent


def key() -> str:
    """Return what the answer depends on: the suite's sources and what is installed beside it."""
    from dlpack_conformance._digest import DIGEST

    installed = sorted(f"{found.name}={found.version}" for found in distributions())
    return f"# {DIGEST} {sys.version.split()[0]} {' '.join(installed)}"


def planned() -> Counter[tuple[str, str, str]]:
    """Count the planned cases of each producer, consumer and route."""
    from dlpack_conformance import modules
    from dlpack_conformance.engine.census import census

    plan = modules().core.Plan(census().spec("quick"))
    axes = (plan.id(index).split("/") for index in range(len(plan)))
    return Counter((id_[1], id_[2], id_[3]) for id_ in axes if id_[0] == "exchange")


def entry(run_dir: Path, way: tuple[str, str, str], count: int) -> str:
    """Return the lines that register one entry."""
    name = ".".join(("matrix", *way))
    call = [sys.executable, str(HERE / "entry.py"), str(run_dir), *way, str(count)]
    words = " ".join(f'"{word}"' for word in call)
    return (
        f'add_test("{name}" {words})\n'
        f'set_tests_properties("{name}" PROPERTIES LABELS "matrix;cpu"'
        " FIXTURES_REQUIRED matrix TIMEOUT 60)\n"
    )


def main(run_dir: Path) -> None:
    """Write the file unless the one that is there has the same key."""
    path = run_dir / "entries.cmake"
    wanted = key()
    if path.exists() and path.read_text().split("\n", 1)[0] == wanted:
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    entries = "".join(entry(run_dir, way, count) for way, count in sorted(planned().items()))
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(f"{wanted}\n{entries}")
    draft.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
