"""What a run says as a whole.

Counts, deviations in groups, and the sentences on top of every face.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Judged, Records

__all__ = ["OURS", "OUTCOMES", "Finding", "Summary", "blamed", "summary"]

OUTCOMES: dict[str, str] = {
    "shared": "S",
    "copied": "C",
    "refused": "R",
    "corrupted": "X",
    "empty": "E",
    "answered": "A",
    "crashed": "!",
    "hung": "T",
    "not-run": "·",
}
"""Outcomes with their letters, in the order in which they are shown."""

OURS = frozenset({"reference"})
"""Libraries of the suite itself; shown last."""
_NAMED = 4
_HABITS = ("always shares", "always copies", "shares or copies", "always refuses")


@dataclass(slots=True)
class Finding:
    """Judged entries of one rule, reason and blamed library; ``first`` is an example's id."""

    rule: str
    reason: str
    blame: str
    culprit: str
    verdict: str
    first: str
    count: int = 0
    pairs: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Summary:
    """Counts of a run; ``shard``: which part of it, where it is not whole.

    ``pairs`` and ``routes``: outcomes by (producer, consumer[, route]); ``plain``: the same of
    calls without a keyword. ``protocol``: verdicts by (library, group of rules); ``probed``: their
    outcomes by input, ``valid`` or ``malformed``. ``culprits``: deviating cases by who is blamed.
    """

    total: int
    planned: int
    incomplete: str
    libraries: dict[str, str]
    outcomes: Counter[str]
    verdicts: Counter[str]
    exchanges: int
    pairs: dict[tuple[str, str], Counter[str]]
    pair_verdicts: dict[tuple[str, str], Counter[str]]
    routes: dict[tuple[str, str, str], Counter[str]]
    plain: dict[tuple[str, str, str], Counter[str]]
    protocol: dict[tuple[str, str], Counter[str]]
    probed: dict[str, Counter[str]]
    culprits: Counter[str]
    findings: list[Finding]
    not_run: Counter[str]
    shard: str = ""

    @property
    def deviations(self) -> list[Finding]:
        """Findings that deviate, the most frequent first."""
        return [finding for finding in self.findings if finding.verdict == "deviates"]

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        said = self._verdict()
        return f"{self.shard.capitalize()}: {said}" if self.shard else said

    def _verdict(self) -> str:
        if self.incomplete:
            return f"This run is incomplete: {self.total:,} of {self.planned:,} cases."
        faults = self.verdicts["suite-fault"]
        if faults:
            return f"{_count(faults, 'case')} failed in the suite itself, which comes first."
        deviating = self.verdicts["deviates"]
        if not self.total:
            return "No case ran."
        if not deviating and self.total == 1:
            return "The only case keeps to the rules."
        if not deviating:
            return f"All {self.total:,} cases keep to the rules."
        verb = "deviates" if deviating == 1 else "deviate"
        return f"{deviating:,} of {_count(self.total, 'case')} {verb} from the rules."

    @property
    def sentences(self) -> list[str]:
        """When memory is shared and which deviations there are, as sentences."""
        said = (self._sharing(), self._endings(), self._probes(), self._blame())
        return [text for text in said if text]

    @property
    def habits(self) -> dict[tuple[str, str], dict[str, list[str]]]:
        """What the routes of a pair do when called without a keyword.

        Routes by habit, in the order of `_HABITS`.
        """
        found: dict[tuple[str, str], dict[str, list[str]]] = {}
        pairs = sorted(self.plain.items(), key=lambda item: bool(OURS & set(item[0][:2])))
        for (producer, consumer, route), counts in pairs:
            shared, copied = counts["shared"], counts["copied"]
            if shared or copied:
                habit = _HABITS[2] if shared and copied else _HABITS[0] if shared else _HABITS[1]
            elif counts["refused"]:
                habit = _HABITS[3]
            else:
                continue
            habits = found.setdefault((producer, consumer), {name: [] for name in _HABITS})
            habits[habit].append(route)
        return found

    def _sharing(self) -> str:
        counts = sum(self.pairs.values(), Counter[str]())
        ran = self.exchanges - counts["not-run"]
        if not ran:
            return ""
        names = _listed([f"{name} {version}".strip() for name, version in self.libraries.items()])
        parts = [
            f"{counts[key]:,} {text}"
            for key, text in (
                ("shared", "shared memory"),
                ("copied", "made a copy"),
                ("refused", "were refused with an exception"),
                ("empty", "had no elements to share"),
            )
            if counts[key]
        ]
        return f"Of {ran:,} exchanges between {names}, {_listed(parts)}."

    def _endings(self) -> str:
        counts = sum(self.pairs.values(), Counter[str]())
        parts = _ends(
            counts, ("corrupted", "gave back wrong values or touched bytes they must not")
        )
        return f"{_listed(parts)}." if parts else ""

    def _probes(self) -> str:
        """How cases of one library ended; a crash over malformed input is nobody's deviation."""
        said = [
            f"{_listed(parts)} on {kind} input"
            for kind in ("valid", "malformed")
            if (parts := _ends(self.probed.get(kind, Counter[str]())))
        ]
        if not said:
            return ""
        total = sum(counts.total() for counts in self.probed.values())
        return f"Of {_count(total, 'case')} about one library alone, {_listed(said)}."

    def _blame(self) -> str:
        culprits = self.culprits
        reasons = {(finding.rule, finding.reason) for finding in self.deviations}
        if not culprits:
            return ""
        named = [f"{name} ({count:,})" for name, count in culprits.most_common(_NAMED)]
        if len(culprits) > _NAMED:
            named.append(f"{len(culprits) - _NAMED} more")
        return f"The deviations are of {_count(len(reasons), 'kind')}; blamed: {_listed(named)}."


