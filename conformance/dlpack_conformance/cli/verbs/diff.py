"""``dlconform diff``: what changed between two runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import note, print_json, table

if TYPE_CHECKING:
    from dlpack_conformance.report import Records
    from dlpack_conformance.report.diff import Change, Group

__all__ = ["command"]

_COLUMNS = ("change", "where", "cases", "before", "after", "for example")


@click.command(short_help="What changed between two runs.")
@click.argument("before", type=file_path())
@click.argument("after", type=file_path())
@click.option(
    "--format",
    "format_",
    type=click.Choice(["pretty", "markdown", "json"]),
    default="pretty",
    show_default=True,
    help="How the result is printed on stdout.",
)
def command(before: str, after: str, format_: str) -> Exit:
    """Name every case of AFTER that is not what it was in BEFORE: verdict, outcome, new, gone.

    Exits 0 whatever it finds. JSON has every case; the other formats have groups of them.
    """
    from dlpack_conformance.report import read
    from dlpack_conformance.report.diff import changes, groups

    old, new = read(before), read(after)
    found = list(changes(old, new))
    for name, records in ((before, old), (after, new)):
        if records.incomplete:
            note(f"{name} is incomplete: {records.incomplete}")
    if format_ == "json":
        print_json(_document(old, new, found))
        return Exit.OK
    if format_ == "markdown":
        _markdown(old, new, groups(found))
    else:
        rows = [_row(group) for group in groups(found)]
        if rows:
            table(_COLUMNS, rows)
    note(_sentence(old, new, found))
    return Exit.OK


def _row(group: Group) -> list[str]:
    count = f"{group.count:,}"
    return [group.kind, group.where, count, group.before, group.after, group.first]


def _versions(before: Records, after: Records) -> dict[str, list[str]]:
    """Packages whose versions differ: before and after."""
    old = {key: value for one in before.versions.values() for key, value in one.items()}
    new = {key: value for one in after.versions.values() for key, value in one.items()}
    return {
        name: [old.get(name, ""), new.get(name, "")]
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }


def _sentence(before: Records, after: Records, found: list[Change]) -> str:
    versions = ", ".join(
        f"{name} {old or 'absent'} -> {new or 'absent'}"
        for name, (old, new) in _versions(before, after).items()
    )
    counts = Counter(change.kind for change in found)
    stopped = sum(change.stopped_sharing for change in found)
    said = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common()) or "no change"
    if stopped:
        said += f"; {stopped:,} that shared memory now copy"
    return f"{versions or 'the same versions'}: {said} ({len(after.cases):,} cases)"


def _document(before: Records, after: Records, found: list[Change]) -> dict[str, Any]:
    return {
        "versions": _versions(before, after),
        "counts": dict(Counter(change.kind for change in found)),
        "stopped_sharing": sum(change.stopped_sharing for change in found),
        "changes": [
            {
                "id": change.id,
                "change": change.kind,
                "before": change.before,
                "after": change.after,
            }
            for change in found
        ],
    }


def _markdown(before: Records, after: Records, found: list[Group]) -> None:
    click.echo(f"# Changes\n\n{before.path.name} -> {after.path.name}\n")
    for name, (old, new) in _versions(before, after).items():
        click.echo(f"- {name}: {old or 'absent'} -> {new or 'absent'}")
    click.echo("\n| " + " | ".join(_COLUMNS) + " |\n" + "|---" * len(_COLUMNS) + "|")
    for group in found:
        cells = [cell.replace("|", "\\|") for cell in _row(group)]
        click.echo("| " + " | ".join(cells) + " |")
