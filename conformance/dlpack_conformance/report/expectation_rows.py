"""One entry of a file of expectations: which keys and values it may have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any

import msgspec

from dlpack_conformance import modules
from dlpack_conformance.errors import ExpectationsError
from dlpack_conformance.report import expectation_when
from dlpack_conformance.report.counts import OUTCOMES
from dlpack_conformance.report.records import AXES

__all__ = ["ISSUE_KINDS", "Words", "parse_entry"]

ISSUE_KINDS = ("library", "spec", "suite", "environment")
"""Whose business an entry is: ``kind``."""
VERDICTS = ("deviates", "permitted", "undecided", "conforms", "not-applicable", "not-judged")
"""Verdicts that can be expected; a fault of the suite can't."""

_Texts = str | list[str]


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    cases: _Texts
    why: str
    verdict: str = ""
    outcome: str = ""
    rule: _Texts = ""
    reason: _Texts = ""
    when: dict[str, _Texts] = msgspec.field(default_factory=dict)
    kind: str = ""
    issue: str = ""
    review: date | None = None
    some: bool = False


_TEXTS = "a text, or a list of texts"
_ALLOWED = {
    "cases": "a pattern of case ids (* one part, ** many), key=value terms, or a list of them",
    "why": "a text: why these cases show what they show",
    "verdict": ", ".join(VERDICTS),
    "outcome": ", ".join(OUTCOMES),
    "rule": _TEXTS,
    "reason": _TEXTS,
    "when": expectation_when.ALLOWED,
    "kind": ", ".join(ISSUE_KINDS),
    "issue": "a text: where it is reported",
    "review": "a date: 2027-01-31",
    "some": "true or false",
}
_AT = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<key>\w*).*`)?$", re.DOTALL)


class Words:
    """Words of the catalogue that an entry may use, by name of an axis or a key."""

    @cached_property
    def rules(self) -> frozenset[str]:
        """Ids of rules."""
        return frozenset(row["id"] for row in modules().core.rules())

    @cached_property
    def reasons(self) -> frozenset[str]:
        """Codes of reasons."""
        return frozenset(row["code"] for row in modules().core.reasons())

    @cached_property
    def ambiguities(self) -> frozenset[str]:
        """Ids of ambiguities; a reason may name one with the readings that allow what was seen."""
        return frozenset(row["id"] for row in modules().core.ambiguities())

    @cached_property
    def _axes(self) -> dict[str, frozenset[str]]:
        core = modules().core
        tables = {
            "dtype": core.dtypes,
            "layout": core.layouts,
            "source": core.sources,
            "device": core.devices,
        }
        named = {key: frozenset(row["name"] for row in rows()) for key, rows in tables.items()}
        return named | {"rule": self.rules, "case": frozenset(AXES)}

    def is_reason(self, text: str) -> bool:
        """Whether a record can have this reason."""
        ambiguity, colon, _ = text.partition(":")
        return text in self.reasons or (bool(colon) and ambiguity in self.ambiguities)

    def unknown(self, query: str) -> tuple[str, str] | None:
        """What no case of this catalogue can have, with what is allowed; None where all is known.

        Names of libraries, routes, topics and variants are not of the catalogue.
        """
        kind, *parts = query.split("/")
        names = AXES.get(kind, ())
        if names and "**" not in parts and len(parts) != len(names):
            return f"{kind} cases have {len(names)} parts, not {len(parts)}", _shape(kind)
        for axis, text in _literals(query):
            if axis == "request":
                try:
                    modules().core.parse_request(text)
                except ValueError as error:
                    return f"request {text!r}: {error}", "plain, or key-value tokens joined by +"
            elif axis in self._axes and text not in self._axes[axis]:
                return f"there is no {axis} {text!r}", _few(self._axes[axis])
        return None


def parse_entry(
    file: str,
    number: int,
    row: Mapping[str, Any],
    words: Words,
    errors: list[ExpectationsError],
    *,
    unfinished: bool = False,
) -> dict[str, Any] | None:
    """Values of an entry by field, or None where it can't be used; ``errors`` gets what is wrong.

    ``unfinished``: its ``why`` may be empty.
    """
    before = len(errors)

    def wrong(key: str, reason: str, allowed: str = "") -> None:
        errors.append(
            ExpectationsError(file, number, key, reason, allowed or _ALLOWED.get(key, ""))
        )

    for key in row.keys() - _ALLOWED.keys():
        wrong(_spelled(key), "is no key of an entry", ", ".join(_ALLOWED))
    known = {key: value for key, value in row.items() if key in _ALLOWED}
    for key in ("cases", "why"):
        if key not in known:
            wrong(key, "is missing")
    if len(errors) > before:
        return None
    try:
        entry = msgspec.convert(known, _Row)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        assert found is not None
        wrong(found["key"] or "entry", found["reason"])
        return None
    for key, reason, allowed in _problems(entry, words):
        if not (unfinished and key == "why"):
            wrong(key, reason, allowed)
    if len(errors) > before:
        return None
    return {
        "cases": _texts(entry.cases),
        "why": entry.why.strip(),
        "verdict": entry.verdict,
        "outcome": entry.outcome,
        "rules": frozenset(_texts(entry.rule)),
        "reasons": frozenset(_texts(entry.reason)),
        "when": entry.when,
        "kind": entry.kind,
        "issue": entry.issue,
        "review": entry.review,
        "some": entry.some,
    }


def _problems(entry: _Row, words: Words) -> Iterator[tuple[str, str, str]]:
    """Key, reason and what is allowed (empty: what always is)."""
    if not entry.why.strip():
        yield "why", "is empty: only a person knows why", ""
    if not _texts(entry.cases):
        yield "cases", "names no case", ""
    for query in _texts(entry.cases):
        yield from _query_problems(query, words)
    if bool(entry.verdict) == bool(entry.outcome):
        said = "both are given" if entry.verdict else "neither is given"
        yield "verdict, outcome", said, "exactly one of them"
    if entry.verdict and entry.verdict not in VERDICTS:
        yield "verdict", f"{entry.verdict!r} is unknown", ""
    if entry.outcome and entry.outcome not in OUTCOMES:
        yield "outcome", f"{entry.outcome!r} is unknown", ""
    rules, reasons = _texts(entry.rule), _texts(entry.reason)
    if entry.verdict == "deviates" and not rules and not reasons:
        yield "rule, reason", "neither is given", "for deviations at least one of them"
    for rule in rules:
        if rule not in words.rules:
            yield "rule", f"{rule!r} is unknown", "an id that `dlconform rules` prints"
    for reason in reasons:
        if not words.is_reason(reason):
            yield "reason", f"{reason!r} is unknown", "a code as records have it: process-lost"
    if entry.kind and entry.kind not in ISSUE_KINDS:
        yield "kind", f"{entry.kind!r} is unknown", ""
    wrong = expectation_when.check(entry.when)
    if wrong is not None:
        yield f"when.{_spelled(wrong[0])}", wrong[1], expectation_when.ALLOWED


def _query_problems(query: str, words: Words) -> Iterator[tuple[str, str, str]]:
    try:
        modules().core.Query(query)
    except ValueError as error:
        yield "cases", f"{query!r}: {error}", ""
        return
    if not query.strip():
        yield "cases", "is empty", ""
    unknown = words.unknown(query)
    if unknown is not None:
        yield "cases", f"{query!r}: {unknown[0]}", unknown[1]


def _literals(query: str) -> Iterator[tuple[str, str]]:
    """Axes of a query with what they have to be, where that is one text without ``*``."""
    if "=" in query:
        for term in re.split(r"[\s,]+", query.strip()):
            key, _, globs = term.partition("=")
            yield from _plain((key,), [globs])
        return
    kind, *parts = query.split("/")
    yield from _plain(("case",), [kind])
    names = AXES.get(kind, ())
    if "**" in parts:
        # Behind `**` the axes are counted from the end.
        first, behind = parts.index("**"), parts[::-1].index("**")
        if behind:
            yield from _plain(names[-behind:], parts[-behind:])
        parts = parts[:first]
    yield from _plain(names, parts)


def _shape(kind: str) -> str:
    return f"{kind}/<{'>/<'.join(AXES[kind])}>, * for any part, ** for many"


def _plain(names: tuple[str, ...], parts: list[str]) -> Iterator[tuple[str, str]]:
    for name, part in zip(names, parts, strict=False):
        yield from ((name, text) for text in part.split("|") if "*" not in text)


def _texts(value: _Texts) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(value)
    return (value,) if value else ()


def _few(known: frozenset[str]) -> str:
    names = sorted(known)
    most = 40
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _spelled(key: str) -> str:
    """A key as it is, or quoted where it could be anything."""
    return key if re.fullmatch(r"[\w.-]+", key) else repr(key)
