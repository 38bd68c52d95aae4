"""Every check can fail: each fault is caught by the rule that it proves, its twin trips nothing.

The proof that this writes into the build folder is the one that ``dlconform rules --proof`` prints.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dlpack_faults import _all
from dlpack_faults._proof import COMMAND, Proof, prove, published
from dlpack_faults._survivors import SURVIVORS

FAULTS = [
    pytest.param(fault.name, marks=pytest.mark.requirement(fault.proves), id=fault.name)
    for fault in _all.faults().values()
]


@pytest.fixture(scope="module")
def proof() -> Proof:
    """Run all faults, all twins and all mutants, on all cores."""
    done = prove()
    place = os.environ.get("DLCONFORM_BUILD_DIR")
    if place:
        text = json.dumps(done.document(), indent=1) + "\n"
        (Path(place) / "proof.json").write_text(text, encoding="utf-8")
    return done


@pytest.mark.parametrize("name", FAULTS)
def test_faults_trip_what_they_name_and_twins_nothing(proof: Proof, name: str) -> None:
    """The proved rule sees it, the rules of ``also`` do, no other does, and of the twin none."""
    result = next(result for result in proof.results if result.name == name)

    assert result.wrong() == []


def test_faults_prove_every_must_that_has_cases(proof: Proof) -> None:
    """A must or derived rule without a fault has a reason in its file's ``UNPLANTED``."""
    unproven = set(proof.document()["unproven"])

    assert unproven <= set(_all.unplanted())


def test_faults_unplanted_rules_are_without_a_fault(proof: Proof) -> None:
    """A reason is only given where there is no fault."""
    assert not set(_all.unplanted()) & {result.proves for result in proof.results}


def test_mutants_are_noticed_or_explained(proof: Proof) -> None:
    """A change of a rule that no case shows says the same as the rule, and the table says why."""
    assert sorted(set(proof.survivors) - set(SURVIVORS)) == []


def test_survivors_are_none_that_a_case_shows(proof: Proof) -> None:
    """The table of mutants that say the same as their rule has no entry too many."""
    assert sorted(set(SURVIVORS) - set(proof.survivors)) == []


def test_proof_that_is_published_is_this_one(proof: Proof) -> None:
    """What ``dlconform rules --proof`` and the report print is what the faults showed here."""
    stated = json.loads(published().read_text(encoding="utf-8"))

    assert stated == json.loads(json.dumps(proof.document())), f"write it anew: {COMMAND}"
