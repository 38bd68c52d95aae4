"""How the command says that it can't do what was asked: code, cause, hint."""

from __future__ import annotations

from typing import IO, Any

import click

from dlpack_conformance.cli.exits import Exit

__all__ = ["Problem"]


class Problem(click.ClickException):
    """An error of usage or of an input file.

    Parameters
    ----------
    code
        Short name that scripts may rely on, e.g. ``option``.
    cause
        What was found: the value and what is allowed.
    hint
        What to type instead.
    """

    def __init__(
        self, code: str, cause: str, hint: str = "", *, exit_code: Exit = Exit.USAGE
    ) -> None:
        super().__init__(cause)
        self.code = code
        self.hint = hint
        self.exit = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print code and cause, then the hint, on stderr."""
        from dlpack_conformance.cli.output import style, visible

        lines = [f"{style(f'error[{self.code}]', 'red')} {visible(self.message)}"]
        if self.hint:
            lines.append(f"  {style('hint', 'cyan')} {visible(self.hint)}")
        for line in lines:
            click.echo(line, file=file, err=True, color=True)
