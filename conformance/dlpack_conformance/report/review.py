"""A run compared with what was expected of it: what is red, what is known, what is out of date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dlpack_conformance import modules
from dlpack_conformance.report.blame import Counting
from dlpack_conformance.report.counts import blamed
from dlpack_conformance.report.diff import changes

if TYPE_CHECKING:
    from dlpack_conformance.report.expectations import Entry, Expectations
    from dlpack_conformance.report.records import Case, Judged, Records

__all__ = ["KINDS", "Expected", "Red", "Review", "Stale", "review"]

KINDS = ("suite-fault", "deviation", "other", "vanished", "changed")
"""Why a case is red: the suite failed; a deviation that nothing expects; something else than
expected; what is expected is not there; outcome or verdict are not those of the baseline."""


@dataclass(frozen=True, slots=True)
class Red:
    """One case that is not as expected.

    ``text``: one line that says what was seen and what was expected. ``entry``: file and number of
    the expectation (``mylib.toml:3``), or empty.
    """

    case: str
    kind: str
    text: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """One case that is not clean, and shows exactly what its entry says; ``kind`` of that entry."""

    case: str
    entry: str
    why: str
    issue: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """An entry that speaks about no case: later ones do. ``cases``: its patterns."""

    entry: str
    cases: str
    why: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a run is worth: ``reds`` and ``expected`` by case id, in the order of the records.

    ``advisory``: deviations of rules that are new in this release of the suite; never red. ``new``
    and ``gone``: cases that only the records, or only the baseline, have. ``expecting``: whether
    there was a file of expectations or a baseline.
    """

    reds: dict[str, Red] = field(default_factory=dict)
    expected: dict[str, Expected] = field(default_factory=dict)
    stale: tuple[Stale, ...] = ()
    advisory: dict[str, str] = field(default_factory=dict)
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    expecting: bool = False

    @property
    def faults(self) -> list[Red]:
        """Cases in which the suite itself failed."""
        return [red for red in self.reds.values() if red.kind == "suite-fault"]

    @property
    def failed(self) -> list[Red]:
        """All other red cases."""
        return [red for red in self.reds.values() if red.kind != "suite-fault"]

    @property
    def counts(self) -> Counter[str]:
        """How many cases are red for which reason."""
        return Counter(red.kind for red in self.reds.values())

    @property
    def sentence(self) -> str:
        """The review in one line."""
        counts = self.counts
        kinds = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
        parts = [f"{len(self.reds):,} red ({kinds})" if self.reds else "nothing red"]
        parts.append(f"{len(self.expected):,} as expected")
        stale = "stale expectation" if len(self.stale) == 1 else "stale expectations"
        for count, words in (
            (len(self.stale), stale),
            (len(self.advisory), "advisory"),
            (len(self.new), "new"),
            (len(self.gone), "gone"),
        ):
            if count:
                parts.append(f"{count:,} {words}")
        return "; ".join(parts)


def review(
    records: Records,
    expectations: Expectations | None = None,
    baseline: Records | None = None,
    target: str | None = None,
    *,
    advisory: Iterable[str] | None = None,
) -> Review:
    """Compare a run with expectations, and with an earlier run.

    With neither, every deviation is red. With a baseline alone, a deviation that the baseline has,
    too, is as expected.

    Parameters
    ----------
    target
        Only deviations that are blamed on this library, its routes or its pairs are red.
    advisory
        Rules whose deviations are listed and not counted; None for those that are new in the
        release of the suite that made the records.
    """
    compare = _Comparison(records, target, advisory)
    if expectations is not None:
        compare.with_entries([entry for entry in expectations.entries if entry.holds(records)])
    else:
        compare.with_entries([])
    if baseline is not None:
        compare.with_baseline(baseline, alone=expectations is None)
    compare.without_words(alone=expectations is None and baseline is not None)
    return compare.result(expecting=expectations is not None or baseline is not None)


