"""Scripts of protocol cases: the calls that a probe made, and how the recorded end shows.

A trace becomes several scripts, the most telling first: whoever runs them takes the first that
shows on its library what was recorded, and nothing where the reference stands in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dlpack_conformance.report.observations import OBSERVATIONS, Sides, observation

__all__ = ["Called", "Line", "call_that", "calls_of", "observed", "recorded_end"]

_LOST = ("crashed", "hung")
_BY_RECORD = ("writable", "dtype", "source", "release", "early", "flags")


_TOKEN = re.compile(r"⟦\w+⟧")
"""A name that a script still has to give."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a probe made or tried.

    ``gives``: the name of what comes out. ``lines``: the code. ``before``: what it needs once.
    ``ended``: of a call ``returned``, ``raised <class>``, or empty where it ended the process; of
    what was made ``made``, and ``owner`` is the library that made it. ``like``: the array that does
    the same as this object by the two methods.
    """

    gives: str
    lines: list[str]
    ended: str = ""
    owner: str = ""
    like: str = ""
    before: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a trace with all that it needs. ``a``: owner of the array ``a``, if there is one.

    ``before``: imports and arrays; ``call``: what is tried, with ``b`` for the result.
    """

    before: tuple[str, ...]
    call: tuple[str, ...]
    owner: str


def call_that(trace: Sequence[Line], ended: str) -> int | None:
    """Number of the last call that ended so; None where no call of the trace did.

    ``ended``: ``returned``, ``raised <class>``, or empty for a call that ended the process.
    """
    ends = [line.ended for line in trace if line.ended != "made"]
    return max((number for number, end in enumerate(ends) if end == ended), default=None)


def calls_of(trace: Sequence[Line], number: int) -> dict[str, Called]:
    """The call of this number: with what it needs alone, and with all that the probe did before.

    Each once with the arrays themselves, and once with the objects that the probe handed over.
    """
    places = [at for at, line in enumerate(trace) if line.ended != "made"]
    if number >= len(places):
        return {}
    at = places[number]
    found = {}
    for name, lines in (("plain", _collapsed(trace)), ("", trace)):
        found[f"{name} alone"] = _called(lines, at, _needed(lines, at))
        found[f"{name} all"] = _called(lines, at, set(range(at)))
    return found


def _collapsed(lines: Sequence[Line]) -> list[Line]:
    """The same with arrays in place of objects that do what the array does."""
    like = {line.gives: line.like for line in lines if line.like}
    return [
        replace(
            line,
            lines=[] if line.like else [_spelled(text, like) for text in line.lines],
            gives="" if line.like else line.gives,
        )
        for line in lines
    ]


def _needed(lines: Sequence[Line], at: int) -> set[int]:
    """Lines that make what the call uses, and earlier calls that had the same capsule."""
    wanted = _tokens(lines[at])
    capsules = {token for token in wanted if token.startswith("⟦capsule")}
    needed = set()
    for k in reversed(range(at)):
        line = lines[k]
        gives = line.gives in wanted
        if gives or (line.ended != "made" and capsules & _tokens(line)):
            needed.add(k)
            wanted |= _tokens(line)
    return needed


def _tokens(line: Line) -> set[str]:
    return set().union(*(set(_TOKEN.findall(text)) for text in line.lines)) - {line.gives}


def _called(lines: Sequence[Line], at: int, needed: set[int]) -> Called:
    names: dict[str, str] = {}
    arrays = [k for k in sorted(needed) if lines[k].gives.startswith("⟦a_")]
    head: list[str] = []
    body: list[str] = []
    for k in sorted(needed):
        line = lines[k]
        if not line.gives or line.gives in names:
            continue
        given = [_spelled(text, names) for text in line.lines]
        if k in arrays:
            names[line.gives] = "a" if k == arrays[-1] else f"a{arrays.index(k) + 1}"
            if k != arrays[-1]:
                given.append(f"{names[line.gives]} = a")
        else:
            names[line.gives] = name = _name(line.gives, names)
            given = [text.replace(line.gives, name) for text in given]
        for text in given:
            (head if text.startswith(("import ", "from ")) else body).append(text)
        if line.ended.startswith("raised"):
            body[-len(given) :] = [
                "try:",
                *(f"    {text}" for text in given),
                "except Exception:",
                "    pass",
            ]
    line = lines[at]
    names[line.gives] = "b"
    call = tuple(_spelled(text, names) for text in line.lines)
    before = tuple(dict.fromkeys((*head, *line.before)))
    imports = tuple(text for text in before if text.startswith(("import ", "from ")))
    rest = tuple(text for text in before if text not in imports)
    owner = lines[arrays[-1]].owner if arrays else ""
    return Called((*imports, *body, *rest), call, owner)


