"""``dlconform list``: the cases that a run would run, in its order."""

from __future__ import annotations

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import Selection, selection_options, shard_option
from dlpack_conformance.cli.output import format_option, note, print_json

__all__ = ["command"]


@click.command(short_help="The planned cases; nothing is run.")
@selection_options
@shard_option
@format_option
def command(selection: Selection, shard: tuple[int, int] | None, format_: str) -> Exit:
    """Print the ids of the planned cases; nothing is run."""
    from dlpack_conformance import modules
    from dlpack_conformance.engine import Options
    from dlpack_conformance.engine.shards import shard_cases

    wanted = Options(shard=shard).shard
    spec = selection.census().spec(selection.profile, selection.filters, selection.target)
    plan = modules().core.Plan(spec)
    ids = [plan.id(index) for cases in shard_cases(plan.pairs, wanted) for index in cases]
    if format_ == "json":
        print_json({"profile": selection.profile, "cases": ids, "excluded": plan.excluded})
    else:
        for case_id in ids:
            click.echo(case_id)
    excluded = sum(plan.excluded.values())
    note(f"{len(ids):,} cases; {excluded:,} combinations excluded" + _reasons(plan.excluded))
    return Exit.OK if ids else Exit.NOTHING_RAN


def _reasons(excluded: dict[str, int]) -> str:
    return "".join(f"\n  {count:>8,}  {reason}" for reason, count in excluded.items())
