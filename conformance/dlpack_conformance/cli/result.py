"""What a run says at its end, and the exit code that follows from its records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlpack_conformance.cli.exits import Exit, first
from dlpack_conformance.cli.output import console, print_json

if TYPE_CHECKING:
    from dlpack_conformance.report import Records, Summary
    from dlpack_conformance.report.review import Review

__all__ = ["exit_of", "print_result"]


def exit_of(records: Records, found: Review, *, exit_zero: bool = False) -> Exit:
    """Exit code of a run, from its records and what they are worth."""
    holds = {
        Exit.SUITE_FAULT: bool(found.faults),
        Exit.INCOMPLETE: bool(records.incomplete),
        Exit.NOTHING_RAN: records.count("outcome")["not-run"] == len(records.cases),
        Exit.DEVIATION: bool(found.failed),
        Exit.STALE: bool(found.stale),
    }
    return first((code for code, held in holds.items() if held), exit_zero=exit_zero)


def print_result(records: Records, found: Review, *, format_: str, stderr: bool = False) -> None:
    """Print what the run says as a whole; on stderr where stdout has the records.

    Where something was expected of it, how it compares.
    """
    from dlpack_conformance.report import print_summary, summary
    from dlpack_conformance.report.claims import claims

    said = summary(records)
    believed = claims(records, None)
    if format_ == "json" and not stderr:
        compared = {"review": _review(found)} if found.expecting else {}
        print_json({**_as_json(said), "claims": believed, **compared})
        return
    out = console(stderr=stderr)
    print_summary(out, said, believed)
    if found.expecting:
        from dlpack_conformance.report.review_terminal import print_review

        print_review(out, found)


def _review(found: Review) -> dict[str, Any]:
    """A review as JSON; the texts are for people, everything else is for programs, too."""
    return {
        "sentence": found.sentence,
        "counts": dict(found.counts),
        "red": list(found.reds.values()),
        "expected": list(found.expected.values()),
        "stale": list(found.stale),
        "advisory": found.advisory,
        "new": list(found.new),
        "gone": list(found.gone),
    }


def _as_json(said: Summary) -> dict[str, Any]:
    return {
        "headline": said.headline,
        "incomplete": said.incomplete,
        "shard": said.shard,
        "cases": said.total,
        "planned": said.planned,
        "libraries": said.libraries,
        "outcomes": dict(said.outcomes.most_common()),
        "verdicts": dict(said.verdicts.most_common()),
        "deviations": [
            {
                "rule": found.rule,
                "reason": found.reason,
                "blame": found.blame,
                "culprit": found.culprit,
                "count": found.count,
                "example": found.first,
            }
            for found in said.deviations
        ],
        "not_run": dict(said.not_run.most_common()),
    }