def _spelled(text: str, names: Mapping[str, str]) -> str:
    for token, name in names.items():
        text = text.replace(token, name)
    return text


def _name(token: str, names: Mapping[str, str]) -> str:
    """A name for a capsule, a result or an object, unused so far; ``b`` is the last result's."""
    kind = token.strip("⟦⟧").partition("_")[0]
    kind = "before" if kind == "b" else kind
    taken = set(names.values())
    return next(
        name
        for name in (kind, *(f"{kind}{number}" for number in range(2, 100)))
        if name not in taken
    )


def recorded_end(outcome: str, step: str, facts: Mapping[str, Any]) -> str:
    """How the call ended that the record is about, as `calls_of` takes it."""
    if outcome in _LOST:
        return "" if step in ("", "exchange", "export", "make") else "returned"
    error = facts.get("route.error") or facts.get("export.error")
    return f"raised {str(error).rpartition('.')[2]}" if error else "returned"


def observed(
    called: Called,
    outcome: str,
    reason: str,
    facts: Mapping[str, Any],
    api: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[str, list[str], str]]:
    """What is looked at, the lines that leave ``seen``, and what was recorded; most telling first.

    ``api``: what `Library.script_api` gives, by owner of an array; "" is the library's.
    """
    sides = _sides(called, outcome, facts, api)
    if outcome in _LOST:
        found = OBSERVATIONS["end"](sides, called.call)
        if found is not None:
            yield "end", [*called.before, *found[0]], found[1]
        return
    ended = recorded_end(outcome, "", facts)
    for kind, lines, recorded in _ends(sides, called, ended, reason):
        yield kind, [*called.before, *lines], recorded


def _ends(
    sides: Sides, called: Called, ended: str, reason: str
) -> Iterator[tuple[str, list[str], str]]:
    """What shows of a call that came back."""
    if ended == "returned":
        kind = observation(reason, (), "")
        if kind in _BY_RECORD and called.owner:
            found = OBSERVATIONS[kind](sides, called.call)
            if found is not None:
                yield kind, *found
        yield from _by_facts(sides, called)
    yield "end", _after(called, '"returned"'), ended


def _by_facts(sides: Sides, called: Called) -> Iterator[tuple[str, list[str], str]]:
    """Values, shape, dtype or memory, where the record says that these are not the source's."""
    facts = sides.facts
    shape = facts.get("result.shape")
    text = sides.say("b", "shape")
    if shape is not None and text and tuple(shape) != tuple(facts.get("source.shape") or ()):
        yield "shape", _after(called, f"str({text})"), str(tuple(shape))
    dtype = facts.get("result.dtype")
    if dtype and dtype != facts.get("source.dtype"):
        found = OBSERVATIONS["dtype"](sides, called.call)
        if found is not None:
            yield "dtype", *found
    asked, got = sides.values("a"), sides.values("b")
    if facts.get("result.values") is False and asked and got:
        same = f'"the values of a" if {got} == asked else "other values"'
        yield "values", [f"asked = {asked}", *_after(called, same)], "other values"
    where = facts.get("proof.address")
    here, there = sides.say("a", "address"), sides.say("b", "address")
    if where in ("same", "apart") and here and there and called.owner:
        seen = f'"same memory" if {here} == {there} else "other memory"'
        yield "memory", _after(called, seen), "same memory" if where == "same" else "other memory"


def _after(called: Called, seen: str) -> list[str]:
    return [
        "try:",
        *(f"    {line}" for line in called.call),
        f"    seen = {seen}",
        "except Exception as error:",
        '    seen = "raised " + type(error).__name__',
    ]


def _sides(
    called: Called, outcome: str, facts: Mapping[str, Any], api: Mapping[str, Mapping[str, str]]
) -> Sides:
    shape = facts.get("source.shape") or ()
    elements = 1
    for extent in shape:
        elements *= extent
    return Sides(
        api_a=api.get(called.owner, {}) if called.owner else {},
        api_b=api.get("", {}),
        rank=len(shape),
        elements=elements,
        comparable=True,
        value=None,
        outcome=outcome,
        facts=facts,
    )
