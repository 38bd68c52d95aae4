"""``dlconform diff``: what changed between two runs."""

from __future__ import annotations

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import note, table

__all__ = ["command"]


@click.command(short_help="What changed between two runs.")
@click.argument("before", type=file_path())
@click.argument("after", type=file_path())
@click.option(
    "--format",
    "format_",
    type=click.Choice(["pretty", "markdown", "json", "html"]),
    default="pretty",
    show_default=True,
    help="How the result is printed on stdout.",
)
@click.option(
    "--out", type=file_path(), metavar="FILE", help="Write markdown, json or html here instead."
)
def command(before: str, after: str, format_: str, out: str | None) -> Exit:
    """Name every case of AFTER that is not what it was in BEFORE: verdict, outcome, new, gone.

    First come cases that were allowed both times, but shared memory then and make a copy now. Exits
    0 whatever it finds. JSON has every case; the other formats have groups of them.
    """
    from dlpack_conformance.report import read
    from dlpack_conformance.report.diff import Difference
    from dlpack_conformance.report.diff_faces import COLUMNS, html, json, markdown, rows
    from dlpack_conformance.report.written import replace_text

    if format_ == "pretty" and out is not None:
        raise click.UsageError("--out needs --format markdown, json or html")
    found = Difference(read(before), read(after))
    for warning in found.warnings:
        note(warning)
    if format_ != "pretty":
        text = {"markdown": markdown, "json": json, "html": html}[format_](found)
        if out is None:
            click.echo(text, nl=False)
        else:
            replace_text(out, text)
            note(f"{format_}: {out}")
    elif found.groups:
        table(COLUMNS, rows(found))
    note(found.sentence)
    return Exit.OK
