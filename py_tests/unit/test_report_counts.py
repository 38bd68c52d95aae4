"""What a run says as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import report_synthetic as synthetic
from dlpack_conformance.report import Records, read, summary
from dlpack_conformance.report.counts import OUTCOMES, blamed


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(tmp_path_factory.mktemp("records") / "run.ndjson"))


def test_summary_counts_every_case_once(records: Records) -> None:
    """Outcomes and verdicts add up to the cases, and pairs and routes to the exchanges."""
    said = summary(records)

    assert said.outcomes == Counter(case.outcome for case in records.cases)
    assert sum(said.verdicts.values()) == said.total == len(records.cases)
    assert sum(said.pairs.values(), Counter()) == sum(said.routes.values(), Counter())
    assert sum(sum(said.pairs.values(), Counter()).values()) == said.exchanges


def test_summary_has_a_letter_for_every_outcome(records: Records) -> None:
    """No outcome of a run is without its letter."""
    assert set(summary(records).outcomes) <= set(OUTCOMES)
    assert len(set(OUTCOMES.values())) == len(OUTCOMES)


def test_findings_are_grouped_by_rule_reason_and_blamed_library(records: Records) -> None:
    """All deviations of one kind that are blamed on one library make one finding."""
    said = summary(records)
    (crash,) = said.deviations

    assert (crash.rule, crash.reason, crash.culprit, crash.blame) == (
        "C-45", "process-lost", "beta", "consumer",
    )  # fmt: skip
    assert crash.count == said.outcomes["crashed"] == sum(crash.pairs.values())
    first = records.find(crash.first)
    assert first is not None
    assert first.verdict == "deviates"


def test_headline_counts_deviating_cases(records: Records) -> None:
    """The verdict sentence has the two numbers that matter."""
    said = summary(records)

    assert (
        said.headline
        == f"{said.verdicts['deviates']:,} of {said.total:,} cases deviate from the rules."
    )
    assert "alpha 2.4.6, beta 1.0 and reference" in said.sentences[0]
    assert any("ended the process" in sentence for sentence in said.sentences)
    assert any("beta" in sentence for sentence in said.sentences[1:])


@pytest.mark.parametrize("kind", ["valid", "malformed"])
def test_crashes_over_malformed_input_are_told_apart(records: Records, kind: str) -> None:
    """They stand in a sentence of their own, and never among the exchanges."""
    crash = replace(
        next(case for case in records.cases if case.outcome == "crashed"),
        id="protocol/beta/T-31/shape-null",
        input=kind,
    )
    fine = replace(crash, id="protocol/beta/C-08/any", outcome="answered", input="valid")
    said = summary(replace(records, cases=[*records.cases, crash, fine]))

    sentence = f"Of 2 cases about one library alone, 1 ended the process on {kind} input."
    assert sentence in said.sentences
    assert said.sentences[1] == summary(records).sentences[1]


def test_headline_of_an_incomplete_run_never_praises(tmp_path: Path) -> None:
    """Missing cases come before anything else."""
    said = summary(read(synthetic.write(tmp_path / "run.ndjson", drop=3)))

    assert said.headline.startswith("This run is incomplete")
    assert said.incomplete


def test_headline_of_suite_faults_comes_before_deviations(records: Records) -> None:
    """A fault of ours is said first, as nothing else counts until it is gone."""
    said = summary(records)
    said.verdicts["suite-fault"] = 2

    assert said.headline.startswith("2 cases failed in the suite itself")


@pytest.mark.parametrize(
    ("blame", "culprit"),
    [("producer", "p"), ("consumer", "c"), ("route", "r"), ("pair", "p or c"), ("none", "nobody")],
)
def test_blame_names_a_library(blame: str, culprit: str) -> None:
    """The word of the record becomes the library or route of the case."""
    assert (
        blamed({"case": "exchange", "producer": "p", "consumer": "c", "route": "r"}, blame)
        == culprit
    )
