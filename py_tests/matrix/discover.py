"""Writes ``entries.cmake``: one CTest entry per producer x consumer x route of the quick profile.

Protocol cases have one per library and group of rules, usage cases one per library.

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


def planned() -> Counter[str]:
    """Count the planned cases of each entry; an entry is the beginning of its cases' ids."""
    from dlpack_conformance import modules
    from dlpack_conformance.engine.census import census

    plan = modules().core.Plan(census().spec("quick"))
    return Counter(beginning(plan.id(index)) for index in range(len(plan)))


def beginning(case_id: str) -> str:
    """What the ids of an entry's cases have in common."""
    kind, *parts = case_id.split("/")
    if kind == "exchange":
        return "/".join((kind, *parts[:3], ""))
    if kind == "protocol":
        return f"{kind}/{parts[0]}/{parts[1][0]}-"
    return f"{kind}/{parts[0]}/"


def entry(run_dir: Path, prefix: str, count: int) -> str:
    """Return the lines that register one entry."""
    kind, *parts = prefix.strip("/-").split("/")
    name = ".".join(("matrix", *([] if kind == "exchange" else [kind]), *parts))
    call = [sys.executable, str(HERE / "entry.py"), str(run_dir), prefix, str(count)]
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
    entries = "".join(entry(run_dir, prefix, count) for prefix, count in sorted(planned().items()))
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(f"{wanted}\n{entries}")
    draft.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