class _Comparison:
    """The parts of a review as they are found; the first red of a case stays."""

    def __init__(
        self, records: Records, target: str | None, advisory: Iterable[str] | None
    ) -> None:
        self._records = records
        self._counting = Counting(records, target)
        new = _added_in(records) if advisory is None else advisory
        self._advisory = frozenset(new)
        self._reds: dict[str, Red] = {}
        self._expected: dict[str, Expected] = {}
        self._listed: dict[str, str] = {}
        self._stale: list[Stale] = []
        self._new: list[str] = []
        self._gone: list[str] = []
        self._spoken: set[str] = set()

    def with_entries(self, entries: list[Entry]) -> None:
        """Let the last entry that matches a case speak about it."""
        for case in self._records.cases:
            if case.verdict == "suite-fault":
                self._red(case, "suite-fault", f"the suite failed: {_fault(case)}")
        if not entries:
            return
        ids = [case.id for case in self._records.cases]
        last, matched = modules().core.assign([list(entry.cases) for entry in entries], ids)
        won: list[list[Case]] = [[] for _ in entries]
        for case, at in zip(self._records.cases, last, strict=True):
            if at >= 0:
                won[at].append(case)
        whole = "shard" not in self._records.header
        for entry, cases, count in zip(entries, won, matched, strict=True):
            if cases:
                self._speak(entry, cases, whole=whole)
            elif count and whole:
                self._stale.append(Stale(entry.name, " ".join(entry.cases), entry.why))

    def with_baseline(self, baseline: Records, *, alone: bool) -> None:
        """Name what is not as it was; ``alone``: what deviates as it did is as expected."""
        name = baseline.path.name
        before = {case.id: case for case in baseline.cases} if alone else {}
        for change in changes(baseline, self._records):
            if not self._counting.touches(change.id):
                continue
            if change.kind in ("new", "gone"):
                (self._new if change.kind == "new" else self._gone).append(change.id)
            elif change.kind in ("verdict", "outcome"):
                text = f"{change.after}; in {name}: {change.before}"
                self._reds.setdefault(change.id, Red(change.id, "changed", _line(text)))
                self._expected.pop(change.id, None)
        for case in self._records.cases if alone else ():
            was = before.get(case.id)
            if was is None or b'"deviates"' not in case.judged_json:
                continue
            seen, known = set(self._deviations(case)), set(self._deviations(was))
            if seen and seen == known and case.id not in self._reds:
                why = f"the same in {name}"
                self._expected[case.id] = Expected(case.id, name, why)
                self._spoken.add(case.id)

    def without_words(self, *, alone: bool) -> None:
        """Deviations that nothing speaks about."""
        for case in self._records.cases:
            if b'"deviates"' not in case.judged_json:
                continue
            if self._advisory:
                self._list_advisory(case)
            if case.id in self._spoken or case.id in self._reds:
                continue
            found = self._deviations(case)
            if found:
                unknown = "the baseline has no such deviation" if alone else "nothing expects it"
                self._red(case, "deviation", f"{_said(case, found)}; {unknown}")

    def result(self, *, expecting: bool) -> Review:
        """The review, in the order of the records."""
        order = {case.id: at for at, case in enumerate(self._records.cases)}
        return Review(
            reds=dict(sorted(self._reds.items(), key=lambda item: order[item[0]])),
            expected=dict(sorted(self._expected.items(), key=lambda item: order[item[0]])),
            stale=tuple(self._stale),
            advisory=self._listed,
            new=tuple(self._new),
            gone=tuple(self._gone),
            expecting=expecting,
        )

    def _speak(self, entry: Entry, cases: list[Case], *, whole: bool) -> None:
        """One entry about the cases in which it is the last one that matches."""
        self._spoken.update(case.id for case in cases)
        shown = 0
        for case in cases:
            found = self._against(entry, case)
            if found is None:
                shown += 1
                if case.verdict != "conforms":
                    self._expected[case.id] = Expected(
                        case.id, entry.name, entry.why, entry.issue, entry.kind
                    )
            elif not (entry.some and self._verdict(case) not in ("deviates", "suite-fault")):
                self._red(case, *found, entry=entry.name)
        if entry.some and not shown and whole and not any(case.id in self._reds for case in cases):
            text = f"{_state(cases[0])}; expected of some of {len(cases):,} cases: {entry.words}"
            self._red(cases[0], "vanished", text, entry=entry.name)

    def _against(self, entry: Entry, case: Case) -> tuple[str, str] | None:
        """Kind and text of what is not as the entry says, or None."""
        named = [one for one in case.judged if entry.names(one) and one.verdict != "conforms"]
        if entry.verdict:
            named = [one for one in named if one.verdict == entry.verdict]
        extra = [one for one in self._deviations(case) if not entry.names(one)]
        gone = [*sorted(entry.rules - {one.rule for one in named})]
        gone += sorted(entry.reasons - {one.reason for one in named})
        if entry.outcome:
            same = case.outcome == entry.outcome
        else:
            same = entry.verdict in (case.verdict, self._verdict(case))
        if entry.verdict == "deviates":
            same = bool(named)
        if same and not extra and not gone:
            return None
        text = f"{_said(case, extra) if extra else _state(case)}; expected: {entry.words}"
        if same and gone and not extra:
            text += f" (missing: {', '.join(gone)})"
        deviation = entry.verdict == "deviates" or bool(gone)
        return ("vanished" if deviation and not extra else "other"), text

    def _deviations(self, case: Case) -> list[Judged]:
        """Deviations that count."""
        if b'"deviates"' not in case.judged_json:
            return []
        return [
            judged
            for judged in case.judged
            if judged.verdict == "deviates"
            and judged.rule not in self._advisory
            and self._counting.counts(case, judged)
        ]

    def _verdict(self, case: Case) -> str:
        """The case's verdict without deviations that do not count."""
        if case.verdict != "deviates" or self._deviations(case):
            return case.verdict
        rest = (one.verdict for one in case.judged if one.verdict != "deviates")
        return next(rest, "not-judged")

    def _list_advisory(self, case: Case) -> None:
        found = [
            one for one in case.judged if one.verdict == "deviates" and one.rule in self._advisory
        ]
        if found:
            self._listed[case.id] = f"{_said(case, found)}; new rules are not counted yet"

    def _red(self, case: Case, kind: str, text: str, *, entry: str = "") -> None:
        self._reds.setdefault(case.id, Red(case.id, kind, _line(text), entry))
        self._expected.pop(case.id, None)


