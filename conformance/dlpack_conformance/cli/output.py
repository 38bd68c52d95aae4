"""Results go to stdout, chatter and progress to stderr; colour obeys NO_COLOR and FORCE_COLOR."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

__all__ = [
    "Progress",
    "console",
    "format_option",
    "note",
    "print_json",
    "style",
    "table",
    "visible",
]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ANSI = {"red": 31, "green": 32, "yellow": 33, "cyan": 36, "bold": 1}


def _colour(stream: Any) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def style(text: str, colour: str) -> str:
    """``text`` in a colour for stderr, or as it is where there is no colour."""
    return f"\x1b[{_ANSI[colour]}m{text}\x1b[0m" if _colour(sys.stderr) else text


def visible(text: str) -> str:
    """``text`` with control characters as numbers: a library's message can't steer a terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def note(text: str) -> None:
    """One line of chatter on stderr."""
    click.echo(visible(text), err=True)


def console(*, stderr: bool = False) -> Console:
    """A rich console on stdout or stderr, with our rule for colour and no line cut in a pipe."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    return Console(
        file=stream,
        force_terminal=True if _colour(stream) else None,
        no_color=not _colour(stream),
        width=None if terminal else 10_000,
        soft_wrap=not terminal,
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_json(value: Any) -> None:
    """One JSON document on stdout, keys in their order, with a newline."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    click.echo(text)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """A table on stdout: aligned text, plain where stdout is no terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for column in columns:
        # The first column is what a reader types or copies: the others make room for it.
        out.add_column(column, overflow="fold", no_wrap=column == columns[0])
    for row in rows:
        out.add_row(*(Text(cell) for cell in row))
    console().print(out)


def format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format pretty|json`` to a verb that prints a result."""
    option = click.option(
        "--format",
        "format_",
        type=click.Choice(["pretty", "json"]),
        default="pretty",
        show_default=True,
        help="How the result is printed on stdout.",
    )
    return option(command)


class Progress:
    """Cases done of cases planned, on stderr; a bar on a terminal, nothing elsewhere.

    Call it with (done, planned, note) as often as wanted.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._wanted = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Progress:
        if self._wanted:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                SpinnerColumn,
                TextColumn,
                TimeElapsedColumn,
            )
            from rich.progress import Progress as Bar
            from rich.table import Column

            # On a narrow terminal the note gives way, never the counts.
            whole = Column(no_wrap=True)
            rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
            self._bar = Bar(
                SpinnerColumn(table_column=whole.copy()),
                BarColumn(bar_width=16, table_column=whole.copy()),
                MofNCompleteColumn(table_column=whole.copy()),
                TimeElapsedColumn(table_column=whole.copy()),
                TextColumn("{task.fields[note]}", markup=False, table_column=rest),
                console=console(stderr=True),
                transient=True,
                expand=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=None, note="taking the census")
        return self

    def __call__(self, done: int, planned: int, note: str = "") -> None:
        """Show ``done`` of ``planned`` cases."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=planned, note=note)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
