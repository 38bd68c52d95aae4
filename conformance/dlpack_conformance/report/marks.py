"""What each case of a run means to a reader who asks for red or green: the one place that says so.

Expectations decide where there are any; without them each deviation is red.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dlpack_conformance.report.counts import blamed

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["PASSED", "Mark", "Reviewed", "marker", "troubles"]


class Reviewed(Protocol):
    """What a run is worth by its expectations; `report.review.Review` has it."""

    @property
    def reds(self) -> Mapping[str, Any]:
        """By case id: ``kind`` and ``text`` of what is red."""

    @property
    def expected(self) -> Mapping[str, Any]:
        """By case id: ``entry``, ``why`` and ``issue`` of what is known."""

    @property
    def advisory(self) -> Mapping[str, str]:
        """By case id: a deviation that is not counted yet."""

    @property
    def stale(self) -> Iterable[Any]:
        """Expectations of nothing: ``entry``, ``cases`` and ``why``."""

    @property
    def sentence(self) -> str:
        """All in one line."""

    @property
    def expecting(self) -> bool:
        """Something was expected; else it says which deviations count."""


@dataclass(frozen=True, slots=True)
class Mark:
    """``kind``: passed, failed, error (the suite failed) or skipped; ``why``: which class of it.

    ``text``: one line for people, empty where it passed.
    """

    kind: str
    why: str = ""
    text: str = ""


PASSED = Mark("passed")
_NOT_SEEN = {"not-run": "not run", "not-applicable": "not applicable"}


def marker(records: Records, review: Reviewed | None = None) -> Callable[[Case], Mark]:
    """Return the function that marks the cases of a run."""
    if review is None:
        return _alone

    def by_review(case: Case) -> Mark:
        red = review.reds.get(case.id)
        if red is not None:
            return Mark("error" if red.kind == "suite-fault" else "failed", red.kind, red.text)
        known = review.expected.get(case.id)
        if known is not None:
            said = ", ".join(filter(None, [known.why, known.issue]))
            return Mark("skipped", "expected", f"expected by {known.entry}: {said}")
        new = review.advisory.get(case.id)
        if new is not None:
            return Mark("skipped", "advisory", new)
        found = _alone(case)
        # It counts for nobody who was asked about: another library is blamed.
        return PASSED if found.kind in {"failed", "error"} else found

    return by_review


def _alone(case: Case) -> Mark:
    """Mark a case by its verdict alone."""
    if case.verdict == "deviates":
        by = case.deciding
        culprit = blamed(case.axes, by.blame)
        text = f"deviates by {by.rule} ({by.reason}), blamed: {culprit}"
        return Mark("failed", "deviation", text)
    if case.verdict == "suite-fault":
        reason = case.deciding.reason or "no reason given"
        return Mark("error", "suite-fault", f"the suite itself failed: {reason}")
    why = "not-run" if case.outcome == "not-run" else case.verdict
    if why not in _NOT_SEEN:
        return PASSED
    proof = case.facts.get("route.absent") or case.deciding.reason or "no reason given"
    return Mark("skipped", why, f"{_NOT_SEEN[why]}: {proof}")


def troubles(records: Records, review: Reviewed | None = None) -> list[tuple[str, Mark]]:
    """Name and mark of what is wrong with the run as a whole, which no case says."""
    found = []
    if records.incomplete:
        found.append(("complete", Mark("error", "incomplete", records.incomplete)))
    if all(case.outcome == "not-run" for case in records.cases):
        found.append(("ran", Mark("error", "nothing-ran", "no case of the run was run")))
    for old in () if review is None else review.stale:
        text = f"{old.entry}: nothing shows {old.cases}: {old.why}"
        found.append((f"expectation {old.entry}", Mark("failed", "stale", text)))
    return found
