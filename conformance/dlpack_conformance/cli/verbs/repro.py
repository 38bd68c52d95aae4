"""``dlconform repro``: a short script that shows one case."""

from __future__ import annotations

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import Selection, file_path
from dlpack_conformance.cli.problem import Problem

__all__ = ["command"]


@click.command(short_help="A short script that shows one case.")
@click.argument("case")
@click.option(
    "--library",
    multiple=True,
    type=file_path(exists=True),
    metavar="FILE.py",
    help="A library file from outside; repeatable.",
)
@click.option(
    "--records",
    type=file_path(),
    metavar="FILE",
    help="What was seen; default: the case is run now.",
)
def command(case: str, library: tuple[str, ...], records: str | None) -> Exit:
    """Print a script of at most 25 lines that uses the two libraries alone.

    Run it: it exits 1 when it sees the deviation of CASE and 0 when it does not.
    """
    from dlpack_conformance.cli.observe import observe
    from dlpack_conformance.cli.scripts import make_scripts
    from dlpack_conformance.report import Expansion, read

    if records is not None:
        found = read(records)
    else:
        found = observe(Selection(None, library, None, "full", (case,)))[1]
    seen = found.find(case)
    if seen is None:
        where = records or "what the installed libraries can do"
        raise Problem(
            "no-case", f"{case}: not in {where}", "dlconform list --profile full prints the ids"
        )
    facts = Expansion(found).facts(seen, found.position(seen))
    click.echo(make_scripts(library).script(seen, facts), nl=False)
    return Exit.OK
