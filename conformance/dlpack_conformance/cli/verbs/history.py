"""``dlconform history``: the same suite over releases of a library."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlpack_conformance.cli.exits import Exit
from dlpack_conformance.cli.output import format_option, note, print_json, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlpack_conformance.engine.environments import Environment

__all__ = ["command"]

_COUNTED = ("deviates", "permitted", "undecided", "conforms", "not-applicable", "not-judged")


@dataclass(frozen=True, slots=True)
class _Release:
    """One release that was asked for. ``records``: where they are; else ``reason`` says why not."""

    asked: str
    version: str = ""
    python: str = ""
    records: str = ""
    reason: str = ""


@click.command(short_help="The same suite over releases of a library.")
@click.option("--library", required=True, metavar="LIB", help="Which library, by its file's name.")
@click.option(
    "--releases",
    required=True,
    metavar="A,B,newest",
    help="Versions from the package index, oldest first.",
)
@click.option("--package", metavar="NAME", help="Its name on the index; default: LIB.")
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="VERSION",
    help="A further interpreter (3.10, or a path) for releases without a wheel for this one.",
)
@click.option("--profile", default="quick", show_default=True, help="Which products are taken.")
@click.option("--filter", "filters", multiple=True, metavar="QUERY", help="As in run; repeatable.")
@click.option(
    "--pip-option", "options", multiple=True, metavar="OPTION", help="For installing; repeatable."
)
@click.option(
    "--source", metavar="DIR", help="This suite's source, to build it for other interpreters."
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where environments are kept; default: the user's cache.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dlconform-history"),
    show_default=True,
    metavar="DIR",
    help="Where the records go, one file a release.",
)
@format_option
def command(
    library: str,
    releases: str,
    package: str | None,
    pythons: tuple[str, ...],
    profile: str,
    filters: tuple[str, ...],
    options: tuple[str, ...],
    source: str | None,
    cache: Path | None,
    out: Path,
    format_: str,
) -> Exit:
    """Run the suite over releases of LIB, each in an environment of its own, and say what changed.

    Environments are made with pip and kept. A release without a wheel for any of the interpreters
    is not-judged, with the installer's last line. `dlconform diff` compares any two of the files.
    """
    from dlpack_conformance.engine.environments import find_pythons

    interpreters = find_pythons(pythons)
    kept = cache or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "dlconform")
    out.mkdir(parents=True, exist_ok=True)
    run = ["--libraries", library, "--profile", profile, "--exit-zero"]
    run += [word for query in filters for word in ("--filter", query)]
    done = []
    for asked in releases.split(","):
        note(f"{library} {asked}")
        done.append(
            _release(
                asked.strip(), package or library, interpreters, kept, source, options, run, out
            )
        )
    _show(done, format_)
    return Exit.OK


def _release(
    asked: str,
    package: str,
    interpreters: Sequence[Path],
    cache: Path,
    source: str | None,
    options: Sequence[str],
    run: Sequence[str],
    out: Path,
) -> _Release:
    """Find an environment and run the suite in it."""
    from dlpack_conformance.engine.environments import NoWheelError, make_environment
    from dlpack_conformance.errors import EnvironmentMakingError

    requirement = package if asked == "newest" else f"{package}=={asked}"
    reason = ""
    for python in interpreters:
        folder = cache / "history" / f"{package}-{asked}-{_tag(python)}"
        try:
            made = make_environment(folder, python, requirement, source=source, options=options)
        except (NoWheelError, EnvironmentMakingError) as error:
            reason = reason or str(error)
            continue
        return _run(asked, made, run, out / f"{package}-{asked}.ndjson")
    return _Release(asked, reason=reason)


def _tag(python: Path) -> str:
    code = "import sys; print('py%d.%d' % sys.version_info[:2])"
    return subprocess.run(
        [str(python), "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def _run(asked: str, made: Environment, run: Sequence[str], path: Path) -> _Release:
    command = [str(made.python), "-m", "dlpack_conformance.cli", "run", *run, "--out", str(path)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    tag = made.python.parent.parent.name.rpartition("-")[2]
    if not path.is_file():
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return _Release(asked, made.version, tag, reason=lines[-1] if lines else "no record")
    return _Release(asked, made.version, tag, str(path))


def _show(done: Sequence[_Release], format_: str) -> None:
    rows = [_row(one) for one in done]
    if format_ == "json":
        print_json(rows)
        return
    columns = ["release", "python", "cases", *_COUNTED, "changes", "records or reason"]
    table(columns, [[str(cell) for cell in row.values()] for row in _with_changes(done, rows)])


def _row(one: _Release) -> dict[str, Any]:
    """Counts of one release; of one that has no records, nothing but the reason."""
    row: dict[str, Any] = {"release": one.version or one.asked, "python": one.python}
    if not one.records:
        return row | {"cases": 0, "verdict": "not-judged", "reason": one.reason}
    from dlpack_conformance.report import read

    records = read(one.records)
    counts = records.count("verdict")
    row["cases"] = len(records.cases)
    row["verdicts"] = {name: counts[name] for name in _COUNTED}
    return row | {"incomplete": records.incomplete, "records": one.records}


def _with_changes(done: Sequence[_Release], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table: counts flat, and how many cases changed since the release before."""
    from dlpack_conformance.report import read
    from dlpack_conformance.report.diff import changes

    shown, before = [], None
    for one, row in zip(done, rows, strict=True):
        counts = row.get("verdicts", {})
        changed = ""
        if one.records:
            now = read(one.records)
            if before is not None:
                found = list(changes(before, now))
                verdicts = sum(change.kind == "verdict" for change in found)
                changed = f"{len(found):,} ({verdicts:,} verdicts)"
            before = now
        shown.append(
            {
                "release": row["release"],
                "python": row["python"],
                "cases": f"{row['cases']:,}",
                **{name: counts.get(name, "") for name in _COUNTED},
                "changes": changed,
                "where": row.get("records") or f"not-judged: {row.get('reason', '')}",
            }
        )
    return shown
