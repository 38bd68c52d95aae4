"""Findings: what a maintainer would want as one issue, made of all cases with the same cause.

Two answers have the same cause where library, rule, reason and verdict are the same, the input is
alike (valid or malformed), and so is the symptom:

- of a lost process how it ended and its last words, numbers left out: they name the place in the
  code. Where it left none, the step in which it ended and what the tensors have in common;
- of an exception of another class, that class;
- of everything else what the tensors have in common: nothing special where an ordinary tensor shows
  it, else the fewest traits (kind of source, property of the layout) that cover all cases.

A finding whose cases others contain whole is told there (``also``), since one defect often breaks
several rules at once; the rules that are asked of the fewest cases stay, as they say most.

A finding is decided only by the library against the reference: another library's fault never shows
as this one's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules
from dlpack_conformance.report.causes import Traits
from dlpack_conformance.report.counts import OURS, blamed
from dlpack_conformance.report.records import Judged
from dlpack_conformance.report.repro import accuses

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["Finding", "findings"]

_REFERENCE = "reference"
_LOST = ("crashed", "hung")
_NAMED = 6
_NUMBERS = re.compile(r"#|(?<![A-Za-z])-?\d+(?:\.\d+)?(?:\s*,\s*(?:#|-?\d+(?:\.\d+)?))*")
_BRACKETS = re.compile(r"[\[(]\s*(?:#\s*,?\s*)?[\])]")
_ERRORS = ("route.error", "export.error", "result.error", "answer.error")
_CANDIDATES = 4
_GRAVITY = {"deviates": 0, "not-judged": 1, "permitted": 2}


@dataclass(slots=True)
class Finding:
    """Cases of one cause.

    ``library``: who is to change something. ``verdict``: ``deviates``, ``permitted`` for an
    exception of another class than the text has, ``not-judged`` for a process that malformed input
    ended. ``symptom``: how the process ended, or the exception's class; may be empty. ``traits``:
    what all tensors have in common that is not ordinary, in words. ``cases``: all of them.
    ``shown``: the few that a reproducer may show, the best first, each with ids of the same case
    with the reference in the library's place. ``also``: rules that these cases break besides.
    """

    library: str
    rule: str
    reason: str
    blame: str
    input: str
    verdict: str
    symptom: str = ""
    traits: tuple[str, ...] = ()
    cases: list[Case] = field(default_factory=list)
    shown: list[tuple[Case, tuple[str, ...]]] = field(default_factory=list)
    also: tuple[str, ...] = ()

    @property
    def smallest(self) -> Case:
        """The case that the reproducer shows if it can."""
        return self.shown[0][0]

    def entry(self, case: Case) -> Judged:
        """The answer in a case that this finding is about."""
        asked = (self.rule, self.reason)
        for entry in case.judged:
            if (entry.rule, entry.reason) == asked:
                return entry
        return Judged(self.rule, self.verdict, self.reason, self.blame)

    @property
    def axes(self) -> dict[str, str]:
        """What the cases have in common: values of each axis, or how many there are."""
        found: dict[str, Counter[str]] = {}
        for case in self.cases:
            for name, value in case.axes.items():
                found.setdefault(name, Counter())[value] += 1
        return {
            name: ", ".join(sorted(values)) if len(values) <= _NAMED else f"{len(values)} values"
            for name, values in found.items()
        }


def findings(records: Records) -> list[Finding]:
    """All findings of a run whose side is decided, the gravest first."""
    search = _Search(records)
    found = _without_shadows(search.groups(), search.asked)
    decided = [one for one in found if search.show(one)]
    return sorted(decided, key=lambda one: (_GRAVITY[one.verdict], one.library, one.rule))


class _Search:
    """Groups the accusing answers of a run, and finds out which are decided."""

    def __init__(self, records: Records) -> None:
        self._records = records
        census = records.census
        self._libraries = set(census.get("libraries", {}))
        self._owners = {
            way["route"]: way["owner"] for way in census.get("ways", ()) if way["owner"]
        }

    @cached_property
    def _traits(self) -> Traits:
        return Traits()

    @cached_property
    def _described(self) -> frozenset[str]:
        return frozenset(row["name"] for row in modules().core.dtypes() if row["dlpack"])

    @cached_property
    def asked(self) -> Counter[str]:
        """In how many cases each rule was judged."""
        texts = Counter(case.judged_json for case in self._records.cases)
        found: Counter[str] = Counter()
        for case in {case.judged_json: case for case in self._records.cases}.values():
            for entry in case.judged:
                found[entry.rule] += texts[case.judged_json]
        return found

    def groups(self) -> list[Finding]:
        """Every cause, also those whose side is open."""
        found: dict[tuple[str, ...], Finding] = {}
        for case in self._records.cases:
            for entry, how in _accusing(case):
                library = self._culprit(case.axes, entry.blame)
                if library in OURS or library not in self._libraries:
                    continue
                symptom, words = _symptom(case, entry, how)
                key = (library, entry.rule, entry.reason, entry.verdict, how, words, entry.blame)
                group = found.get(key)
                if group is None:
                    group = found[key] = Finding(
                        library, entry.rule, entry.reason, entry.blame, how, entry.verdict, symptom
                    )
                group.cases.append(case)
        joined = _one_side(found)
        return [part for key, group in joined.items() for part in self._parts(key, group)]

    def _parts(self, key: tuple[str, ...], group: Finding) -> Iterator[Finding]:
        """The group, or its parts where only what the tensors have in common tells causes apart."""
        known_by_symptom = bool(key[5]) and not key[5].startswith("step ")
        if known_by_symptom:
            parts = [(self._traits.common(group.cases), group.cases)]
        else:
            parts = self._traits.parts(group.cases)
        for words, cases in parts:
            yield Finding(
                group.library,
                group.rule,
                group.reason,
                group.blame,
                group.input,
                group.verdict,
                group.symptom,
                words,
                cases,
            )

    def _culprit(self, axes: Mapping[str, str], blame: str) -> str:
        """The library that a blame names: of a route, its owner; empty where it names none."""
        if blame in ("none", ""):
            return ""
        if axes["case"] != "exchange":
            return axes["library"]
        name = blamed(dict(axes), blame)
        return self._owners.get(name, "") if blame == "route" else name

    def show(self, group: Finding) -> bool:
        """Choose what the reproducer may show; False where the side is not decided."""
        if not any(self._decides(case, group) for case in group.cases):
            return False
        best = sorted(group.cases, key=lambda case: self._rank(case, group))
        kinds: Counter[tuple[bool, ...]] = Counter()
        for case in best:
            kind = self._rank(case, group)[:2]
            kinds[kind] += 1
            if kinds[kind] <= 2 and len(group.shown) < _CANDIDATES:
                group.shown.append((case, tuple(self._counterparts(case, group))))
        return True

    def _decides(self, case: Case, group: Finding) -> bool:
        """The library met the reference alone, or the route is its own; ours is clean there."""
        axes = case.axes
        if axes["case"] == "exchange" and group.blame != "route":
            sides = {axes["producer"], axes["consumer"]}
            if sides != {group.library, _REFERENCE}:
                return False
        for other in self._counterparts(case, group)[:1]:
            found = self._records.find(other)
            if found is not None and any(_accusing(found)):
                return False
        return True

    def _counterparts(self, case: Case, group: Finding) -> list[str]:
        """Ids of the case with the reference in the library's place: the same, then an ordinary."""
        parts = case.id.split("/")
        if parts[0] != "exchange":
            return ["/".join([parts[0], _REFERENCE, *parts[2:]])]
        sides = [_REFERENCE if name == group.library else name for name in parts[1:3]]
        route, request, dtype, layout, source, device = parts[3:]
        if dtype not in self._described:  # ours makes what DLPack describes
            dtype, source = "float32", "plain"
        ordinary = ["from_dlpack", "plain", dtype, layout]
        if group.blame == "route":
            # What the route's owner documents binds the owner alone: ours takes it as all do.
            sides[1] = _REFERENCE
            kinds = dict.fromkeys((source, "plain"))
            return ["/".join([parts[0], *sides, *ordinary, kind, device]) for kind in kinds]
        found = [
            [route, request, dtype, layout, source],
            [route, request, dtype, layout, "plain"],
            [*ordinary, "plain"],
        ]
        return list(dict.fromkeys("/".join([parts[0], *sides, *axes, device]) for axes in found))

    def _rank(self, case: Case, group: Finding) -> tuple[Any, ...]:
        """Few libraries first and ours last; then no keyword, few elements, an ordinary source."""
        axes = case.axes
        if axes["case"] != "exchange":
            return (True, True, *self._traits.size(case), len(case.id), case.id)
        sides = {axes["producer"], axes["consumer"]}
        return (
            bool(sides & OURS),
            axes["route"] not in ("from_dlpack",) and group.blame != "route",
            axes["request"] != "plain",
            axes["source"] not in ("owned", "plain"),
            *self._traits.size(case),
            len(sides),
            axes["source"] != "owned",
            axes["dtype"] != "float32",
            len(case.id),
            case.id,
        )


