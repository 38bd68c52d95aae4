"""``dlconform rules``: the rules that cases are judged by, listed or searched."""

from __future__ import annotations

from typing import Any

import click

from dlpack_conformance.cli.output import format_option, note, print_json, table

__all__ = ["command"]


@click.command(short_help="The rules that cases are judged by.")
@click.argument("words", nargs=-1)
@format_option
def command(words: tuple[str, ...], format_: str) -> None:
    """List the rules, or those that have every WORD: an id, a level, a duty, a word of the text."""
    from dlpack_conformance import modules

    rows = [row for row in modules().core.rules() if _matches(row, words)]
    if format_ == "json":
        print_json(rows)
        return
    table(
        ["rule", "level", "duty", "text", "source"],
        [
            [str(row.get(key, "")) for key in ("id", "level", "duty", "text", "source")]
            for row in rows
        ],
    )
    note(f"{len(rows)} rules" + (f" with {' '.join(words)}" if words else ""))


def _matches(row: dict[str, Any], words: tuple[str, ...]) -> bool:
    """Whether each word is the whole of a short field or lies somewhere in the row's text."""
    text = " ".join(str(value) for value in row.values()).casefold()
    return all(word.casefold() in text for word in words)
