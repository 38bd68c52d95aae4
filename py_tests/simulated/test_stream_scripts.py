"""Deviations of streams become findings, with scripts that show them on a simulated device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HELPERS = Path(__file__).parents[1] / "helpers"
PLANTED = HELPERS / "planted_streams.py"
FAULTY, TWIN = "planted-streams", "planted-streams-twin"
SHOWN = {"R-46", "S-04", "S-05", "S-06", "S-08", "S-11"}
"""Rules of which a script shows that the library breaks them; S-17 copies as the reference does."""
MOST_LINES = 25


def command(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command, or Python with ``-c``, in a folder; scripts find the planted library."""
    search = os.pathsep.join([str(HELPERS), *(entry for entry in sys.path if entry)])
    start = [] if arguments[0] == "-c" else ["-m", "dlpack_conformance.cli"]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": search},
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the simulated cases of both libraries once."""
    place = tmp_path_factory.mktemp("streams")
    filters = [
        part
        for name in (FAULTY, TWIN)
        for rule in sorted(SHOWN)
        for part in ("--filter", f"protocol/{name}/{rule}/*-simulated")
    ]
    options = ("--library", PLANTED, "--libraries", f"reference,{FAULTY},{TWIN}", "--exit-zero")
    done = command(place, "run", *options, *filters)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> list[dict[str, Any]]:
    """All findings of that run."""
    options = ("--library", FAULTY, "--file", PLANTED, "--format", "json")
    done = command(folder, "findings", "dlconform.ndjson", *options)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_stream_deviations_are_findings(found: list[dict[str, Any]]) -> None:
    """Each rule of order that the library breaks is one, by itself or beside another."""
    told = {row["rule"] for row in found} | {rule for row in found for rule in row.get("also", ())}

    assert told >= SHOWN


def test_stream_scripts_show_it_and_the_reference_does_not(
    folder: Path, found: list[dict[str, Any]]
) -> None:
    """The script exits 1, the one with the reference in the library's place 0."""
    assert found
    for row in found:
        assert len(row["reproducer"].splitlines()) <= MOST_LINES
        assert "look(" not in row["reproducer"], row["rule"]
        shown = command(folder, "-c", row["reproducer"])
        other = command(folder, "-c", row["control"])
        assert (shown.returncode, other.returncode) == (1, 0), (row["rule"], shown, other)


def test_stream_order_that_is_kept_is_no_finding(folder: Path) -> None:
    """The twin has none."""
    done = command(
        folder,
        *("findings", "dlconform.ndjson", "--library", TWIN),
        *("--file", PLANTED, "--format", "json"),
    )

    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(("name", "status"), [(FAULTY, 1), (TWIN, 0)])
def test_repro_prints_a_script_of_a_stream_case(folder: Path, name: str, status: int) -> None:
    """It needs the library and the instrument alone."""
    case = f"protocol/{name}/S-08/handle-simulated"
    printed = command(folder, "repro", case, "--library", PLANTED)
    assert printed.returncode == 0, printed.stderr
    done = command(folder, "-c", printed.stdout)

    assert "device.delay(work" in printed.stdout
    assert done.returncode == status, done.stdout + done.stderr
