"""``dlconform libraries``: the library files; ``new`` writes one, ``check`` tries one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import format_option, note, print_json, table
from dlpack_conformance.cli.problem import Problem

if TYPE_CHECKING:
    from dlpack_conformance.engine.library_check import Checked
    from dlpack_conformance.report import Records

__all__ = ["command"]

_SHOWN = 20
_FEW = ("layout=matrix,source=owned", "layout=matrix,source=plain", "case=protocol")


@click.group(invoke_without_command=True, short_help="The library files; write and check one.")
@click.option(
    "--library",
    multiple=True,
    type=file_path(exists=True),
    metavar="FILE.py",
    help="A library file from outside; repeatable.",
)
@format_option
@click.pass_context
def command(ctx: click.Context, library: tuple[str, ...], format_: str) -> None:
    """List the library files: version or why not usable, sources they make, routes out and in."""
    if ctx.invoked_subcommand is not None:
        return
    from dlpack_conformance.engine.census import census

    found = census(files=library)
    rows = [_row(name, entry, found.ways) for name, entry in found.libraries.items()]
    rows += [{"name": name, "missing": why} for name, why in found.missing.items()]
    rows.sort(key=lambda row: str(row["name"]))
    if format_ == "json":
        print_json(rows)
        return
    table(
        ["library", "version", "declares", "sources", "own routes", "routes out", "routes in"],
        [_cells(row) for row in rows],
    )


def _row(name: str, entry: dict[str, Any], ways: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "versions": entry["versions"],
        "declares": entry["declares"],
        "sources": sorted({makes["source"] for makes in entry["makes"]}),
        "own_routes": sorted({way["route"] for way in ways if way["owner"] == name}),
        "routes_out": sorted({way["route"] for way in ways if way["producer"] == name}),
        "routes_in": sorted({way["route"] for way in ways if way["consumer"] == name}),
    }


def _cells(row: dict[str, Any]) -> list[str]:
    if "missing" in row:
        return [row["name"], f"not usable: {row['missing']}", "", "", "", "", ""]
    versions = ", ".join(f"{package} {version}" for package, version in row["versions"].items())
    counts = [str(len(row[key])) for key in ("sources", "own_routes", "routes_out", "routes_in")]
    return [row["name"], versions, row["declares"] or "-", *counts]


@command.command("new", short_help="Write a commented library file to fill in.")
@click.argument("name")
@click.option(
    "--out", type=file_path(), metavar="FILE", help="Where to; default: dlconform_NAME.py."
)
def new(name: str, out: str | None) -> None:
    """Write a library file for NAME, the module that users import; fill in what it says."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise Problem(
            "option", f"NAME {name!r} is no name of a Python module", "libraries new mylib"
        )
    # Not NAME.py: a file of that name here would be imported in place of the library.
    path = Path(out or f"dlconform_{name}.py")
    template = Path(__file__).parents[2] / "libraries" / "_template.py"
    text = re.sub(r"\bmylib\b", name, template.read_text()).replace("THIS-FILE", path.name)
    try:
        with path.open("x") as file:
            file.write(text)
    except FileExistsError:
        raise Problem("option", f"{path}: it is there already", "choose another by --out") from None
    except OSError as error:
        raise Problem("option", f"{path}: {error.strerror}", "choose another by --out") from None
    click.echo(path)
    note(f"fill in what raises NotImplementedError, then: dlconform libraries check {path}")


@command.command("check", short_help="Tell a wrong library file from a wrong library.")
@click.argument("library")
@format_option
def check(library: str, format_: str) -> Exit:
    """Ask the library file LIBRARY (a path, or a name) everything, then run a few cases.

    Exit 4: the file is wrong; method, value and what was expected are named. Exit 1: the file is
    right and the library deviates. Exit 5: the library can't be imported.
    """
    from dlpack_conformance.engine.library_check import check_library

    names, files = _chosen(library)
    codes = [Exit.OK]
    printed = []
    for name in names:
        checked = check_library(name, files)
        if checked.missing is not None:
            hint = "its library file says so; install the library, or mend probe()"
            raise Problem("library", f"{name}: {checked.missing}", hint, exit_code=Exit.NOTHING_RAN)
        records = None if checked.complaints else _few_cases(name, files)
        if format_ == "json":
            printed.append(_as_json(checked, records))
        else:
            _print(checked, records)
        codes.append(_exit(name, checked, records))
    if format_ == "json":
        print_json(printed)
    from dlpack_conformance.cli.exits import first

    return first(codes)


def _chosen(library: str) -> tuple[list[str], tuple[str, ...]]:
    """Names of the libraries that are meant, and the file that has them, if it is one."""
    from dlpack_conformance.engine.discover import find_libraries

    known = find_libraries()
    if library in known:
        return [library], ()
    if not library.endswith(".py") and not Path(library).exists():
        allowed = f"a path, or one of {', '.join(sorted(known))}"
        raise Problem("option", f"LIBRARY {library!r}: no such library file", allowed)
    return sorted(set(find_libraries([library])) - set(known)), (library,)


def _few_cases(name: str, files: tuple[str, ...]) -> Records:
    """Run one layout of every way between the library and the reference, and its own cases."""
    from dlpack_conformance.cli.observe import observe
    from dlpack_conformance.cli.options import Selection

    return observe(Selection((name, "reference"), files, name, "quick", _FEW))[1]


def _exit(name: str, checked: Checked, records: Records | None) -> Exit:
    from dlpack_conformance.cli.result import exit_of
    from dlpack_conformance.report.review import review

    if checked.complaints or records is None:
        return Exit.USAGE
    return exit_of(records, review(records, target=name))


def _print(checked: Checked, records: Records | None) -> None:
    name = checked.name
    if checked.complaints:
        rows = []
        for one in checked.complaints[:_SHOWN]:
            value = one.value if one.cases == 1 else f"{one.value} (and {one.cases - 1} more)"
            rows.append([f"{one.method}", value, one.expected, one.got])
        table(
            ["method", "asked", "expected", "got"], rows, title=f"{name}: the library file is wrong"
        )
        count = len(checked.complaints)
        more = f"; {count - _SHOWN} more by --format json" if count > _SHOWN else ""
        note(f"{name}: {count} complaint{'s' if count > 1 else ''}{more}; no case was run")
        return
    assert records is not None
    note(f"{name}: the library file answers rightly of {checked.arrays} small arrays")
    deviations = _deviations(records)
    if deviations:
        table(
            ["cases", "rule", "what was seen", "example"],
            [[str(one["cases"]), one["rule"], one["reason"], one["example"]] for one in deviations],
            title=f"{name}: the library deviates",
        )
    note(f"{name}: {len(records.cases)} cases against the reference, {_counted(deviations)}")


def _counted(deviations: list[dict[str, Any]]) -> str:
    return f"{sum(one['cases'] for one in deviations)} deviations"


def _deviations(records: Records) -> list[dict[str, Any]]:
    from dlpack_conformance import modules
    from dlpack_conformance.report import summary

    texts = {row["code"]: row["text"] for row in modules().core.reasons()}
    return [
        {
            "rule": found.rule,
            "reason": texts.get(found.reason, found.reason),
            "cases": found.count,
            "example": found.first,
        }
        for found in summary(records).deviations
        if found.culprit != "reference"
    ]


def _as_json(checked: Checked, records: Records | None) -> dict[str, Any]:
    return {
        "library": checked.name,
        "arrays": checked.arrays,
        "file": [one._asdict() for one in checked.complaints],
        "cases": 0 if records is None else len(records.cases),
        "deviations": [] if records is None else _deviations(records),
    }