def _accusing(case: Case) -> Iterator[tuple[Judged, str]]:
    """Answers that a maintainer would want to hear of; and whether the input was malformed."""
    if case.outcome in _LOST and case.input == "malformed":
        yield Judged(case.axes["rule"], "not-judged", "process-lost", "library"), "malformed"
        return
    for entry in case.judged:
        if accuses(case, entry):
            yield entry, "valid"


def _symptom(case: Case, entry: Judged, how: str) -> tuple[str, str]:
    """How it shows, in a word; and what of it tells causes apart."""
    if how == "malformed" or entry.reason == "process-lost":
        return _loss(case)
    if entry.reason == "wrong-error":
        facts = case.facts
        error = next((facts[name] for name in _ERRORS if facts.get(name)), "")
        kind = str(error).rpartition(".")[2]
        return kind, kind
    return "", ""


def _loss(case: Case) -> tuple[str, str]:
    facts = case.facts
    signal, status = facts.get("crash.signal"), facts.get("crash.status")
    ended = "hung" if case.outcome == "hung" else str(signal or f"exit status {status}")
    words = _BRACKETS.sub("[#]", _NUMBERS.sub("#", str(facts.get("crash.message") or "")))
    if words:
        return ended, f"{ended}: {words}"
    spoilt = case.axes["variant"].partition("-")[0] if case.input == "malformed" else ""
    return ended, f"step {facts.get('crash.step')}, {ended} {spoilt}"


