"""Further files of a verb that has records: JUnit XML, the Markdown summary of a job, CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import note
from dlpack_conformance.cli.problem import Problem

if TYPE_CHECKING:
    from dlpack_conformance.report import Records
    from dlpack_conformance.report.marks import Reviewed

__all__ = ["Outputs", "output_options"]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Paths of what is wanted, None for the others."""

    junit: str | None
    markdown: str | None
    csv: str | None
    link: str

    def check(self) -> None:
        """Refuse a folder that is not there: said now, not after minutes of running."""
        for field in fields(self):
            path = getattr(self, field.name)
            if field.name == "link" or path is None:
                continue
            if not Path(path).absolute().parent.is_dir():
                cause = f"--{field.name} {path}: there is no such folder"
                raise Problem("option", cause, "make it, or choose one")

    def write(self, records: Records, review: Reviewed | None = None) -> None:
        """Write them; ``review``: what the expectations make of the records, where there are."""
        if self.junit is not None:
            from dlpack_conformance.report.junit import MOST_CASES, write_junit

            grouped = write_junit(records, self.junit, review)
            more = f" (a testcase is a group: more than {MOST_CASES:,} cases)" if grouped else ""
            note(f"junit: {self.junit}{more}")
        if self.markdown is not None:
            from dlpack_conformance.report.job_summary import write_job_summary

            write_job_summary(records, self.markdown, review, link=self.link)
            note(f"markdown: {self.markdown}")
        if self.csv is not None:
            from dlpack_conformance.report.csv_table import write_csv

            write_csv(records, self.csv, review)
            note(f"csv: {self.csv}")


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as one ``outputs``."""

    @wraps(command)
    def collected(*args: Any, **named: Any) -> Any:
        outputs = Outputs(**{field.name: named.pop(field.name) for field in fields(Outputs)})
        return command(*args, outputs=outputs, **named)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


_OPTIONS = (
    click.option(
        "--junit",
        type=file_path(),
        metavar="FILE",
        help="Write JUnit XML: reasons in the texts of what failed or was skipped.",
    ),
    click.option(
        "--markdown",
        type=file_path(),
        metavar="FILE",
        help="Write a summary for the page of a CI job, 64 KiB at most.",
    ),
    click.option("--csv", type=file_path(), metavar="FILE", help="Write a table, one row a case."),
    click.option(
        "--link",
        default="",
        metavar="URL",
        help="Where the page will be; the Markdown summary links to it.",
    ),
)
