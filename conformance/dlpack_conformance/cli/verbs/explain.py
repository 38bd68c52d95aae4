"""``dlconform explain``: when two libraries share memory, with proof, rule and script."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import Selection, file_path
from dlpack_conformance.cli.output import console, format_option, note, print_json

if TYPE_CHECKING:
    from dlpack_conformance.report import Case, Expansion, Records

__all__ = ["command"]

_AXES = ("route", "request", "dtype", "layout", "source", "device")


@click.command(short_help="When two libraries share memory, and why.")
@click.argument("producer")
@click.argument("consumer")
@click.option("--route", metavar="NAME", help="Only this route, for example from_dlpack.")
@click.option("--request", metavar="TOKENS", help="Only this request: plain, or key-value tokens.")
@click.option("--dtype", metavar="NAME", help="Only this dtype.")
@click.option("--layout", metavar="NAME", help="Only this layout.")
@click.option("--source", metavar="NAME", help="Only this source.")
@click.option("--device", metavar="NAME", help="Only this device.")
@click.option(
    "--profile",
    default="default",
    show_default=True,
    metavar="NAME",
    help="Which products of the axes are taken.",
)
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
    help="Explain these records instead of running the cases now.",
)
@format_option
def command(
    producer: str,
    consumer: str,
    profile: str,
    library: tuple[str, ...],
    records: str | None,
    format_: str,
    **axes: str | None,
) -> Exit:
    """Explain what happens when PRODUCER's arrays go to CONSUMER: outcome, proof, rule, script."""
    from dlpack_conformance.cli.observe import nothing_ran, observe
    from dlpack_conformance.cli.scripts import make_scripts
    from dlpack_conformance.report import Expansion, explain, find, read

    chosen = {"producer": producer, "consumer": consumer}
    chosen.update({name: value for name in _AXES if (value := axes[name]) is not None})
    query = ",".join(f"{name}={value}" for name, value in chosen.items())
    selection = Selection((producer, consumer), library, None, profile, (query,))
    found = read(records) if records is not None else observe(selection)[1]
    if found.incomplete:
        note(f"incomplete: {found.incomplete}")
    cases = find(found, [query])
    if not cases:
        raise nothing_ran(selection)
    if format_ == "json":
        expansion = Expansion(found)
        print_json([_as_json(expansion, found, case) for case in cases])
    else:
        if len(cases) > 1:
            console().print(_counted(cases), style="bold")
        console().print(explain(found, cases, make_scripts(library)))
    return Exit.OK


def _counted(cases: list[Case]) -> str:
    """How often each outcome came, and how many cases of it deviate."""
    outcomes = Counter(case.outcome for case in cases)
    wrong = Counter(case.outcome for case in cases if case.verdict == "deviates")
    parts = [
        f"{count:,} {outcome}" + (f" ({wrong[outcome]:,} deviate)" if wrong[outcome] else "")
        for outcome, count in outcomes.most_common()
    ]
    return f"{len(cases):,} cases: {', '.join(parts)}\n"


def _as_json(expansion: Expansion, records: Records, case: Case) -> dict[str, Any]:
    """Return the case with all facts, the left-out ones put back."""
    return {
        "id": case.id,
        "outcome": case.outcome,
        "modifiers": case.modifiers,
        "verdict": case.verdict,
        "blame": case.blame,
        "judged": case.judged,
        "proof": case.proof,
        "facts": expansion.facts(case, records.position(case)),
    }
