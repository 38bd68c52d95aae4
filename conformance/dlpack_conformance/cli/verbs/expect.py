"""``dlconform expect``: check a file of expectations, and bring it up to date with records."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlpack_conformance.cli.exits import Exit, first
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import console, note
from dlpack_conformance.cli.problem import Problem

if TYPE_CHECKING:
    from dlpack_conformance.report import Records
    from dlpack_conformance.report.expectations import Expectations
    from dlpack_conformance.report.review import Review

__all__ = ["command"]


@click.group(short_help="Check and update a file of expectations.")
def command() -> None:
    """Expectations say what is known to deviate, and why; `run --expect` is red on all else."""


@command.command(short_help="Say everything that is wrong with a file.")
@click.argument("file")
@click.argument("records", type=file_path(), required=False)
@click.option("--target", metavar="LIB", help="Only what is blamed on LIB or its pair is red.")
def check(file: str, records: str | None, target: str | None) -> Exit:
    """Check FILE, or the list of that name that comes with the suite.

    Keys, values, rules, reasons and parts of case ids that do not exist, and entries without a
    reason exit 4. Entries whose review is overdue exit 6. With RECORDS, entries that do not hold
    exit 1, those that speak about no case 6; what they do not reach is named.
    """
    from dlpack_conformance.report import read
    from dlpack_conformance.report.expectations import parse

    expectations, errors = parse(file)
    for error in errors:
        Problem("expectations", str(error), error.hint).show()
    if errors:
        return Exit.USAGE
    overdue = [
        entry for entry in expectations.entries if entry.review and entry.review < date.today()
    ]
    for entry in overdue:
        note(f"overdue: {entry.name}: to be reviewed on {entry.review}: {entry.why}")
    codes = [Exit.STALE] if overdue else []
    count = f"{len(expectations.entries):,} entries in {len(expectations.files):,} files"
    if records is None:
        note(f"{count}: nothing wrong" if not overdue else f"{count}: {len(overdue):,} overdue")
        return first(codes)
    found = read(records)
    return first([*codes, _compare(found, expectations, target)])


def _compare(records: Records, expectations: Expectations, target: str | None) -> Exit:
    from dlpack_conformance.cli.result import exit_of
    from dlpack_conformance.report.expectation_when import missing
    from dlpack_conformance.report.review import review
    from dlpack_conformance.report.review_terminal import print_review

    for entry in expectations.entries:
        absent = missing(entry.when, records)
        if absent:
            note(
                f"{entry.name}: no library of the records has {', '.join(absent)}: it says nothing"
            )
        elif not entry.holds(records):
            note(f"{entry.name}: its `when` does not hold for the records: it says nothing")
    compared = review(records, expectations, None, target)
    _say_unreached(records, expectations, compared)
    print_review(console(), compared)
    return exit_of(records, compared)


def _say_unreached(records: Records, expectations: Expectations, compared: Review) -> None:
    """Name entries that match no case of the records: of another profile, or of no case at all."""
    from dlpack_conformance import modules

    entries = [entry for entry in expectations.entries if entry.holds(records)]
    ids = [case.id for case in records.cases]
    _, matched = modules().core.assign([list(entry.cases) for entry in entries], ids)
    for entry, count in zip(entries, matched, strict=True):
        if not count:
            note(f"{entry.name}: matches no case of the records")


@command.command(short_help="Add what is missing, with `why` left to you.")
@click.argument("file", type=file_path())
@click.argument("records", type=file_path())
@click.option("--target", metavar="LIB", help="Only what is blamed on LIB or its pair.")
def update(file: str, records: str, target: str | None) -> Exit:
    """Make FILE describe RECORDS: an entry for each kind of deviation that it does not expect.

    Patterns match those cases of the records and no other. Entries that are there stay, with their
    comments and in their order; one that holds for some of its cases keeps those. Each new entry
    has `why = ""`: say why, then `dlconform expect check FILE` accepts it.
    """
    from dlpack_conformance.report import read
    from dlpack_conformance.report.expectation_update import update as updated

    path = Path(file)
    found = read(records)
    if found.incomplete:
        raise Problem("incomplete", f"{records}: {found.incomplete}", "run to the end first")
    result = updated(path, found, target=target)
    draft = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        draft.write_text(result.text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise Problem("option", f"{path}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
    for number, count in result.narrowed.items():
        note(f"{path.name}:{number}: narrowed to the cases that it holds for: {count:,}")
    for number, count in result.added.items():
        cases = "1 case" if count == 1 else f"{count:,} cases"
        note(f"{path.name}:{number}: new, {cases}: say why")
    for line in result.left:
        note(f"left: {line}")
    if not (result.added or result.narrowed or result.left):
        note(f"{path}: describes the records already")
    return Exit.OK
