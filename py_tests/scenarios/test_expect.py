"""Expectations as a user chains them: ``expect update``, a person's reasons, ``run --expect``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import expecting
import pytest

Done = subprocess.CompletedProcess[str]
PLANTED = Path(__file__).parents[1] / "helpers" / "planted_library.py"
ABORTS = "exchange/reference/planted/planted.fault/plain/uint8/matrix/plain/cpu"
NEGATIVE = "exchange/numpy/torch/from_dlpack/plain/float32/*/plain/cpu"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Done]:
    """Return a function that runs the command in an empty folder, without colour."""
    (tmp_path / "died").touch()

    def command(*arguments: object) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "dlpack_conformance.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1", "PLANTED_DIR": str(tmp_path)},
            check=False,
        )

    return command


def edit(path: Path, case: str, **changes: Any) -> None:
    """Change the line of a case."""
    lines = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        lines.append(json.dumps(row | changes if row.get("id") == case else row))
    path.write_text("\n".join(lines) + "\n")


def test_expected_crash_is_green(run: Callable[..., Done], tmp_path: Path) -> None:
    """From nothing to green: red, update, a reason, green; nobody but a person gives the reason."""
    folder = ("--library", PLANTED, "--libraries", "planted", "--profile", "full")
    arguments = ("run", *folder, "--filter", ABORTS)

    assert run(*arguments).returncode == 1
    updated = run("expect", "update", "mine.toml", "dlconform.ndjson")
    assert updated.returncode == 0, updated.stderr
    assert "mine.toml:1: new, 1 case: say why" in updated.stderr
    unfinished = run("expect", "check", "mine.toml")
    assert unfinished.returncode == 4
    assert "mine.toml: entry 1: why: is empty" in unfinished.stderr
    assert run(*arguments, "--expect", "mine.toml").returncode == 4
    path = tmp_path / "mine.toml"
    path.write_text(path.read_text().replace('why = ""', 'why = "planted"'))
    green = run(*arguments, "--expect", "mine.toml")
    assert green.returncode == 0, green.stdout + green.stderr
    assert "nothing red; 1 as expected" in green.stdout
    assert run(*arguments, "--expect", "mine.toml", "--target", "planted").returncode == 0


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    """Return records of two clean and three deviating cases, and what is known of them."""
    (tmp_path / "mine.toml").write_text(expecting.KNOWN)
    return expecting.write(tmp_path / "run.ndjson")


def test_report_of_what_is_expected_exits_0(run: Callable[..., Done], usual: Path) -> None:
    """Said in one line; without the file the same records exit 1."""
    done = run("report", usual, "--expect", "mine.toml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing red; 3 as expected" in done.stdout
    assert run("report", usual).returncode == 1


@pytest.mark.parametrize(
    ("case", "changes", "said"),
    [
        (expecting.SHARED, {"verdict": "deviates", "judged": expecting.LOST}, "nothing expects it"),
        (expecting.CRASH, {"outcome": "hung"}, "expected: crashed"),
        (
            expecting.OWNED,
            {"verdict": "conforms", "judged": ["R-10"]},
            "expected: deviates by R-10",
        ),
    ],
)
def test_new_changed_and_vanished_deviations_exit_1(
    run: Callable[..., Done], usual: Path, case: str, changes: dict[str, Any], said: str
) -> None:
    """Named with what was seen; ``--exit-zero`` hides the exit code and not the text."""
    edit(usual, case, **changes)

    done = run("report", usual, "--expect", "mine.toml")
    hidden = run("report", usual, "--expect", "mine.toml", "--exit-zero")
    document = json.loads(run("report", usual, "--expect", "mine.toml", "--format", "json").stdout)

    assert (done.returncode, hidden.returncode) == (1, 0)
    assert said in done.stdout
    assert done.stdout == hidden.stdout
    assert [red["case"] for red in document["review"]["red"]] == [case]
    assert said in document["review"]["red"][0]["text"]


def test_stale_entry_exits_6_and_a_deviation_comes_first(
    run: Callable[..., Done], usual: Path, tmp_path: Path
) -> None:
    """``--exit-zero`` turns both into 0."""
    stale = expecting.entry(expecting.CRASH, outcome="hung") + expecting.KNOWN
    (tmp_path / "mine.toml").write_text(stale)

    done = run("report", usual, "--expect", "mine.toml")
    assert done.returncode == 6
    assert "stale: mine.toml:1" in done.stdout
    assert run("report", usual, "--expect", "mine.toml", "--exit-zero").returncode == 0
    assert run("expect", "check", "mine.toml", usual).returncode == 6
    edit(usual, expecting.SHARED, verdict="deviates", judged=expecting.LOST)
    assert run("report", usual, "--expect", "mine.toml").returncode == 1


def test_baseline_makes_a_change_red(run: Callable[..., Done], usual: Path, tmp_path: Path) -> None:
    """Allowed both times: shared became copied."""
    before = tmp_path / "before.ndjson"
    before.write_bytes(usual.read_bytes())
    known = ("--expect", "mine.toml", "--baseline", before)
    assert run("report", usual, *known).returncode == 0
    assert run("report", usual, "--baseline", before).returncode == 0
    edit(usual, expecting.SHARED, outcome="copied")

    done = run("report", usual, *known)

    assert done.returncode == 1
    assert "copied, conforms; in before.ndjson: shared, conforms" in done.stdout
    assert run("report", usual, "--baseline", before).returncode == 1


def test_incomplete_records_are_never_green(run: Callable[..., Done], usual: Path) -> None:
    """Whatever is expected of them."""
    usual.write_text("".join(usual.read_text().splitlines(keepends=True)[:-1]))

    assert run("report", usual, "--expect", "mine.toml").returncode == 7
    assert run("expect", "update", "mine.toml", usual).returncode == 4


@pytest.mark.parametrize("arguments", [
    ("run", "--expect"), ("report", "run.ndjson", "--expect"), ("judge", "run.ndjson", "--expect"),
    ("expect", "check"),
])  # fmt: skip
def test_bad_file_exits_4_before_anything_runs(
    run: Callable[..., Done], usual: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """File, entry, key and what is allowed; no record is written."""
    (tmp_path / "bad.toml").write_text(expecting.entry("dtype=int9", verdict="conforms"))

    done = run(*arguments, "bad.toml")

    assert usual.exists()
    assert done.returncode == 4
    assert done.stdout == ""
    assert "error[expectations] bad.toml: entry 1: cases: 'dtype=int9'" in done.stderr
    assert "hint allowed: " in done.stderr
    assert not (tmp_path / "dlconform.ndjson").exists()


def test_check_says_everything_that_is_wrong(run: Callable[..., Done], tmp_path: Path) -> None:
    """All of it at once."""
    text = expecting.entry("dtype=int9", verdict="wrong") + expecting.entry("**", why="")
    (tmp_path / "bad.toml").write_text(text)

    done = run("expect", "check", "bad.toml")

    assert done.returncode == 4
    assert done.stderr.count("error[expectations]") == 4


def test_check_names_overdue_reviews(run: Callable[..., Done], tmp_path: Path) -> None:
    """A date in the past is a stale expectation; one to come is not."""
    entry = expecting.entry("**", outcome="shared")
    (tmp_path / "past.toml").write_text(entry + "review = 2001-02-03\n")
    (tmp_path / "later.toml").write_text(entry + "review = 2901-02-03\n")

    past = run("expect", "check", "past.toml")

    assert past.returncode == 6
    assert "overdue: past.toml:1: to be reviewed on 2001-02-03: because" in past.stderr
    assert run("expect", "check", "later.toml").returncode == 0


def test_check_with_records_names_what_is_out_of_reach(
    run: Callable[..., Done], usual: Path, tmp_path: Path
) -> None:
    """Conditions that do not hold, packages that nobody has, patterns that match nothing."""
    entry = expecting.entry
    texts = (
        expecting.KNOWN,
        entry("**", outcome="hung", when={"alpha": "< 2"}),
        entry("**", outcome="hung", when={"alhpa": ">= 2"}),
        entry("dtype=complex64", outcome="hung"),
    )
    (tmp_path / "mine.toml").write_text("\n".join(texts))

    done = run("expect", "check", "mine.toml", usual)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "mine.toml:4: its `when` does not hold" in done.stderr
    assert "mine.toml:5: no library of the records has alhpa" in done.stderr
    assert "mine.toml:6: matches no case of the records" in done.stderr


def test_update_does_not_touch_a_file_that_it_can_not_use(
    run: Callable[..., Done], usual: Path, tmp_path: Path
) -> None:
    """Nothing is lost."""
    (tmp_path / "bad.toml").write_text("[[expect]\n")

    assert run("expect", "update", "bad.toml", usual).returncode == 4
    assert (tmp_path / "bad.toml").read_text() == "[[expect]\n"


def test_shipped_lists_hold_for_a_few_real_cases(run: Callable[..., Done], tmp_path: Path) -> None:
    """Crashes among them; red when one of them stops crashing. Needs the pinned libraries."""
    for name in ("numpy", "torch"):
        pytest.importorskip(name)
    few = ("--libraries", "numpy,torch", "--filter", NEGATIVE)

    done = run("run", *few, "--expect", "pinned")

    assert done.returncode == 0, done.stdout + done.stderr
    path = tmp_path / "dlconform.ndjson"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    crash = next(row["id"] for row in rows if row.get("outcome") == "crashed")
    again = run("judge", path, "--out", "again.ndjson", "--expect", "pinned")
    assert again.returncode == 0, again.stderr
    edit(path, crash, outcome="refused", verdict="conforms", judged=["C-45"])
    assert run("report", path, "--expect", "pinned").returncode == 1
