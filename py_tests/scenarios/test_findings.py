"""``run`` and ``findings`` as a user chains them; each printed script is executed once more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

HELPERS = Path(__file__).parents[1] / "helpers"
PLANTED = HELPERS / "planted_findings.py"
FIELDS = ["library", "rule", "title", "cases", "reproducer", "blame", "input"]
REAL = ("numpy", "torch")
ACCUSED = (
    *(f"protocol/*/{rule}/*" for rule in ("C-39", "R-14", "X-32")),
    *(f"protocol/*/{rule}/reversed*" for rule in ("C-16", "C-45")),
    "protocol/*/C-24/cuda",
    "protocol/*/P-25/cuda+1.0",
    "protocol/*/R-16/*-grown",
    "protocol/*/T-27/t-*",
    "protocol/*/R-33/readonly-full",
    "protocol/*/T-31/shape-null",
    "exchange/*/*/from_dlpack/plain/float32/reversed/*/cpu",
    "exchange/*/*/capsule/plain/float32/reversed/plain/cpu",
    "exchange/*/*/from_dlpack/plain/float32/columns/neg/cpu",
)


def command(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, without colour; scripts find the planted library."""
    search = os.pathsep.join([str(HELPERS), *(entry for entry in sys.path if entry)])
    return subprocess.run(
        [sys.executable, "-m", "dlpack_conformance.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": search},
        check=False,
    )


