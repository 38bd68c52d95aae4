"""``dlconform claims``: sentences that users believe, and whether they hold here."""

from __future__ import annotations

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import format_option, note, print_json, table

__all__ = ["command"]


@click.command(short_help="Sentences that users believe, and whether they hold.")
@click.argument("records", type=file_path(), required=False)
@format_option
def command(records: str | None, format_: str) -> Exit:
    """List the claims; with RECORDS, say which of them the cases show true or false."""
    from dlpack_conformance import modules

    if records is None:
        rows = modules().core.claims()
        if format_ == "json":
            print_json(rows)
        else:
            table(["claim", "text"], [[str(row["id"]), str(row["text"])] for row in rows])
        return Exit.OK
    from dlpack_conformance.report import read
    from dlpack_conformance.report.claims import claims

    found = read(records)
    shown = claims(found, None)
    if format_ == "json":
        print_json(shown)
    else:
        table(
            ["here", "claim", "cases"],
            [[row["shown"], row["text"], f"{row['count']:,}"] for row in shown],
        )
    if found.incomplete:
        note(f"incomplete: {found.incomplete}")
        return Exit.INCOMPLETE
    return Exit.OK
