"""What a run says at its end, and the exit code that follows from its records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dlpack_conformance.cli.exits import Exit, first
from dlpack_conformance.cli.output import console, print_json

if TYPE_CHECKING:
    from dlpack_conformance.report import Records, Summary

__all__ = ["exit_of", "print_result"]


def exit_of(records: Records, *, target: str | None = None, exit_zero: bool = False) -> Exit:
    """Exit code of a run, from its records alone."""
    codes = []
    if records.count("verdict")["suite-fault"]:
        codes.append(Exit.SUITE_FAULT)
    if records.incomplete:
        codes.append(Exit.INCOMPLETE)
    if records.count("outcome")["not-run"] == len(records.cases):
        codes.append(Exit.NOTHING_RAN)
    if any(_red(records, target)):
        codes.append(Exit.DEVIATION)
    return first(codes, exit_zero=exit_zero)


def _red(records: Records, target: str | None) -> Iterator[bool]:
    """Whether each deviation counts: all do, or those of the target, its pairs and its routes."""
    ways = records.header.get("census", {}).get("ways", [])
    owners = {(way["producer"], way["consumer"], way["route"]): way["owner"] for way in ways}
    for case in records.cases:
        if b'"deviates"' not in case.judged_json:
            continue
        axes = case.axes
        for entry in case.judged:
            if entry.verdict != "deviates":
                continue
            if target is None or entry.blame == "pair":
                yield True
            elif entry.blame == "route":
                way = (axes.get("producer", ""), axes.get("consumer", ""), axes.get("route", ""))
                yield owners.get(way) == target
            else:
                yield axes.get(entry.blame) == target


def print_result(records: Records, *, format_: str, stderr: bool = False) -> None:
    """Print what the run says as a whole; on stderr where stdout has the records."""
    from dlpack_conformance.report import print_summary, summary
    from dlpack_conformance.report.claims import claims

    said = summary(records)
    believed = claims(records, None)
    if format_ == "json" and not stderr:
        print_json({**_as_json(said), "claims": believed})
    else:
        print_summary(console(stderr=stderr), said, believed)


def _as_json(said: Summary) -> dict[str, Any]:
    return {
        "headline": said.headline,
        "incomplete": said.incomplete,
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