def run(folder: Path, libraries: str, filters: Sequence[str], *more: object) -> Path:
    """Make a record of some cases."""
    asked = [part for one in filters for part in ("--filter", one)]
    done = command(folder, "run", "--libraries", libraries, "--exit-zero", *asked, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dlconform.ndjson"


def found(folder: Path, *arguments: object) -> tuple[list[dict[str, Any]], str]:
    """Findings as JSON, and what was said beside them."""
    done = command(folder, "findings", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def status(folder: Path, script: str) -> int:
    """Exit status of a script, run alone in a new process."""
    search = os.pathsep.join([str(HELPERS), *(entry for entry in sys.path if entry)])
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": search},
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """Return the folder and the findings of a run over the installed libraries."""
    for name in REAL:
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("real")
    run(folder, ",".join(["reference", *REAL]), ACCUSED)
    return folder, found(folder, "dlconform.ndjson")[0]


def test_fields_come_in_the_documented_order(real: tuple[Path, list[dict[str, Any]]]) -> None:
    """The seven of the interface first, others after them."""
    _, rows = real

    assert rows
    for row in rows:
        assert list(row)[: len(FIELDS)] == FIELDS
        assert row["input"] in ("valid", "malformed")
        assert row["cases"] >= 1


def test_every_script_shows_it_on_the_library_alone(
    real: tuple[Path, list[dict[str, Any]]],
) -> None:
    """Each exits 1, and 0 with the reference in the library's place; in 25 lines or fewer."""
    folder, rows = real
    wanted = [(row["reproducer"], 1) for row in rows]
    wanted += [(row["control"], 0) for row in rows if row["control"]]
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        ended = list(pool.map(lambda one: status(folder, one[0]), wanted))

    assert max(len(script.splitlines()) for script, _ in wanted) <= 25
    for (script, expected), seen in zip(wanted, ended, strict=True):
        assert seen == expected, script


def test_nobody_is_accused_of_anothers_fault(real: tuple[Path, list[dict[str, Any]]]) -> None:
    """A library is told of what its own function does; the reference of nothing."""
    _, rows = real
    for row in rows:
        assert row["library"] in REAL
        other = next(name for name in REAL if name != row["library"])
        _, *parts = row["case"].split("/")
        if row["blame"] in ("producer", "consumer") and row["case"].startswith("exchange/"):
            assert parts[["producer", "consumer"].index(row["blame"])] == row["library"]
        else:
            assert other not in parts[:1]


def test_scripts_need_no_engine_of_ours(real: tuple[Path, list[dict[str, Any]]]) -> None:
    """At most the reference, where a tensor has to be crafted."""
    _, rows = real
    for row in rows:
        ours = [line for line in row["reproducer"].splitlines() if "dlpack_conformance" in line]
        assert {line.strip() for line in ours} <= {
            "from dlpack_conformance import _instrument as ref"
        }, row["title"]


def test_one_cause_is_one_finding(real: tuple[Path, list[dict[str, Any]]]) -> None:
    """Negative strides end the process by several routes and in cases of several rules: once."""
    _, rows = real
    lost = [row for row in rows if row["reason"] == "process-lost" and row["input"] == "valid"]
    told = [(row["library"], row["observed"], row["title"]) for row in lost]

    assert len(told) == len(set(told))
    for row in lost:
        if "negative strides" in row["title"]:
            assert "protocol" in row["axes"]["case"]
            assert "exchange" in row["axes"]["case"]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run over a library with two defects, and its twin."""
    folder = tmp_path_factory.mktemp("planted")
    filters = (
        "protocol/planted-*/C-20/*-1.3",
        "protocol/planted-*/C-24/metal",
        "protocol/planted-*/C-16/columns-*",
        "protocol/reference/C-20/*-1.3",
        "protocol/reference/C-24/metal",
        "exchange/reference/planted-*/from_dlpack/plain/float32/empty-*/plain/cpu",
        "exchange/reference/reference/from_dlpack/plain/float32/empty-*/plain/cpu",
    )
    run(folder, "reference,planted-findings,planted-twin", filters, "--library", PLANTED)
    return folder


def test_planted_defects_are_found_and_the_twin_is_not(planted: Path, tmp_path: Path) -> None:
    """Two defects, two findings; their scripts use the planted library alone."""
    rows, said = found(planted, "dlconform.ndjson", "--file", PLANTED)

    assert [(row["library"], row["rule"]) for row in rows] == [
        ("planted-findings", "C-45"), ("planted-findings", "C-24"),
    ], said  # fmt: skip
    assert rows[0]["title"] == (
        "planted_findings.faulty ends the process (SIGABRT) for tensors with no elements"
    )
    assert rows[1]["title"].startswith("planted_findings.faulty raises RuntimeError, but ")
    for row in rows:
        assert status(tmp_path, row["reproducer"]) == 1
        assert status(tmp_path, row["reproducer"].replace(".faulty(", ".sound(")) == 0
        assert status(tmp_path, row["control"]) == 0


def test_findings_of_one_library_alone(planted: Path) -> None:
    """Others are left out."""
    rows, _ = found(planted, "dlconform.ndjson", "--file", PLANTED, "--library", "planted-twin")

    assert rows == []


def test_issues_can_be_pasted(planted: Path) -> None:
    """Title, observed and expected, a fenced script, rule, versions."""
    done = command(planted, "findings", "dlconform.ndjson", "--file", PLANTED)
    issue = done.stdout.split("\n## ")[0]

    assert issue.startswith("## planted-findings: ")
    for part in ("**Observed:** ", "**Expected:** ", "```python\n", "- rule: C-45", "- source: "):
        assert part in issue
    assert "planted-findings 1.0" in issue


def test_a_library_that_is_not_there_is_said(planted: Path) -> None:
    """Its findings can't be tried; that is no error."""
    rows, said = found(planted, "dlconform.ndjson")

    assert rows == []
    assert "no library file has this name" in said


def test_another_version_is_said(planted: Path, tmp_path: Path) -> None:
    """A script of another release would show something else."""
    text = (planted / "dlconform.ndjson").read_text()
    other = tmp_path / "other.ndjson"
    other.write_text(text.replace('{"planted-findings":"1.0"}', '{"planted-findings":"0.9"}'))
    assert other.read_text() != text
    rows, said = found(tmp_path, other, "--file", PLANTED)

    assert rows == []
    assert "another version is installed: planted-findings 1.0, not planted-findings 0.9" in said


def test_an_incomplete_record_is_said(planted: Path, tmp_path: Path) -> None:
    """What is there is told, and on top that it is not all."""
    lines = (planted / "dlconform.ndjson").read_text().splitlines(keepends=True)
    cut = tmp_path / "cut.ndjson"
    cut.write_text("".join(lines[:-1]))
    rows, said = found(tmp_path, cut, "--file", PLANTED)

    assert "incomplete: the file has no footer" in said
    assert len(rows) == 2


def test_a_record_of_another_catalogue_is_said(planted: Path, tmp_path: Path) -> None:
    """Rules and facts that this catalogue lacks are no crash."""
    lines = (planted / "dlconform.ndjson").read_text().splitlines(keepends=True)
    header = json.loads(lines[0]) | {"catalogue": "0123456789abcdef"}
    other = tmp_path / "other.ndjson"
    text = "".join(lines[1:]).replace('"C-24","verdict"', '"Z-99","verdict"')
    other.write_text(json.dumps(header) + "\n" + text)
    rows, said = found(tmp_path, other, "--file", PLANTED)

    assert "another catalogue" in said
    assert "C-45" in [row["rule"] for row in rows]


def test_no_record_at_all(tmp_path: Path) -> None:
    """A file that is none is refused with its name."""
    (tmp_path / "none.ndjson").write_text("{}\n")
    done = command(tmp_path, "findings", "none.ndjson")

    assert done.returncode == 4
    assert "none.ndjson" in done.stderr
