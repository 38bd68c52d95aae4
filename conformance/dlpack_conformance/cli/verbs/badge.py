"""``dlconform badge``: a static badge of finished records."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import note
from dlpack_conformance.cli.problem import Problem
from dlpack_conformance.cli.reviewing import Known, expect_option

__all__ = ["command"]


@click.command(short_help="A badge that says what was claimed.")
@click.argument("records", type=file_path())
@click.option(
    "--out",
    required=True,
    type=file_path(),
    metavar="FILE",
    help="An .svg picture, or .json for a badge service's endpoint.",
)
@click.option(
    "--target", metavar="LIB", help="Whose badge; default: the run's target, or the only library."
)
@click.option(
    "--date",
    metavar="YYYY-MM-DD",
    help="When the run was; default: when the file was written, in UTC. Records hold no date.",
)
@expect_option
def command(records: str, out: str, target: str | None, date: str | None, known: Known) -> Exit:
    """Write a badge: library, version, cases that ran, profile, date, and how many deviate.

    Counted are deviations blamed on the library, on its pair or on its own routes; with
    expectations the known ones are told apart. Exits 0 whatever they are; an incomplete file gives
    a grey badge that claims nothing, a single shard none.
    """
    from dlpack_conformance.report import read
    from dlpack_conformance.report.badge import badge, write_badge

    found = read(records)
    day = _day(found.path.stat().st_mtime) if date is None else _checked(date)
    made = badge(found, target, day, known.review(found, target))
    write_badge(made, out)
    note(made.sentence)
    return Exit.OK


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=timezone.utc).strftime("%Y-%m-%d")


def _checked(date: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise Problem("option", f"--date {date!r} is no day", "allowed is YYYY-MM-DD")
    return date