def summary(records: Records) -> Summary:
    """Count a run."""
    cases = records.cases
    result = Summary(
        total=len(cases),
        planned=records.planned,
        incomplete=records.incomplete,
        libraries=_libraries(records),
        outcomes=Counter(),
        verdicts=Counter(),
        exchanges=0,
        pairs={},
        pair_verdicts={},
        routes={},
        plain={},
        protocol={},
        probed={},
        culprits=Counter(),
        findings=[],
        not_run=Counter(),
        shard=records.shard,
    )
    findings: dict[tuple[str, ...], Finding] = {}
    for case in cases:
        result.outcomes[case.outcome] += 1
        result.verdicts[case.verdict] += 1
        axes = case.axes
        if axes["case"] == "exchange":
            pair = axes["producer"], axes["consumer"]
            result.exchanges += 1
            result.pairs.setdefault(pair, Counter())[case.outcome] += 1
            result.pair_verdicts.setdefault(pair, Counter())[case.verdict] += 1
            result.routes.setdefault((*pair, axes["route"]), Counter())[case.outcome] += 1
            if axes["request"] == "plain":
                result.plain.setdefault((*pair, axes["route"]), Counter())[case.outcome] += 1
        elif axes["case"] == "protocol":
            group = axes["library"], axes["rule"][:1]
            result.protocol.setdefault(group, Counter())[case.verdict] += 1
            result.probed.setdefault(case.input, Counter())[case.outcome] += 1
        if case.outcome == "not-run":
            result.not_run[_why_not_run(case)] += 1
        result.culprits.update(
            {blamed(axes, entry.blame) for entry in case.judged if entry.verdict == "deviates"}
        )
        _count_findings(findings, case, axes, (e for e in case.judged if e.verdict in _FOUND))
    result.findings = sorted(
        findings.values(), key=lambda f: (-f.count, f.rule, f.reason, f.culprit)
    )
    return result


_FOUND = ("deviates", "permitted", "suite-fault")
_LOST = (("crashed", "ended the process"), ("hung", "did not come back"))


def _ends(counts: Counter[str], *more: tuple[str, str]) -> list[str]:
    """Numbers of cases that ended badly, as parts of a sentence."""
    return [f"{counts[key]:,} {text}" for key, text in (*more, *_LOST) if counts[key]]


def _count_findings(
    findings: dict[tuple[str, ...], Finding],
    case: Case,
    axes: dict[str, str],
    entries: Iterable[Judged],
) -> None:
    for entry in entries:
        culprit = blamed(axes, entry.blame)
        key = (entry.rule, entry.reason, entry.verdict, culprit, entry.blame)
        finding = findings.get(key)
        if finding is None:
            finding = findings[key] = Finding(
                entry.rule, entry.reason, entry.blame, culprit, entry.verdict, case.id
            )
        finding.count += 1
        finding.pairs[_pair_text(axes)] += 1


def blamed(axes: dict[str, str], blame: str) -> str:
    """The library (or route) that a blame names in a case with these axes."""
    if blame == "pair":
        return " or ".join(dict.fromkeys((axes["producer"], axes["consumer"])))
    if axes["case"] != "exchange" and blame != "none":
        return axes["library"]
    return axes.get(blame, "nobody")


def _pair_text(axes: dict[str, str]) -> str:
    if axes["case"] == "exchange":
        return f"{axes['producer']} -> {axes['consumer']}"
    return axes["library"]


def _why_not_run(case: Case) -> str:
    absent = case.facts.get("route.absent")
    return str(absent or case.deciding.reason or "no reason given")


def _libraries(records: Records) -> dict[str, str]:
    """Libraries of the run with the version of their main package; the reference last."""
    versions = records.versions
    ordered = sorted(versions, key=lambda name: (name in OURS, name))
    return {
        name: ""
        if name in OURS
        else versions[name].get(name, next(iter(versions[name].values()), ""))
        for name in ordered
    }


def _count(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def _listed(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
