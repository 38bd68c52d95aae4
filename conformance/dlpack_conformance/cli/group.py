"""The command group: verbs are files, defaults come from ``pyproject.toml``, errors are coded."""

from __future__ import annotations

import io
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from dlpack_conformance._digest import VERSION
from dlpack_conformance.cli import config
from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.problem import Problem
from dlpack_conformance.errors import ConformanceError

__all__ = ["Verbs", "dlconform", "main"]

_VERBS = Path(__file__).parent / "verbs"


class Verbs(click.Group):
    """A group whose commands are files: ``verbs/list.py`` has the verb ``list`` as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the verbs, in alphabetical order."""
        return sorted(path.stem for path in _VERBS.glob("[a-z]*.py"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the verb's file, or None where there is no such verb."""
        if name not in self.list_commands(ctx):
            return None
        command = import_module(f"dlpack_conformance.cli.verbs.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb and give it the defaults of ``[tool.dlconform]``."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and not ctx.resilient_parsing:
            ctx.default_map = {name: config.defaults(self, name, Path.cwd())}
        return name, command, rest


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit: 0 as expected, 1 deviation, 2 interrupted, 3 suite fault, 4 usage or bad input "
    "file, 5 nothing ran, 6 stale expectation, 7 incomplete.",
)
@click.version_option(VERSION, prog_name="dlconform")
def dlconform() -> None:
    """Say by observation when two array libraries share memory, and whether DLPack allowed it."""


def main(args: list[str] | None = None) -> None:
    """Run the command and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that isn't UTF-8 gets "?" for a letter that it lacks, never a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        result = dlconform.main(args, prog_name="dlconform", standalone_mode=False)
    except Problem as problem:
        problem.show()
        sys.exit(problem.exit)
    except click.ClickException as error:
        _usage(error)
    except (click.Abort, KeyboardInterrupt):
        Problem("interrupted", "stopped by a signal; what was written is kept").show()
        sys.exit(Exit.INTERRUPTED)
    except (ConformanceError, ValueError) as error:
        if not _is_ours(error):
            raise
        Problem(_code_of(error), str(error), getattr(error, "hint", "")).show()
        sys.exit(Exit.USAGE)
    except BrokenPipeError:
        # The reader of stdout went away (`dlconform list | head`): Python must not flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
    sys.exit(_code(result))


def _is_ours(error: Exception) -> bool:
    """Whether it is ours; the catalogue's comes from the binary module and has no base of ours."""
    return isinstance(error, ConformanceError) or type(error).__module__.startswith(
        "dlpack_conformance"
    )


def _code_of(error: Exception) -> str:
    """``LibraryFileError`` is ``library-file``."""
    return re.sub(r"(?<!^)([A-Z])", r"-\1", type(error).__name__.removesuffix("Error")).lower()


def _usage(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        sys.exit(Exit.USAGE)
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help" if context is not None else "dlconform --help"
    Problem("usage", error.format_message(), hint).show()
    sys.exit(Exit.USAGE)


def _code(result: Any) -> int:
    return int(result) if isinstance(result, int) else 0