def _added_in(records: Records) -> frozenset[str]:
    """Rules that came with the minor release of the suite that made the records."""
    release = str(records.header.get("suite", "")).split(".")[:2]
    rules = modules().core.rules()
    return frozenset(row["id"] for row in rules if row["added"].split(".")[:2] == release)


def _fault(case: Case) -> str:
    return str(case.facts.get("suite.fault", case.deciding.reason)).partition("\n")[0]


def _line(text: str) -> str:
    """The text as one line that a terminal does nothing but show, whatever records hold."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _said(case: Case, found: list[Judged]) -> str:
    """Deviations as words; the outcome first where it says more than that."""
    axes = case.axes
    culprits: dict[str, list[str]] = {}
    for one in found:
        culprits.setdefault(blamed(axes, one.blame), []).append(f"{one.rule} ({one.reason})")
    parts = [f"{' and '.join(rules)}, blamed: {who}" for who, rules in culprits.items()]
    return f"{case.outcome}, deviates by {'; '.join(parts)}"


def _state(case: Case) -> str:
    """Outcome and verdict, with the deciding rule or reason where there is one."""
    deciding = case.deciding
    words = f"{case.outcome}, {case.verdict}"
    if deciding.verdict == "conforms" or not deciding.reason:
        return words
    return f"{words} by {deciding.rule} ({deciding.reason})".replace(" by  ", " ")
