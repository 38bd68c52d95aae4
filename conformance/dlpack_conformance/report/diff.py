"""What changed between two runs: cases by id, and the same in groups that a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["KINDS", "Change", "Group", "changes", "groups"]

KINDS = ("verdict", "outcome", "reason", "new", "gone")
"""How a case changed, the gravest first: its verdict; else its outcome or modifiers; else why."""


@dataclass(frozen=True, slots=True)
class Change:
    """One case that is not what it was. ``before``, ``after``: as words, empty where it is not."""

    id: str
    kind: str
    before: str
    after: str

    @property
    def stopped_sharing(self) -> bool:
        """Allowed both times, but memory that was shared is now copied."""
        return self.before.startswith("shared") and self.after.startswith("copied")


@dataclass(slots=True)
class Group:
    """Changes of one kind, from one thing to another, of one pair and route, or of one rule."""

    kind: str
    where: str
    before: str
    after: str
    first: str
    count: int = 0


def changes(before: Records, after: Records) -> Iterator[Change]:
    """Changes in the order of ``after``, then what is gone in the order of ``before``."""
    old = {case.id: case for case in before.cases}
    for case in after.cases:
        was = old.pop(case.id, None)
        if was is None:
            yield Change(case.id, "new", "", _words(case))
            continue
        kind = _kind(was, case)
        if kind:
            yield Change(case.id, kind, _words(was), _words(case))
    for case in old.values():
        yield Change(case.id, "gone", _words(case), "")


def groups(found: Iterator[Change] | list[Change]) -> list[Group]:
    """Changes in groups, the gravest kind first and the largest group of a kind first."""
    known: dict[tuple[str, ...], Group] = {}
    for change in found:
        parts = change.id.split("/")
        if parts[0] == "exchange":
            where = f"{parts[1]} -> {parts[2]} by {parts[3]}"
        else:
            where = f"{parts[1]}, {parts[2]}"
        key = (change.kind, where, change.before, change.after)
        group = known.get(key)
        if group is None:
            group = known[key] = Group(change.kind, where, *key[2:], first=change.id)
        group.count += 1
    return sorted(known.values(), key=lambda one: (KINDS.index(one.kind), -one.count, one.first))


def _kind(was: Case, now: Case) -> str:
    if was.verdict != now.verdict:
        return "verdict"
    if (was.outcome, was.modifiers) != (now.outcome, now.modifiers):
        return "outcome"
    same = was.judged_json == now.judged_json or was.judged == now.judged
    return "" if same else "reason"


def _words(case: Case) -> str:
    """Outcome with modifiers, verdict, and the deciding rule where it did not conform."""
    words = " ".join([case.outcome, *(f"+{modifier}" for modifier in case.modifiers)])
    deciding = case.deciding
    if deciding.verdict == "conforms" or not deciding.reason:
        return f"{words}, {case.verdict}"
    return f"{words}, {case.verdict} ({deciding.rule} {deciding.reason})".replace("( ", "(")