def _one_side(groups: Mapping[tuple[str, ...], Finding]) -> dict[tuple[str, ...], Finding]:
    """Groups that differ in blame alone made one, where one blames the library as a whole.

    In a case of one library alone a loss is the library's, whichever side it took.
    """
    found: dict[tuple[str, ...], Finding] = {}
    for key in sorted(groups, key=lambda key: key[-1] == "library"):
        group = groups[key]
        others = [other for other in found if other[:-1] == key[:-1]]
        if key[-1] == "library" and len(others) == 1:
            found[others[0]].cases += group.cases
        else:
            found[key] = group
    return found


def _without_shadows(groups: Iterable[Finding], asked: Mapping[str, int]) -> list[Finding]:
    """Findings without those whose cases others contain whole; these are told as ``also``."""
    kept = list(groups)
    for one in sorted(kept, key=lambda one: (-asked[one.rule], len(one.cases))):
        mine = {case.id for case in one.cases}
        others = [other for other in kept if other is not one and other.library == one.library]
        covering = [other for other in others if mine & {case.id for case in other.cases}]
        if covering and mine <= {case.id for other in covering for case in other.cases}:
            kept.remove(one)
            for other in covering:
                rules = {*other.also, *one.also, one.rule} - {other.rule, ""}
                other.also = tuple(sorted(rules))
    return kept
