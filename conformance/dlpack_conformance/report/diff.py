"""What changed between two runs: cases by id, and the same in groups that a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["KINDS", "STOPPED", "TEXTS", "Change", "Difference", "Group", "changes", "groups"]

STOPPED = "stopped-sharing"
KINDS = (STOPPED, "verdict", "outcome", "reason", "new", "gone")
"""How cases changed: allowed both times, but shared memory became a copy, which no verdict shows;
then the gravest first: verdict; else outcome or modifiers; else why."""
TEXTS = {
    STOPPED: "allowed both times, but shared became copied",
    "verdict": "another verdict",
    "outcome": "another outcome, the same verdict",
    "reason": "another reason, the same outcome and verdict",
    "new": "only in the second",
    "gone": "only in the first",
}
"""The kinds in words."""
_FORBIDDEN = ("deviates", "suite-fault")


@dataclass(frozen=True, slots=True)
class Change:
    """One case that is not what it was. ``before``, ``after``: as words, empty where it is not.

    ``kind``: ``verdict``, ``outcome``, ``reason``, ``new`` or ``gone``; ``sort`` is one of `KINDS`.
    """

    id: str
    kind: str
    before: str
    after: str

    @property
    def stopped_sharing(self) -> bool:
        """Allowed both times, but memory that was shared is now copied."""
        if not (self.before.startswith("shared") and self.after.startswith("copied")):
            return False
        return not {_verdict(self.before), _verdict(self.after)} & set(_FORBIDDEN)

    @property
    def sort(self) -> str:
        """``kind``, or the class of its own that no verdict shows."""
        return STOPPED if self.stopped_sharing else self.kind


@dataclass(slots=True)
class Group:
    """Changes of one of `KINDS`, from one thing to another, of one pair and route, or of one rule.

    ``first``: an example; ``ids``: all of them.
    """

    kind: str
    where: str
    before: str
    after: str
    first: str
    ids: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many cases."""
        return len(self.ids)


class Difference:
    """All that two runs differ in, for every way of printing it."""

    def __init__(self, before: Records, after: Records) -> None:
        self.before, self.after = before, after
        self.changes = list(changes(before, after))
        self.groups = groups(self.changes)
        found = Counter(change.sort for change in self.changes)
        self.counts = {kind: found[kind] for kind in KINDS if found[kind]}
        """Changes by kind, in the order of `KINDS`."""

    @property
    def unchanged(self) -> int:
        """Cases that both have, and that are what they were."""
        return len(self.after.cases) - len(self.changes) + self.counts.get("gone", 0)

    @property
    def versions(self) -> dict[str, list[str]]:
        """Packages whose versions differ: before and after, empty where there is none."""
        old, new = (
            {key: text for one in records.versions.values() for key, text in one.items()}
            for records in (self.before, self.after)
        )
        return {
            name: [old.get(name, ""), new.get(name, "")]
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        }

    @property
    def between(self) -> str:
        """What the versions say: the difference in words."""
        return (
            ", ".join(
                f"{name} {old or 'absent'} -> {new or 'absent'}"
                for name, (old, new) in self.versions.items()
            )
            or "the same versions"
        )

    @property
    def warnings(self) -> list[str]:
        """What a reader must know of the two files before the changes."""
        said = []
        for records in (self.before, self.after):
            if records.incomplete:
                said.append(f"{records.path.name} is incomplete: {records.incomplete}")
            if records.shard:
                said.append(f"{records.path.name} is {records.shard} of its run")
        old, new = (one.header.get("catalogue", "unnamed") for one in (self.before, self.after))
        if old != new:
            said.append(f"another catalogue: {old} -> {new}; rules may have changed, too")
        return said

    @property
    def sentence(self) -> str:
        """All in one line."""
        counted = [f"{count:,} {kind}" for kind, count in self.counts.items()]
        counted.append(f"{self.unchanged:,} unchanged")
        return f"{self.between}: {', '.join(counted)}"


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


def groups(found: Iterable[Change]) -> list[Group]:
    """Changes in groups, in the order of `KINDS`, and the largest group of a kind first."""
    known: dict[tuple[str, ...], Group] = {}
    for change in found:
        parts = change.id.split("/")
        if parts[0] == "exchange":
            where = f"{parts[1]} -> {parts[2]} by {parts[3]}"
        else:
            where = f"{parts[1]}, {parts[2]}"
        key = (change.sort, where, change.before, change.after)
        group = known.get(key)
        if group is None:
            group = known[key] = Group(change.sort, where, *key[2:], first=change.id)
        group.ids.append(change.id)
    return sorted(known.values(), key=lambda one: (KINDS.index(one.kind), -one.count, one.first))


def _kind(was: Case, now: Case) -> str:
    if was.verdict != now.verdict:
        return "verdict"
    if (was.outcome, was.modifiers) != (now.outcome, now.modifiers):
        return "outcome"
    same = was.judged_json == now.judged_json or was.judged == now.judged
    return "" if same else "reason"


def _verdict(words: str) -> str:
    """The verdict in what `_words` made."""
    return words.partition(", ")[2].partition(" ")[0]


def _words(case: Case) -> str:
    """Outcome with modifiers, verdict, and the deciding rule where it did not conform."""
    words = " ".join([case.outcome, *(f"+{modifier}" for modifier in case.modifiers)])
    deciding = case.deciding
    if deciding.verdict == "conforms" or not deciding.reason:
        return f"{words}, {case.verdict}"
    return f"{words}, {case.verdict} ({deciding.rule} {deciding.reason})".replace("( ", "(")
