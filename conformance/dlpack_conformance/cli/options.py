"""Options that several verbs share: which libraries, which cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from dlpack_conformance.cli.problem import Problem

if TYPE_CHECKING:
    from dlpack_conformance.engine import Census

__all__ = ["Selection", "file_path", "selection_options", "shard_option"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases are meant. ``libraries``: None for all that import; ``files``: from outside."""

    libraries: tuple[str, ...] | None
    files: tuple[str, ...]
    target: str | None
    profile: str
    filters: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...] | None:
        """Libraries that take part: the named ones with the reference, or None for all."""
        return (
            None if self.libraries is None else tuple(dict.fromkeys([*self.libraries, "reference"]))
        )

    def census(self) -> Census:
        """Ask the installed libraries, in a child process, what they can do."""
        from dlpack_conformance.engine import census

        found = census(self.names, files=self.files)
        if self.target is not None and self.target not in found.libraries:
            why = found.missing.get(self.target, "no library file has this name")
            allowed = ", ".join(found.libraries)
            raise Problem("option", f"--target {self.target}: {why}", f"there are: {allowed}")
        return found

    def check_target(self) -> None:
        """Refuse a target that takes no part: a run that can blame nobody is green for nothing."""
        self.census()


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as one ``selection``."""

    @wraps(command)
    def collected(*args: Any, **named: Any) -> Any:
        libraries = named.pop("libraries")
        selection = Selection(
            libraries=None if libraries is None else tuple(_names(libraries)),
            files=tuple(named.pop("library")),
            target=named.pop("target"),
            profile=_profile(named.pop("profile")),
            filters=tuple(named.pop("filter")),
        )
        return command(*args, selection=selection, **named)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise Problem(
            "usage",
            f"--libraries {text!r}: an empty name",
            "names are joined by commas: --libraries A,B",
        )
    return names


def _profile(name: str) -> str:
    from dlpack_conformance import modules

    known = [row["name"] for row in modules().core.profiles()]
    if name not in known:
        raise Problem("option", f"--profile {name!r} is unknown", f"allowed: {', '.join(known)}")
    return name


def _shard(ctx: click.Context, param: click.Parameter, text: str | None) -> Any:
    """``2/3`` as (2, 3); which numbers are allowed is said by the engine's options."""
    if text is None:
        return None
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal()):
        raise Problem("option", f"--shard {text!r} is no shard", "i/n, from 1/n to n/n")
    return int(number), int(count)


shard_option = click.option(
    "--shard",
    callback=_shard,
    metavar="i/n",
    help="Only the i-th of n parts of the plan, for one of n machines; `dlconform merge` makes one "
    "file of the n files.",
)
"""Adds ``--shard`` to a verb, as ``shard``: (number from 1, count) or None."""


def file_path(*, exists: bool = False) -> click.Path:
    """A path to a file, never to a folder."""
    return click.Path(exists=exists, dir_okay=False)


_OPTIONS = (
    click.option(
        "--libraries",
        metavar="A,B",
        help="Only these; default: all that import. `reference` is always there.",
    ),
    click.option(
        "--library",
        multiple=True,
        type=file_path(exists=True),
        metavar="FILE.py",
        help="A library file from outside; repeatable.",
    ),
    click.option(
        "--target",
        metavar="LIB",
        help="Only pairs that touch LIB; red counts what is blamed on it or the pair.",
    ),
    click.option(
        "--profile",
        default="default",
        show_default=True,
        metavar="NAME",
        help="Which products of the axes are taken.",
    ),
    click.option(
        "--filter",
        multiple=True,
        metavar="QUERY",
        help="A pattern of ids (* one part, ** many, a|b either), or key=value terms joined by "
        "commas, which must all hold; repeatable: any one is enough.",
    ),
)
