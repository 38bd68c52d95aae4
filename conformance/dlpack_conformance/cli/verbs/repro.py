"""``dlconform repro``: a short script that shows one case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import Selection, file_path
from dlpack_conformance.cli.problem import Problem

if TYPE_CHECKING:
    from dlpack_conformance.report import Case, Scripts

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
    """Print a script of at most 25 lines that uses the libraries of CASE alone.

    Run it: it exits 1 when it sees what is wrong in CASE (the deviation, an exception of another
    class than the text has, a process lost over malformed input), else 0. Where nothing is wrong in
    CASE it exits 1 when it sees anything but what was recorded. In a protocol case the reference
    stands on the other side where a tensor has to be crafted; where no few lines can show what the
    case saw, the script lets dlconform run the case.
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
    click.echo(_best(make_scripts(library, traced=True), seen, facts), nl=False)
    return Exit.OK


def _best(scripts: Scripts, case: Case, facts: Mapping[str, Any]) -> str:
    """The first script that sees nothing wrong where the reference stands for the library.

    One that also accuses the reference looks at too little.
    """
    from dlpack_conformance.cli.scripted import run_script
    from dlpack_conformance.report.repro import accuses

    kind, _, *rest = case.id.split("/")
    if kind != "protocol" or not accuses(case, case.deciding):
        return scripts.script(case, facts)
    others = ["/".join([kind, "reference", *rest])]
    text = ""
    for script in scripts.scripts(case, facts, others=others):
        text = script.text
        if script.against is None or run_script(script.against).status == 0:
            break
    return text
