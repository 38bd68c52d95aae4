"""``dlconform judge``: every verdict again, from the facts in the records alone."""

from __future__ import annotations

import gzip
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from dlpack_conformance.cli.exits import Exit, first
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.problem import Problem

__all__ = ["command"]

_FOOTER = b'{"kind":"footer"'
_CASE = b'{"kind":"case"'


@click.command(short_help="Judge the facts in records again.")
@click.argument("records", type=file_path())
@click.option(
    "--out",
    default="-",
    show_default=True,
    metavar="FILE",
    help="Where the records go; - is stdout.",
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of deviations.")
def command(records: str, out: str, exit_zero: bool) -> Exit:
    """Judge the facts in RECORDS again and write the records.

    With the catalogue that wrote them they come out byte for byte.
    """
    from dlpack_conformance.engine.records import judge_file

    seen: Counter[str] = Counter()
    lines = _counted(judge_file(records), seen)
    if out == "-":
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
    else:
        _write(Path(out), lines)
    found = {
        Exit.SUITE_FAULT: seen["suite-fault"],
        Exit.INCOMPLETE: not seen["footer"],
        Exit.DEVIATION: seen["deviates"],
    }
    return first((code for code, count in found.items() if count), exit_zero=exit_zero)


def _counted(lines: Iterable[bytes], seen: Counter[str]) -> Iterator[bytes]:
    """Pass the lines on and count what the exit code needs."""
    from dlpack_conformance.engine.records import outcome_and_verdict

    for line in lines:
        if line.startswith(_CASE):
            seen[outcome_and_verdict(line)[1]] += 1
        elif line.startswith(_FOOTER):
            seen["footer"] += 1
        yield line


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """Write beside the file and rename, so that a failure on the way leaves the old one."""
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        with gzip.open(draft, "wb") if path.suffix == ".gz" else draft.open("wb") as stream:
            stream.writelines(lines)
        draft.replace(path)
    except OSError as error:
        raise Problem("option", f"--out {path}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
