"""``history`` and ``diff``: releases without a wheel, changes between runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import report_synthetic as synthetic
from click.testing import CliRunner
from dlpack_conformance.cli.group import dlconform
from dlpack_conformance.cli.verbs import history
from dlpack_conformance.engine import environments
from dlpack_conformance.engine.environments import Environment, NoWheelError, find_pythons
from dlpack_conformance.errors import EnvironmentMakingError

LAST_LINE = "alpha==0.1: ERROR: No matching distribution found for alpha==0.1"


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the package index: 1.0 and 2.0 have a wheel, 0.1 has none."""

    def make(folder: Path, python: Path, requirement: str, **_: object) -> Environment:
        version = requirement.partition("==")[2] or "2.0"
        if version == "0.1":
            raise NoWheelError(LAST_LINE)
        return Environment(folder / "bin" / "python", version)

    def run(asked: str, made: Environment, run: Sequence[str], path: Path) -> history._Release:
        synthetic.write(path, drop=1 if made.version == "1.0" else 0)
        return history._Release(asked, made.version, "py3.11", str(path))

    monkeypatch.setattr(environments, "make_environment", make)
    monkeypatch.setattr(history, "_run", run)


@pytest.mark.usefixtures("releases")
def test_history_names_counts_and_the_release_without_a_wheel(tmp_path: Path) -> None:
    """A release without a wheel is not judged, with the installer's last line; the others are."""
    call = ["history", "--library", "alpha", "--releases", "0.1,1.0,newest", "--format", "json"]
    result = CliRunner().invoke(dlconform, [*call, "--out", str(tmp_path)])

    assert result.exit_code == 0, result.output
    absent, old, new = json.loads(result.stdout)
    assert (absent["verdict"], absent["reason"]) == ("not-judged", LAST_LINE)
    assert (old["release"], new["release"]) == ("1.0", "2.0")
    assert old["incomplete"]
    assert not new["incomplete"]
    assert new["verdicts"]["deviates"] > 0
    assert Path(new["records"]).is_file()


@pytest.mark.usefixtures("releases")
def test_history_counts_what_changed_since_the_release_before(tmp_path: Path) -> None:
    """The table has the number of changes; the one case that the older run lacks is one."""
    call = ["history", "--library", "alpha", "--releases", "1.0,newest", "--out", str(tmp_path)]
    result = CliRunner().invoke(dlconform, call)

    assert result.exit_code == 0, result.output
    assert "1 (0 verdicts)" in result.stdout


def test_an_interpreter_that_is_not_there_is_named() -> None:
    """The error says where it was looked for."""
    with pytest.raises(EnvironmentMakingError, match=r"--python 9\.99: .*python9\.99"):
        find_pythons(["9.99"])

    assert find_pythons([]) == [Path(sys.executable)]


def test_an_interpreter_that_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim on PATH that finds nothing is not taken; with nothing behind it, that is an error."""
    shim = tmp_path / "bin" / "python3.99"
    real = tmp_path / "pyenv" / "versions" / "3.99.1" / "bin" / "python"
    for path, text in ((shim, "#!/bin/sh\nexit 127\n"), (real, "#!/bin/sh\nexit 0\n")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent), prepend=":")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))

    assert find_pythons(["3.99"])[1:] == [real]
    real.unlink()
    with pytest.raises(EnvironmentMakingError, match=r"--python 3\.99: no interpreter that runs"):
        find_pythons(["3.99"])


def test_an_environment_is_lent_no_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What PYTHONPATH adds to this process says nothing about what is installed there."""
    (tmp_path / "lent.py").write_text("print('here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert environments._out([sys.executable, "-c", "import lent"]) == ""
    assert environments._out([sys.executable, "-c", "print('own')"]) == "own"


@pytest.mark.parametrize("format_", ["pretty", "markdown", "json"])
def test_diff_prints_changes_in_every_format(tmp_path: Path, format_: str) -> None:
    """The same change is in each of them, and the exit code is 0."""
    before = synthetic.write(tmp_path / "before.ndjson", drop=1)
    after = synthetic.write(tmp_path / "after.ndjson")
    result = CliRunner().invoke(dlconform, ["diff", str(before), str(after), "--format", format_])

    assert result.exit_code == 0, result.output
    assert "usage/alpha/rebinding/add-out" in result.stdout
    assert "before.ndjson is incomplete" in result.stderr
    if format_ == "json":
        document = json.loads(result.stdout)
        assert document["counts"] == {"new": 1}
        assert [change["change"] for change in document["changes"]] == ["new"]


def test_diff_of_equal_runs_says_so(tmp_path: Path) -> None:
    """Nothing on stdout, one sentence on stderr."""
    one = synthetic.write(tmp_path / "one.ndjson")
    result = CliRunner().invoke(dlconform, ["diff", str(one), str(one)])

    assert result.exit_code == 0
    assert result.stdout == ""
    assert "unchanged" in result.stderr
