"""Cases by query: the catalogue's patterns and terms over ids, and terms over what happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dlpack_conformance import modules
from dlpack_conformance.errors import ReportError

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["find"]

_RULE = re.compile(r"[A-Z]-\d+")
_SEEN: dict[str, Callable[[Case], Iterable[str]]] = {
    "outcome": lambda case: (case.outcome,),
    "verdict": lambda case: (case.verdict,),
    "blame": lambda case: (case.blame,),
    "proof": lambda case: (case.proof,),
    "modifier": lambda case: case.modifiers,
    "rule": lambda case: (case.axes.get("rule", ""), *(entry.rule for entry in case.judged)),
    "reason": lambda case: (entry.reason for entry in case.judged),
}


def find(records: Records, queries: Iterable[str]) -> list[Case]:
    """Cases that a query matches; with none, all.

    A query is a pattern of ids, or ``key=value`` terms joined by commas or spaces that must all
    hold. Besides the axes the keys are ``outcome verdict blame proof modifier rule reason``, and
    the id of a rule for what it says of a case: ``C-45=deviates``. Values joined by ``|`` are
    alternatives.

    Raises
    ------
    ReportError
        A query has a key or a character that no case has.
    """
    wanted = [_split(query) for query in queries]
    if not wanted:
        return list(records.cases)
    match = modules().core.match
    found = []
    for case in records.cases:
        for axes, seen in wanted:
            try:
                fits = all(
                    any(
                        fnmatchcase(text, glob)
                        for text in _texts(case, key)
                        for glob in globs.split("|")
                    )
                    for key, globs in seen
                )
                if fits and (not axes or match(axes, case.id)):
                    found.append(case)
                    break
            except ValueError as error:
                raise ReportError(axes, "query", str(error)) from None
    return found


def _texts(case: Case, key: str) -> Iterable[str]:
    """What a case has under a key."""
    if key in _SEEN:
        return _SEEN[key](case)
    return (entry.verdict for entry in case.judged if entry.rule == key)


def _split(query: str) -> tuple[str, list[tuple[str, str]]]:
    """Terms over axes, which the catalogue knows, and those over what happened."""
    axes, seen = [], []
    for term in re.split(r"[\s,]+", query.strip()):
        key, equals, glob = term.partition("=")
        if equals and (key in _SEEN or _RULE.fullmatch(key)):
            seen.append((key, glob))
        elif term:
            axes.append(term)
    return " ".join(axes), seen
