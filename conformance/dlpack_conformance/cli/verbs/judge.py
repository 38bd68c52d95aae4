"""``dlconform judge``: every verdict again, from the facts in the records alone."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from dlpack_conformance.cli.exits import Exit, first
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.reviewing import Known, expect_option

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
@expect_option
@click.option("--exit-zero", is_flag=True, help="Exit 0 in spite of deviations.")
def command(records: str, out: str, known: Known, exit_zero: bool) -> Exit:
    """Judge the facts in RECORDS again and write the records.

    With the catalogue that wrote them they come out byte for byte.
    """
    if known.expectations is not None:
        return _expecting(records, out, known, exit_zero=exit_zero)
    seen = _judge(records, out)
    found = {
        Exit.SUITE_FAULT: seen["suite-fault"],
        Exit.INCOMPLETE: not seen["footer"],
        Exit.DEVIATION: seen["deviates"],
    }
    return first((code for code, count in found.items() if count), exit_zero=exit_zero)


def _judge(records: str, out: str) -> Counter[str]:
    """Write the records and count what their cases say."""
    from dlpack_conformance.engine.records import judge_file, write_lines

    seen: Counter[str] = Counter()
    write_lines(out, _counted(judge_file(records), seen))
    return seen


def _expecting(records: str, out: str, known: Known, *, exit_zero: bool) -> Exit:
    """The same, and compare the new verdicts with what was expected; said on stderr."""
    from dlpack_conformance.cli.output import console
    from dlpack_conformance.cli.result import exit_of
    from dlpack_conformance.report import read
    from dlpack_conformance.report.review_terminal import print_review

    with tempfile.TemporaryDirectory(prefix="dlconform-") as folder:
        path = Path(folder, "judged.ndjson") if out == "-" else Path(out)
        _judge(records, str(path))
        if out == "-":
            with path.open("rb") as judged:
                shutil.copyfileobj(judged, sys.stdout.buffer)
        found = read(path)
    compared = known.review(found)
    print_review(console(stderr=True), compared)
    return exit_of(found, compared, exit_zero=exit_zero)


def _counted(lines: Iterable[bytes], seen: Counter[str]) -> Iterator[bytes]:
    """Pass the lines on and count what the exit code needs."""
    from dlpack_conformance.engine.records import outcome_and_verdict

    for line in lines:
        if line.startswith(_CASE):
            seen[outcome_and_verdict(line)[1]] += 1
        elif line.startswith(_FOOTER):
            seen["footer"] += 1
        yield line
