"""A finding in words: title, fields of the JSON form, and Markdown to be pasted into an issue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules
from dlpack_conformance.report.causes import LAYOUT_WORDS

if TYPE_CHECKING:
    from dlpack_conformance.report.findings import Finding
    from dlpack_conformance.report.records import Case, Records

__all__ = ["Reproduced", "json_row", "markdown", "title"]

_CALL = re.compile(r"^\s*(?:b = |(?:capsule|seen) = (?=\w+\.))([\w.]+)\(", re.MULTILINE)
_OBSERVED = "observed: "
_EXPECTED = "expected: "
_TABLE_IMPORT = "managed_tensor_to_py_object_no_sync of the exchange table"
_BY_METHOD = ("from_dlpack", "methods-only", "capsule")  # routes whose export is __dlpack__
_TABLE_ROUTE = "exchange-api"
_TABLE_EXPORT = "managed_tensor_from_py_object_no_sync of the exchange table"


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A finding whose script was run: the case that it shows, its text and what it printed.

    ``control``: the same with the reference in the library's place, empty where it has no such.
    """

    finding: Finding
    case: Case
    kind: str
    script: str
    control: str
    output: str

    def said(self, start: str) -> str:
        """The rest of the line that begins so; empty where the script printed none."""
        lines = [line for line in self.output.splitlines() if line.startswith(start)]
        return lines[-1].removeprefix(start) if lines else ""


def title(finding: Finding, case: Case | None = None, script: str = "") -> str:
    """What happens and when, in one line. ``case``, ``script``: they show it, and name the call."""
    where = _exporting(finding, case) or _where(script)
    when = _when(finding)
    rule = _rule(finding.rule).get("text", finding.rule)
    if finding.input == "malformed":
        spoilt = _variants(finding)
        return f"{where or 'an import'} {_end(finding.symptom)} for a malformed tensor ({spoilt})"
    if finding.reason == "process-lost":
        return f"{where or 'an exchange'} {_end(finding.symptom)}{when}"
    if finding.reason == "wrong-error":
        raised = f"{where} raises {finding.symptom}" if where else f"{finding.symptom} is raised"
        return f"{raised}{when}, but {rule}"
    what = _reasons().get(finding.reason, finding.reason)
    return f"{where}: {what}{when}" if where else f"{what}{when}"


def json_row(records: Records, shown: Reproduced) -> dict[str, Any]:
    """The finding as an object; the first seven fields are the documented ones."""
    finding = shown.finding
    rule = _rule(finding.rule)
    return {
        "library": finding.library,
        "rule": finding.rule,
        "title": title(finding, shown.case, shown.script),
        "cases": len(finding.cases),
        "reproducer": shown.script,
        "blame": finding.blame,
        "input": finding.input,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "level": rule.get("level", ""),
        "text": rule.get("text", ""),
        "source": rule.get("source", ""),
        "also": list(finding.also),
        "expected": shown.said(_EXPECTED),
        "observed": shown.said(_OBSERVED),
        "versions": records.versions.get(finding.library, {}),
        "axes": finding.axes,
        "case": shown.case.id,
        "reproducer_kind": shown.kind,
        "control": shown.control,
    }


def markdown(records: Records, shown: Reproduced) -> str:
    """The finding as an issue: title, observed and expected, script, rule, versions, cases."""
    finding = shown.finding
    rule = _rule(finding.rule)
    python = f"Python {records.header.get('python', '')}".strip()
    header = records.header
    machine = ", ".join([python, *(str(header.get(key, "")) for key in ("os", "machine"))])
    lines = [
        f"## {finding.library}: {title(finding, shown.case, shown.script)}",
        "",
        f"**Observed:** {shown.said(_OBSERVED)}",
        "",
        f"**Expected:** {shown.said(_EXPECTED)}",
        "",
        "```python",
        shown.script.rstrip(),
        "```",
        "",
        f"The script exits 1 with {_versions(records, finding)} ({machine}).",
        "",
        f"- rule: {finding.rule} ({rule.get('level', 'unknown')}): {rule.get('text', '')}",
        f"- source: {rule.get('source', '')}",
        *([f"- the same cases break {', '.join(finding.also)}"] if finding.also else []),
        f"- cases: {len(finding.cases):,}; {_common(finding)}",
        f"- input: {finding.input}; verdict: {finding.verdict}; reason: {finding.reason}",
        "",
    ]
    return "\n".join(lines)


def _exporting(finding: Finding, case: Case | None) -> str:
    """The producer's function, where an exchange shows what is its fault."""
    route = "" if case is None else case.axes.get("route", "")
    if finding.blame != "producer" or not route:
        return ""
    if route in _BY_METHOD:
        return "__dlpack__"
    return _TABLE_EXPORT if route == _TABLE_ROUTE else route


def _where(script: str) -> str:
    """The function that the script calls, a method without the name of its array."""
    found = _CALL.findall(script)
    call = str(found[-1]) if found else ""
    if call == "take":
        return _TABLE_IMPORT
    owner, _, name = call.rpartition(".")
    if owner == "ref":  # our own function, which asks the array
        return ""
    return name if owner in ("a", "before") else call


def _end(symptom: str) -> str:
    return "does not come back" if symptom == "hung" else f"ends the process ({symptom})"


def _when(finding: Finding) -> str:
    if not finding.traits:
        return ""
    layouts = [trait for trait in finding.traits if trait in LAYOUT_WORDS]
    sources = [trait for trait in finding.traits if trait not in layouts]
    parts = [*sources, *([f"tensors with {' and '.join(layouts)}"] if layouts else [])]
    return f" for {' and '.join(parts)}"


def _variants(finding: Finding) -> str:
    names = sorted({case.axes["variant"].removesuffix("-legacy") for case in finding.cases})
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _common(finding: Finding) -> str:
    return "; ".join(f"{name}: {value}" for name, value in finding.axes.items() if name != "case")


def _versions(records: Records, finding: Finding) -> str:
    found = records.versions.get(finding.library, {})
    return ", ".join(f"{name} {version}" for name, version in found.items()) or finding.library


def _rule(rule: str) -> dict[str, Any]:
    found: dict[str, Any] = _rules().get(rule, {})
    return found


@lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    return {row["id"]: row for row in modules().core.rules()}


@lru_cache(maxsize=1)
def _reasons() -> dict[str, str]:
    return {row["code"]: row["text"] for row in modules().core.reasons()}
