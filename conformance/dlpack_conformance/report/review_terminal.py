"""A review on the terminal: what is red, in groups of cases with the same words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlpack_conformance.report.review import KINDS

if TYPE_CHECKING:
    from dlpack_conformance.report.review import Red, Review

__all__ = ["print_review"]

_SHOWN = 20


def print_review(console: Console, found: Review) -> None:
    """Print what is red, then stale entries, then the review in one line."""
    if found.reds:
        console.print(_reds(found.reds.values()))
    for stale in found.stale:
        text = f"stale: {stale.entry} speaks about no case, later entries do: {stale.cases}"
        console.print(Text(text, style="yellow"))
    for case, text in list(found.advisory.items())[:_SHOWN]:
        console.print(Text(f"advisory: {case}: {text}"))
    for word, ids in (("new", found.new), ("gone", found.gone)):
        for case in ids[:_SHOWN]:
            console.print(Text(f"{word}: {case}"))
        if len(ids) > _SHOWN:
            console.print(Text(f"{word}: and {len(ids) - _SHOWN:,} more"))
    console.print(Text(f"Compared with what was expected: {found.sentence}.", style="bold"))


def _reds(reds: Iterable[Red]) -> Table:
    groups: dict[tuple[str, str, str], list[Red]] = {}
    for red in reds:
        groups.setdefault((red.kind, red.entry, red.text), []).append(red)
    table = Table(title="Not as expected", title_justify="left")
    table.add_column("cases", justify="right")
    table.add_column("kind", no_wrap=True)
    table.add_column("what was seen", ratio=1, overflow="fold")
    table.add_column("entry", overflow="fold")
    table.add_column("for example", ratio=1, overflow="fold")
    ordered = sorted(groups.items(), key=lambda one: (KINDS.index(one[0][0]), -len(one[1])))
    for (kind, entry, text), members in ordered[:_SHOWN]:
        style = "bold red" if kind == "suite-fault" else "red"
        table.add_row(
            f"{len(members):,}",
            Text(kind, style=style),
            Text(text),
            Text(entry),
            Text(members[0].case),
        )
    left = ordered[_SHOWN:]
    if left:
        count = sum(len(members) for _, members in left)
        table.add_row(f"{count:,}", "", Text(f"in {len(left):,} more groups"), "", "")
    return table
