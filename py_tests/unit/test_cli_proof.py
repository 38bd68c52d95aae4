"""``dlconform rules --proof``: what it prints, and what it says where it cannot."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from dlpack_conformance.errors import ReportError
from dlpack_conformance.report import proof as proof_module
from dlpack_conformance.report.proof import COUNTS, read_proof

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_proof_json_has_exactly_the_counts(dlconform: Run) -> None:
    """A script reads nine numbers, in this order."""
    counts = json.loads(dlconform("rules", "--proof", "--format", "json").stdout)

    assert tuple(counts) == COUNTS
    assert all(type(value) is int for value in counts.values())


def test_proof_pretty_lists_what_is_not_proven(dlconform: Run) -> None:
    """Each count with its meaning, then each rule without proof or case, with the reason."""
    done = dlconform("rules", "--proof")
    proof = read_proof()

    assert done.returncode == 0
    assert "faults caught by the rule that they prove" in done.stdout
    for rule in (*proof["unproven"], *proof["without_cases"]):
        assert rule in done.stdout


def test_proof_takes_no_words(dlconform: Run) -> None:
    """Words search rules; the proof is of all."""
    done = dlconform("rules", "copy", "--proof")

    assert done.returncode == 4
    assert "error[option]" in done.stderr


def test_rerun_needs_proof(dlconform: Run) -> None:
    """Alone it means nothing."""
    assert dlconform("rules", "--rerun").returncode == 4


def test_rerun_says_where_the_faults_are_when_they_are_not_here(
    dlconform: Run, tmp_path: Path
) -> None:
    """An installation has no faults; the hint says what to do in a checkout."""
    package = Path(proof_module.__file__).parents[1]
    site = tmp_path / "site"
    site.mkdir()
    (site / package.name).symlink_to(built_package(package))

    done = dlconform("rules", "--proof", "--rerun", PYTHONPATH=str(site))

    assert done.returncode == 4
    assert "error[rerun]" in done.stderr
    assert "ci/test" in done.stderr


def built_package(package: Path) -> Path:
    """Return the package with its modules: in a build tree the sources are links into it."""
    build = os.environ.get("DLCONFORM_BUILD_DIR")
    return Path(build, "python", package.name) if build else package


@pytest.mark.parametrize(
    ("text", "said"), [("{", "not JSON"), ('{"rules": 1}', "with_cases"), ("[]", "rules")]
)
def test_proof_that_is_no_proof_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    """A damaged file is an error with its place and the key."""
    place = tmp_path / "proof.json"
    place.write_text(text, encoding="utf-8")
    monkeypatch.setattr(proof_module, "proof_file", lambda: place)

    with pytest.raises(ReportError, match=said):
        read_proof()
