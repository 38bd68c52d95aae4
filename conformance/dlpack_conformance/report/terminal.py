"""A run on the terminal.

The sentences, the matrix, the deviations, the claims; and single cases explained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from dlpack_conformance import modules
from dlpack_conformance.errors import ReportError
from dlpack_conformance.report.counts import OUTCOMES, Finding, Summary, blamed
from dlpack_conformance.report.expansion import Expansion

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Judged, Records
    from dlpack_conformance.report.repro import Scripts

__all__ = ["explain", "explain_case", "explained", "print_summary"]

_SHOWN_FINDINGS = 20
_SHOWN_CASES = 3
_STYLES = {
    "shared": "green",
    "copied": "blue",
    "refused": "magenta",
    "corrupted": "bold red",
    "crashed": "bold red",
    "hung": "bold yellow",
    "deviates": "red",
    "permitted": "yellow",
    "suite-fault": "bold reverse",
}


def print_summary(console: Console, said: Summary, claims: Sequence[dict[str, Any]] = ()) -> None:
    """Print a run: sentences, matrix, deviations and claims."""
    if said.incomplete:
        console.print(Text(f"INCOMPLETE: {said.incomplete}.", style="bold red"))
    console.print(Text(said.headline, style="bold"))
    for sentence in said.sentences:
        console.print(Text(sentence))
    if said.pairs:
        console.print(_matrix(said))
        console.print(Text(_legend(said), style="dim"))
        console.print(_habits(said))
    if said.protocol:
        console.print(_protocol(said))
    for title, verdict in (("Suite faults", "suite-fault"), ("Deviations", "deviates")):
        findings = [finding for finding in said.findings if finding.verdict == verdict]
        if findings:
            console.print(_findings(title, findings))
    shown = [claim for claim in claims if claim["count"]]
    if shown:
        console.print(_claims(shown))


def _matrix(said: Summary) -> Table:
    table = Table(title="Cases by producer and consumer", title_justify="left", show_lines=True)
    consumers = list(dict.fromkeys(consumer for _, consumer in said.pairs))
    table.add_column("producer \\ consumer")
    for consumer in consumers:
        table.add_column(consumer)
    for producer in dict.fromkeys(producer for producer, _ in said.pairs):
        cells = [_cell(said, producer, consumer) for consumer in consumers]
        table.add_row(Text(producer, style="bold"), *cells)
    return table


def _protocol(said: Summary) -> Table:
    """What one library did against the reference: verdicts of its protocol cases."""
    table = Table(title="One library against the reference", title_justify="left")
    table.add_column("library")
    groups = list(dict.fromkeys(group for _, group in said.protocol))
    for group in groups:
        table.add_column(f"rules {group}")
    for library in dict.fromkeys(library for library, _ in said.protocol):
        cells = [said.protocol.get((library, group), Counter()) for group in groups]
        table.add_row(Text(library, style="bold"), *(_verdicts(cell) for cell in cells))
    return table


def _verdicts(counts: Counter[str]) -> Text:
    return Text("\n").join(
        Text(f"{count:,} {verdict}", style=_STYLES.get(verdict, ""))
        for verdict, count in sorted(counts.items())
    )


def _cell(said: Summary, producer: str, consumer: str) -> Text:
    counts = said.pairs.get((producer, consumer))
    if counts is None:
        return Text("")
    parts = [
        Text(f"{letter} {counts[outcome]:,}", style=_STYLES.get(outcome, ""))
        for outcome, letter in OUTCOMES.items()
        if counts[outcome]
    ]
    # Lines of our own: a wrapped one would part a letter from its count.
    lines = [Text("  ").join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
    cell = Text("\n").join(lines)
    deviating = said.pair_verdicts[producer, consumer]["deviates"]
    if deviating:
        cell.append(f"\n{deviating:,} deviate", style="red")
    return cell


def _legend(said: Summary) -> str:
    return "  ".join(f"{letter} {name}" for name, letter in OUTCOMES.items() if said.outcomes[name])


def _habits(said: Summary) -> Table:
    table = Table(title="Calls without a keyword", title_justify="left")
    table.add_column("pair")
    table.add_column("what it does")
    table.add_column("routes", ratio=1, overflow="fold")
    for (producer, consumer), habits in said.habits.items():
        pair = f"{producer} -> {consumer}"
        for habit, routes in habits.items():
            if routes:
                table.add_row(Text(pair), Text(habit), Text(", ".join(routes)))
                pair = ""
    return table


def _findings(title: str, findings: list[Finding]) -> RenderableType:
    table = Table(title=title, title_justify="left")
    table.add_column("cases", justify="right")
    table.add_column("rule")
    table.add_column("what was seen", ratio=1)
    table.add_column("blamed", overflow="fold")
    table.add_column("pairs")
    reasons = _reasons()
    for finding in findings[:_SHOWN_FINDINGS]:
        table.add_row(
            f"{finding.count:,}",
            Text(finding.rule),
            Text(reasons.get(finding.reason, finding.reason)),
            Text(finding.culprit),
            Text("\n".join(sorted(finding.pairs))),
        )
    left = len(findings) - _SHOWN_FINDINGS
    return Group(table, Text(f"and {left} more")) if left > 0 else table


def _claims(claims: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="Claims", title_justify="left")
    table.add_column("here")
    table.add_column("claim", ratio=1)
    table.add_column("cases", justify="right")
    for claim in claims:
        table.add_row(Text(claim["shown"]), Text(claim["text"]), f"{claim['count']:,}")
    return table


def explain(
    records: Records, cases: Iterable[Case], scripts: Scripts | None = None
) -> RenderableType:
    """What happened in some cases.

    Counts by outcome, then an example of each outcome and verdict, with a script.
    """
    groups: dict[tuple[str, str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.outcome, case.verdict, case.deciding.reason), []).append(case)
    if not groups:
        return Text("No case of the records is selected.")
    expansion = Expansion(records)
    parts: list[RenderableType] = []
    for members in sorted(groups.values(), key=len, reverse=True):
        if len(members) > _SHOWN_CASES:
            parts.append(Text(f"{len(members):,} cases like this one:", style="bold"))
            members = members[:1]
        parts += [explain_case(records, case, expansion, scripts) for case in members]
    return Group(*parts)


def explain_case(
    records: Records, case: Case, expansion: Expansion, scripts: Scripts | None = None
) -> RenderableType:
    """One case: shared, copied or refused, the proof, the rules, and the script that shows it."""
    facts = expansion.facts(case, records.position(case))
    parts: list[RenderableType] = [Text(case.id, style="bold"), _outcome(case, facts)]
    parts += [
        _rule(case, entry) for entry in case.judged if entry.rule and entry.verdict != "conforms"
    ]
    followed = [entry.rule for entry in case.judged if entry.rule and entry.verdict == "conforms"]
    if followed:
        parts.append(Text(f"  follows {', '.join(followed)}"))
    if scripts is not None:
        try:
            parts.append(Syntax(scripts.script(case, facts), "python", background_color="default"))
        except ReportError as error:
            parts.append(Text(f"  no script: {error.reason}"))
    parts.append(Text(""))
    return Group(*parts)


def explained(records: Records, case: Case, expansion: Expansion) -> str:
    """The same as plain text."""
    parts = explain_case(records, case, expansion)
    assert isinstance(parts, Group)
    return "\n".join(part.plain for part in parts.renderables if isinstance(part, Text))


def _outcome(case: Case, facts: dict[str, Any]) -> Text:
    text = Text("  ")
    text.append(case.outcome, style=_STYLES.get(case.outcome, ""))
    if case.modifiers:
        text.append(f" ({', '.join(case.modifiers)})")
    text.append(f", {case.verdict}", style=_STYLES.get(case.verdict, ""))
    if case.blame != "none":
        text.append(f", blamed: {blamed(case.axes, case.blame)} ({case.blame})")
    for label, names in _SHOWN_FACTS:
        shown = [
            f"{name.partition('.')[2]} {facts[name]}"
            for name in names
            if facts.get(name) is not None
        ]
        if shown:
            text.append(f"\n  {label}: {', '.join(shown)}")
    return text


_SHOWN_FACTS = (
    ("proof", ("proof.address", "proof.forward", "proof.backward")),
    ("raised", ("route.error", "route.message")),
    ("ended", ("crash.signal", "crash.status", "crash.step")),
    ("absent", ("route.absent",)),
    ("wrong", ("result.wrong",)),
    ("source", ("source.shape", "source.strides", "source.dtype", "source.writable")),
    (
        "result",
        ("result.shape", "result.strides", "result.dtype", "result.writable", "result.address"),
    ),
    (
        "answer",
        ("answer.seen", "answer.same_memory", "answer.same_object", "answer.dtype", "answer.value"),
    ),
)


def _rule(case: Case, entry: Judged) -> Text:
    row = _rules().get(entry.rule, {})
    reason = _reasons().get(entry.reason, entry.reason)
    text = Text(f"  {entry.rule} ")
    text.append(entry.verdict, style=_STYLES.get(entry.verdict, ""))
    text.append(f": {row.get('text', '')}")
    if reason:
        text.append(f" - {reason}")
    if row:
        text.append(f"\n    {row['level']}, {row['source']}", style="dim")
    if entry.blame != "none":
        text.append(f"\n    blamed: {blamed(case.axes, entry.blame)}")
    return text


@lru_cache(maxsize=1)
def _rules() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in modules().core.rules()}


@lru_cache(maxsize=1)
def _reasons() -> dict[str, str]:
    return {row["code"]: row["text"] for row in modules().core.reasons()}
