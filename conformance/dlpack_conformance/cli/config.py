"""Defaults of options from ``[tool.dlconform]`` of the nearest ``pyproject.toml``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from dlpack_conformance.cli.problem import Problem

__all__ = ["defaults", "find"]


def find(start: Path) -> Path | None:
    """The nearest ``pyproject.toml`` at or above ``start`` that has the table."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            return path if "[tool.dlconform" in path.read_text(errors="replace") else None
    return None


def defaults(group: click.Group, verb: str, start: Path) -> dict[str, Any]:
    """Defaults for one verb: keys of the table itself that it has as options, then its own table.

    Raises
    ------
    Problem
        ``config``: the file is no TOML, or a key names no option.
    """
    path = find(start)
    if path is None:
        return {}
    table = _load(path)
    verbs = set(group.list_commands(click.Context(group)))
    # `expect` is a verb and an option: a table is of the verb, anything else of the option.
    of_verbs = {key: value for key, value in table.items() if key in verbs and _is_table(value)}
    own = of_verbs.get(verb, {})
    common = {key: value for key, value in table.items() if key not in of_verbs}
    options = _options(group, verb)
    known = {name for each in verbs for name in _options(group, each)}
    for key in common:
        if key not in known:
            _refuse(path, f"tool.dlconform.{key}", known | verbs)
    for key in own:
        if key not in options:
            _refuse(path, f"tool.dlconform.{verb}.{key}", options)
    chosen = {key: value for key, value in common.items() if key in options} | own
    return {options[key]: _value(value) for key, value in chosen.items()}


def _load(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table = tomllib.loads(path.read_text())["tool"]["dlconform"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise Problem("config", f"{path}: {error}", "the table is [tool.dlconform]") from None
    return dict(table)


def _options(group: click.Group, verb: str) -> dict[str, str]:
    """Long names of a verb's options without dashes -> parameter names."""
    command = group.get_command(click.Context(group), verb)
    if command is None:
        return {}
    return {
        opt.removeprefix("--"): str(param.name)
        for param in command.params
        if isinstance(param, click.Option)
        for opt in param.opts
        if opt.startswith("--")
    }


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _value(value: Any) -> Any:
    return [str(item) for item in value] if isinstance(value, list) else value


def _refuse(path: Path, key: str, allowed: dict[str, str] | set[str]) -> None:
    raise Problem("config", f"{path}: {key} is no option", f"allowed: {', '.join(sorted(allowed))}")
