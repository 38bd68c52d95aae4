"""An entry of the matrix fails when it must: each way to be wrong, and the harmless twin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WAY = "exchange/left/right/from_dlpack/"
PREFIX = f"{WAY}plain"


def case(dtype: str, **changes: object) -> str:
    """One case line of the way."""
    line = {
        "kind": "case",
        "id": f"{PREFIX}/{dtype}/vector/plain/cpu",
        "outcome": "shared",
        "verdict": "conforms",
        "facts": {},
        "time_ns": 5,
    }
    return json.dumps({**line, **changes}, separators=(",", ":")) + "\n"


def write(folder: Path, name: str, *lines: str, footer: bool = True) -> None:
    """Write one of the three files of the fixture."""
    end = '{"kind":"footer","cases":2}\n' if footer else ""
    (folder / f"{name}.ndjson").write_text('{"kind":"header"}\n' + "".join(lines) + end)


def compare(folder: Path, *reds: dict[str, str]) -> None:
    """Write how the first run compares with the shipped lists."""
    (folder / "review.json").write_text(json.dumps({"review": {"red": reds, "stale": []}}))


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Return a folder with two equal runs that ``judge`` gave again, as expected."""
    for name in ("first", "second", "judged"):
        write(tmp_path, name, case("int8"), case("int16"))
    compare(tmp_path)
    return tmp_path


def entry(
    root: Path, run_dir: Path, planned: int = 2, way: str = WAY
) -> subprocess.CompletedProcess[str]:
    """Run the entry's script as CTest does."""
    script = root / "py_tests" / "matrix" / "entry.py"
    command = [sys.executable, str(script), str(run_dir), way, str(planned)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_entry_of_two_equal_runs_passes_and_prints_counts(root: Path, run_dir: Path) -> None:
    """The harmless twin: nothing to complain about."""
    done = entry(root, run_dir)

    assert done.returncode == 0, done.stdout
    assert "shared 2" in done.stdout
    assert "conforms 2" in done.stdout


def test_entry_lets_an_expected_deviation_of_a_library_pass(root: Path, run_dir: Path) -> None:
    """What a library is known to do wrong is a finding of the report, not a failed test."""
    for name in ("first", "second", "judged"):
        write(run_dir, name, case("int8", verdict="deviates"), case("int16"))

    assert entry(root, run_dir).returncode == 0


@pytest.mark.parametrize("kind", ["deviation", "other", "vanished", "changed"])
def test_entry_fails_over_what_is_not_as_expected(root: Path, run_dir: Path, kind: str) -> None:
    """With the case, what was seen and what was expected, and by which entry of a list."""
    red = {"case": f"{PREFIX}/int8/vector/plain/cpu", "kind": kind, "text": "seen; expected: more"}
    compare(run_dir, red | {"entry": "list.toml:3"})

    done = entry(root, run_dir)

    assert done.returncode == 1
    assert f"{kind}: {red['case']}: seen; expected: more [list.toml:3]" in done.stdout


def test_entry_leaves_what_is_not_as_expected_elsewhere_to_its_entry(
    root: Path, run_dir: Path
) -> None:
    """Each red case fails one entry."""
    other = "exchange/left/right/buffer/plain/int8/vector/plain/cpu"
    compare(run_dir, {"case": other, "kind": "vanished", "text": "gone", "entry": ""})

    assert entry(root, run_dir).returncode == 0


def test_entry_fails_without_the_comparison(root: Path, run_dir: Path) -> None:
    """A file that nobody wrote is no comparison with nothing to say."""
    (run_dir / "review.json").unlink()

    assert entry(root, run_dir).returncode == 1


def test_entry_ignores_time(root: Path, run_dir: Path) -> None:
    """Two runs differ in ``time_ns`` and may."""
    write(run_dir, "second", case("int8", time_ns=7), case("int16", time_ns=8))

    assert entry(root, run_dir).returncode == 0


@pytest.mark.parametrize(("name", "lines", "said"), [
    ("first", [case("int8", verdict="suite-fault"), case("int16")], "suite fault"),
    ("second", [case("int8"), case("int16", verdict="undecided")], "the runs disagree"),
    ("second", [case("int8"), case("int16", facts={"x": 1})], "the runs disagree"),
    ("judged", [case("int8"), case("int16", verdict="permitted")], "judge gives another record"),
    ("judged", [case("int8"), case("int16", time_ns=6)], "judge gives another record"),
    ("judged", [case("int8")], "judge gives another record"),
    ("second", [case("int8")], "the second run has 1 of 2"),
    ("first", [case("int8")], "the first run has 1 of 2"),
])  # fmt: skip
def test_entry_fails(root: Path, run_dir: Path, name: str, lines: list[str], said: str) -> None:
    """A fault of ours, a disagreement, a record that is not given again, a hole."""
    write(run_dir, name, *lines)

    done = entry(root, run_dir)

    assert done.returncode == 1
    assert said in done.stdout


@pytest.mark.parametrize("name", ["first", "second"])
def test_entry_fails_without_a_footer(root: Path, run_dir: Path, name: str) -> None:
    """A run that did not end is incomplete even where all lines of the way are there."""
    write(run_dir, name, case("int8"), case("int16"), footer=False)

    done = entry(root, run_dir)

    assert done.returncode == 1
    assert "no footer" in done.stdout


@pytest.mark.parametrize(
    ("way", "case_id"),
    [
        ("exchange/reference/reference/from_dlpack/", "plain/int8/vector/plain/cpu"),
        ("protocol/reference/C-", "45/null-deleter"),
    ],
)
def test_entry_fails_where_the_reference_deviates(
    root: Path, tmp_path: Path, way: str, case_id: str
) -> None:
    """The reference against itself is clean, in every kind of case."""
    judged = [{"rule": "C-45", "verdict": "deviates", "reason": "x", "blame": "library"}]
    line = case("int8", id=way + case_id, verdict="deviates", judged=judged)
    for name in ("first", "second", "judged"):
        write(tmp_path, name, line)
    compare(tmp_path)

    done = entry(root, tmp_path, 1, way)

    assert done.returncode == 1
    assert "the reference deviates" in done.stdout
