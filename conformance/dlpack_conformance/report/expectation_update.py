"""Brings a file of expectations up to date with records; reasons are left to a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit

from dlpack_conformance import modules
from dlpack_conformance.report.counts import blamed
from dlpack_conformance.report.expectations import Expectations, parse
from dlpack_conformance.report.review import review
from dlpack_conformance.report.smallest import Plan

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records
    from dlpack_conformance.report.review import Red, Review

__all__ = ["Update", "update"]

_HEAD = "# What is known, and why: dlconform run --expect.\n"
_LOST = ("crashed", "hung")


@dataclass(slots=True)
class Update:
    """What was done; ``text``: the file.

    ``added``, ``narrowed``: numbers of entries with their cases; ``left``: what a person has to do.
    """

    text: str = ""
    added: dict[int, int] = field(default_factory=dict)
    narrowed: dict[int, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def update(path: Path, records: Records, *, target: str | None = None) -> Update:
    """The file with entries for all cases of the records that are red without them.

    Entries stay where they are, with their comments. One that holds for some of its cases gets
    patterns of those; one that holds for none is left to a person. Cases with the same deviations
    and the same blame become one new entry, whose ``why`` is empty: `load` refuses it until a
    person has said why.

    Raises
    ------
    ExpectationsError
        The file can't be used, for another reason than an empty ``why``.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    work = _Work(path, records, target)
    work.result.text = work.added(work.narrowed(text))
    work.review(work.result.text)
    return work.result


class _Work:
    """One file and the records that it is compared with."""

    def __init__(self, path: Path, records: Records, target: str | None) -> None:
        self.result = Update()
        self._path = path
        self._records = records
        self._target = target
        self._plan = Plan(case.id for case in records.cases)

    def review(self, text: str) -> tuple[Expectations, Review]:
        """The records compared with what the file would hold."""
        expectations, errors = parse(self._path, text=text, unfinished=True)
        if errors:
            raise errors[0]
        return expectations, review(self._records, expectations, None, self._target)

    def narrowed(self, text: str) -> str:
        """The text with the cases that are red taken out of its own entries that name them."""
        expectations, found = self.review(text)
        document = tomlkit.parse(text)
        entries: Any = document.get("expect")
        speaking = self._speaking(expectations)
        for name in filter(self._is_own, Counter(red.entry for red in found.reds.values())):
            number = int(name.rpartition(":")[2])
            kept = [case for case in speaking[name] if case not in found.reds]
            if kept:
                entries[number - 1]["cases"] = self._cases(kept)
                self.result.narrowed[number] = len(kept)
        return tomlkit.dumps(document)

    def added(self, text: str) -> str:
        """The text with entries for what is still red, those with most cases first."""
        expectations, found = self.review(text)
        number = sum(self._is_own(entry.name) for entry in expectations.entries)
        groups: dict[_Seen, list[Case]] = {}
        for red in found.reds.values():
            case = self._records.find(red.case)
            assert case is not None
            if red.kind != "suite-fault" and not self._is_left(red):
                groups.setdefault(_Seen.of(case), []).append(case)
        parts = [text.rstrip("\n")]
        for seen, cases in sorted(groups.items(), key=lambda item: -len(item[1])):
            table = tomlkit.table()
            table.add("cases", self._cases(case.id for case in cases))
            for key, value in (*seen.keys(), ("why", "")):
                table.add(key, value)
            parts.append(f"# {seen.comment(len(cases))}\n[[expect]]\n{table.as_string().rstrip()}")
            number += 1
            self.result.added[number] = len(cases)
        for name in dict.fromkeys(red.entry for red in found.reds.values() if self._is_left(red)):
            self.result.left.append(f"{name} holds for none of its cases: remove it")
        for stale in found.stale:
            self.result.left.append(f"{stale.entry} speaks about no case: remove it")
        return "\n\n".join(parts) + "\n"

    def _is_left(self, red: Red) -> bool:
        """Whether it is for a person to remove the entry: none of its cases is as it says."""
        return red.kind == "vanished" and self._is_own(red.entry)

    def _is_own(self, name: str) -> bool:
        return name.rpartition(":")[0] == self._path.name  # others have a folder, or no suffix

    def _speaking(self, expectations: Expectations) -> dict[str, list[str]]:
        """Cases by the entry that speaks about them."""
        entries = [entry for entry in expectations.entries if entry.holds(self._records)]
        ids = [case.id for case in self._records.cases]
        last, _ = modules().core.assign([list(entry.cases) for entry in entries], ids)
        found: dict[str, list[str]] = {}
        for case, at in zip(ids, last, strict=True):
            if at >= 0:
                found.setdefault(entries[at].name, []).append(case)
        return found

    def _cases(self, cases: Iterable[str]) -> Any:
        """The smallest patterns, as one text or one a line."""
        found = self._plan.patterns(cases)
        if len(found) == 1:
            return found[0]
        array = tomlkit.array()
        array.extend(found)
        return array.multiline(multiline=True)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What cases of one new entry have in common."""

    outcome: str
    verdict: str
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    culprits: tuple[str, ...]

    @classmethod
    def of(cls, case: Case) -> _Seen:
        found = [one for one in case.judged if one.verdict == "deviates"]
        axes = case.axes
        return cls(
            case.outcome if case.outcome in _LOST else "",
            "" if case.outcome in _LOST else case.verdict,
            tuple(sorted({one.rule for one in found})),
            tuple(sorted({one.reason for one in found})),
            tuple(sorted({blamed(axes, one.blame) for one in found})),
        )

    def comment(self, count: int) -> str:
        """How many cases they are, and who is blamed."""
        cases = f"{count:,} case" if count == 1 else f"{count:,} cases"
        return f"{cases}, blamed: {' and '.join(self.culprits)}" if self.culprits else cases

    def keys(self) -> list[tuple[str, Any]]:
        """The entry's keys that say what is expected."""
        what = ("outcome", self.outcome) if self.outcome else ("verdict", self.verdict)
        named = (("rule", self.rules), ("reason", self.reasons))
        return [what, *((key, _one_or_all(texts)) for key, texts in named if texts)]


def _one_or_all(texts: tuple[str, ...]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)
