"""``ci/lib/count_tests.py`` refuses what a green CTest hides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CTEST = """<testsuite>
  <testcase name="abi.Layout" status="run"><system-out>[       OK ]</system-out></testcase>
  <testcase name="abi.Codes" status="{status}">{inner}</testcase>
  <testcase name="unit.ids" status="run"/>
</testsuite>
"""
PYTEST = """<testsuites><testsuite>
  <testcase name="test_one"/><testcase name="test_two">{inner}</testcase>
</testsuite></testsuites>
"""
EXPECTED = '[minimum]\nabi = 2\nunit = 2\n[allowed_skips]\nknown = "no such device"\n'


def count(
    root: Path,
    folder: Path,
    *arguments: str,
    status: str = "run",
    ctest: str = "",
    pytest_: str = "",
    expected: str = EXPECTED,
) -> subprocess.CompletedProcess[str]:
    """Write the files of a test run and count them."""
    (folder / "ctest.xml").write_text(CTEST.format(status=status, inner=ctest))
    (folder / "unit.ids.xml").write_text(PYTEST.format(inner=pytest_))
    (folder / "expected.toml").write_text(expected)
    script = root / "ci" / "lib" / "count_tests.py"
    command = [sys.executable, script, folder, folder / "expected.toml", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_count_of_a_good_run_ends_with_the_counts(root: Path, tmp_path: Path) -> None:
    """GoogleTest cases and pytest functions are counted one by one."""
    done = count(root, tmp_path)

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "4 passed, 0 failed, 0 skipped"


@pytest.mark.parametrize(("changes", "said"), [
    ({"status": "fail"}, "failed: abi.Codes"),
    ({"pytest_": '<failure message="x"/>'}, "failed: unit.ids::test_two"),
    ({"pytest_": '<error message="x"/>'}, "failed: unit.ids::test_two"),
    ({"pytest_": '<skipped type="pytest.skip" message="because"/>'}, "unlisted reason"),
    ({"status": "notrun", "ctest": '<skipped message="because"/>'}, "unlisted reason"),
    ({"status": "disabled"}, "unlisted reason"),
    ({"expected": EXPECTED.replace("unit = 2", "unit = 3")}, "at least 3 are expected"),
    ({"expected": EXPECTED.replace("unit = 2", "unit = 2\ngone = 1")}, "label gone: 0 tests ran"),
    ({"expected": EXPECTED.replace("unit = 2", "")}, "label unit: not in the file"),
])  # fmt: skip
def test_count_fails(root: Path, tmp_path: Path, changes: dict[str, str], said: str) -> None:
    """Failures, unlisted skips, labels that shrank or vanished, labels nobody expects."""
    done = count(root, tmp_path, **changes)

    assert done.returncode == 1
    assert said in done.stdout
    assert ", 0 failed" not in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("changes", [
    {"status": "fail", "ctest": "<system-out>begin\nasked 1, got 2\n</system-out>"},
    {"pytest_": "<failure message='x'>begin\nasked 1, got 2</failure>"},
])  # fmt: skip
def test_count_ends_with_what_a_failed_test_said(
    root: Path, tmp_path: Path, changes: dict[str, str]
) -> None:
    """Who sees only the end of a log sees why it is red."""
    lines = count(root, tmp_path, **changes).stdout.splitlines()

    assert lines[-2].strip() == "asked 1, got 2"
    assert lines[-4].startswith("failed: ")


def test_count_allows_a_listed_skip_but_not_fewer_tests(root: Path, tmp_path: Path) -> None:
    """A listed reason is all right; the minimum still counts."""
    skip = '<skipped type="pytest.skip" message="no such device"/>'

    done = count(root, tmp_path, pytest_=skip, expected=EXPECTED.replace("unit = 2", "unit = 1"))
    fewer = count(root, tmp_path, pytest_=skip)

    assert done.returncode == 0, done.stdout
    assert fewer.returncode == 1


def test_count_of_chosen_tests_asks_for_no_minimum(root: Path, tmp_path: Path) -> None:
    """``ci/test -R name`` runs few tests on purpose."""
    few = EXPECTED.replace("abi = 2", "abi = 200")

    assert count(root, tmp_path, "--partial", expected=few).returncode == 0
