"""``dlconform libraries``: the library files, what is installed of them, their routes."""

from __future__ import annotations

from typing import Any

import click

from dlpack_conformance.cli.options import file_path
from dlpack_conformance.cli.output import format_option, print_json, table

__all__ = ["command"]


@click.command(short_help="The library files and what each can do.")
@click.option(
    "--library",
    multiple=True,
    type=file_path(exists=True),
    metavar="FILE.py",
    help="A library file from outside; repeatable.",
)
@format_option
def command(library: tuple[str, ...], format_: str) -> None:
    """List the library files: version or why not usable, sources they make, routes out and in."""
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
