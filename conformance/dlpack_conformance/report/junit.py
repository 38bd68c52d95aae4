"""JUnit XML: a suite for each producer, consumer and route, or library; reasons in the texts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from dlpack_conformance.report.expansion import Expansion
from dlpack_conformance.report.marks import Mark, Reviewed, marker, troubles
from dlpack_conformance.report.terminal import explained
from dlpack_conformance.report.written import legal, replace_text

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["MOST_CASES", "junit", "write_junit"]

MOST_CASES = 20_000
"""Above so many cases a testcase is a group: all dtypes and layouts, or all variants of a rule."""
_EXAMPLES = 5
_TAGS = {"failed": "failure", "error": "error", "skipped": "skipped"}
_WORST = ("error", "failed", "passed", "skipped")


@dataclass(slots=True)
class _Test:
    """One testcase: a case, or a group of which ``name`` is the pattern."""

    name: str
    cases: list[tuple[Case, Mark]] = field(default_factory=list)

    @property
    def classname(self) -> str:
        """Readers make folders of it: producer, consumer and route, or kind and library."""
        kind, *parts = self.name.split("/")
        return ".".join(parts[:3]) if kind == "exchange" else f"{kind}.{parts[0]}"

    @property
    def kind(self) -> str:
        """Of a group the gravest; it is skipped only where all its cases are."""
        kinds = {mark.kind for _, mark in self.cases}
        return next(kind for kind in _WORST if kind in kinds)

    @property
    def seconds(self) -> float:
        return sum(case.time_ns for case, _ in self.cases) / 1e9


def write_junit(records: Records, path: str | Path, review: Reviewed | None = None) -> bool:
    """Write the XML of a run; True where its testcases are groups."""
    grouped = len(records.cases) > MOST_CASES
    replace_text(path, junit(records, review))
    return grouped


def junit(records: Records, review: Reviewed | None = None, *, most: int = MOST_CASES) -> str:
    """The XML of a run.

    A failed testcase says the rule, its source, the facts and the command that shows it; a skipped
    one says why: not run, not applicable, or expected. An incomplete run has an error of its own.
    """
    mark = marker(records, review)
    grouped = len(records.cases) > most
    suites: dict[str, dict[str, _Test]] = {}
    for case in records.cases:
        suite, name = _place(case, grouped)
        tests = suites.setdefault(suite, {})
        test = tests.get(name)
        if test is None:
            test = tests[name] = _Test(name)
        test.cases.append((case, mark(case)))
    root = Xml.Element("testsuites", name=legal(_title(records)))
    expansion = Expansion(records)
    totals: Counter[str] = Counter()
    seconds = 0.0
    for name, tests in suites.items():
        node = Xml.SubElement(root, "testsuite", name=legal(name))
        _properties(node, records, grouped)
        kinds: Counter[str] = Counter()
        spent = 0.0
        for test in tests.values():
            kinds[test.kind] += 1
            spent += test.seconds
            _write_test(node, test, records, expansion)
        _count(node, kinds, spent)
        totals += kinds
        seconds += spent
    wrong = troubles(records, review)
    if wrong:
        node = Xml.SubElement(root, "testsuite", name="run")
        for name, found in wrong:
            one = Xml.SubElement(node, "testcase", classname="run", name=legal(name), time="0")
            _say(one, found, found.text)
        kinds = Counter(found.kind for _, found in wrong)
        _count(node, kinds, 0.0)
        totals += kinds
    _count(root, totals, seconds)
    Xml.indent(root, "")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, "unicode") + "\n"


def _title(records: Records) -> str:
    return " ".join(filter(None, ["dlconform", records.header.get("profile", ""), records.shard]))


def _place(case: Case, grouped: bool) -> tuple[str, str]:
    """Name of the suite, and of the testcase in it."""
    kind, *parts = case.id.split("/")
    if kind == "exchange":
        producer, consumer, route, request, _, _, source, device = parts
        suite = f"{producer} -> {consumer} by {route}"
        pattern = f"exchange/{producer}/{consumer}/{route}/{request}/*/*/{source}/{device}"
    else:
        suite = f"{kind} {parts[0]}"
        pattern = f"{kind}/{parts[0]}/{parts[1]}/*"
    return suite, pattern if grouped else case.id


def _properties(node: Xml.Element, records: Records, grouped: bool) -> None:
    versions = {name: text for one in records.versions.values() for name, text in one.items()}
    rows = {
        "dlconform": str(records.header.get("suite", "")),
        "catalogue": str(records.header.get("catalogue", "")),
        **dict(sorted(versions.items())),
        "testcase": "a pattern of cases" if grouped else "a case",
    }
    properties = Xml.SubElement(node, "properties")
    for name, value in rows.items():
        Xml.SubElement(properties, "property", name=legal(name), value=legal(value))


def _write_test(suite: Xml.Element, test: _Test, records: Records, expansion: Expansion) -> None:
    node = Xml.SubElement(
        suite,
        "testcase",
        classname=legal(test.classname),
        name=legal(test.name),
        time=f"{test.seconds:.6f}",
    )
    groups: dict[Mark, list[Case]] = {}
    for case, mark in test.cases:
        groups.setdefault(mark, []).append(case)
    kind = test.kind
    told = sorted(
        ((mark, cases) for mark, cases in groups.items() if mark.kind == kind),
        key=lambda group: -len(group[1]),
    )
    if kind != "passed":
        _say(node, told[0][0], _told(told, len(test.cases), records, expansion))
    others = {mark: cases for mark, cases in groups.items() if mark.kind not in {kind, "passed"}}
    if others:
        lines = [f"{len(cases):,} {mark.kind}: {mark.text}" for mark, cases in others.items()]
        Xml.SubElement(node, "system-out").text = legal("\n".join(lines))


def _told(
    groups: list[tuple[Mark, list[Case]]], total: int, records: Records, expansion: Expansion
) -> str:
    """What happened, the most frequent first, each with one case whole."""
    lines = []
    for mark, cases in groups[:_EXAMPLES]:
        if total > 1:
            lines.append(f"{len(cases):,} of {total:,} cases: {mark.text}")
        else:
            lines.append(mark.text)
        if mark.kind in {"failed", "error"}:
            lines += [explained(records, cases[0], expansion).rstrip()]
            lines += [f"  shown by: dlconform repro {cases[0].id}", ""]
    left = sum(len(cases) for _, cases in groups[_EXAMPLES:])
    if left:
        lines.append(f"and {left:,} more cases for {len(groups) - _EXAMPLES} more reasons")
    return "\n".join(lines).rstrip()


def _say(node: Xml.Element, mark: Mark, text: str) -> None:
    said = Xml.SubElement(node, _TAGS[mark.kind], type=mark.why, message=legal(mark.text))
    said.text = legal(text)


def _count(node: Xml.Element, kinds: Counter[str], seconds: float) -> None:
    node.set("tests", str(kinds.total()))
    node.set("failures", str(kinds["failed"]))
    node.set("errors", str(kinds["error"]))
    node.set("skipped", str(kinds["skipped"]))
    node.set("time", f"{seconds:.6f}")
