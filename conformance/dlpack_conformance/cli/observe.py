"""Runs cases for a verb: progress on stderr, records in a file that is read back at the end."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dlpack_conformance.cli import output
from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.problem import Problem

if TYPE_CHECKING:
    from dlpack_conformance.cli.options import Selection
    from dlpack_conformance.engine import Progress, Summary
    from dlpack_conformance.report import Records

__all__ = ["nothing_ran", "observe"]


def observe(
    selection: Selection,
    *,
    out: str | None = None,
    jobs: int = 0,
    timeout_s: float = 10.0,
    shard: tuple[int, int] | None = None,
) -> tuple[Summary, Records]:
    """Run the selected cases and read their records.

    ``out``: path, ``-`` for stdout, None where they are not kept. ``timeout_s``: without a step.
    ``shard``: (number from 1, count), None for all cases.
    """
    from dlpack_conformance.engine import Options, run
    from dlpack_conformance.report import read

    if selection.target is not None:
        selection.check_target()
    with tempfile.TemporaryDirectory(prefix="dlconform-") as folder:
        path = str(Path(folder, "run.ndjson")) if out is None or out == "-" else out
        options = Options(
            profile=selection.profile,
            filters=selection.filters,
            libraries=selection.names,
            target=selection.target,
            files=selection.files,
            out=path,
            jobs=jobs,
            timeout_s=timeout_s,
            shard=shard,
            command=("dlconform", *sys.argv[1:]),
        )
        with output.Progress() as bar:
            summary = run(options, lambda now: bar(now.done, now.planned, _note(now)))
        if out == "-":
            with Path(path).open("rb") as records:
                shutil.copyfileobj(records, sys.stdout.buffer)
        return summary, read(path)


def _note(progress: Progress) -> str:
    counted = "  ".join(f"{name} {count:,}" for name, count in progress.outcomes.most_common(4))
    return f"{counted}  ({', '.join(progress.running)})" if progress.running else counted


def nothing_ran(selection: Selection) -> Problem:
    """Return the error of a selection without a case."""
    wanted = ", ".join(selection.filters) or "no filter"
    return Problem(
        "nothing-ran",
        f"no planned case is selected ({wanted}; profile {selection.profile})",
        "dlconform list shows the planned cases; dlconform libraries what is installed",
        exit_code=Exit.NOTHING_RAN,
    )
