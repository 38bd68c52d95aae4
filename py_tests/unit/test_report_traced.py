"""Scripts of protocol cases from traces: what goes in, what they look at, when they exit 1."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from dlpack_conformance.report import Case, Scripts
from dlpack_conformance.report.protocol import ProtocolScripts
from dlpack_conformance.report.traced import Line, call_that, calls_of, recorded_end

A, A2, CAPSULE, GIVER, B, B2 = "⟦a_1⟧", "⟦a_2⟧", "⟦capsule_3⟧", "⟦giver_4⟧", "⟦b_5⟧", "⟦b_6⟧"


def made(gives: str, *lines: str, like: str = "", owner: str = "") -> Line:
    """Something that a probe made."""
    return Line(gives, list(lines), "made", owner, like)


def tried(gives: str, call: str, ended: str = "returned", *before: str) -> Line:
    """A call of a probe."""
    return Line(gives, [f"{gives} = {call}"], ended, before=list(before))


def code(lines: Sequence[Line], number: int = 0, form: str = "plain alone") -> list[str]:
    """All lines of one call."""
    called = calls_of(lines, number)[form]
    return [*called.before, *called.call]


def test_only_what_the_call_needs_goes_in() -> None:
    """An array that the probe made before for something else is left out."""
    lines = [made(A, "a = 1"), made(A2, "a = 2", owner="lib"), tried(B, f"take({A2})")]

    assert code(lines) == ["a = 2", "b = take(a)"]
    assert calls_of(lines, 0)["plain alone"].owner == "lib"
    assert code(lines, form=" all") == ["a = 1", "a1 = a", "a = 2", "b = take(a)"]


def test_an_object_that_does_what_its_array_does_is_the_array() -> None:
    """The script is shorter; the other form has the object."""
    lines = [
        made(A, "a = 1"),
        made(GIVER, "class Giver: pass", f"{GIVER} = Giver({A})", like=A),
        tried(B, f"take({GIVER})"),
    ]

    assert code(lines) == ["a = 1", "b = take(a)"]
    assert code(lines, form=" alone") == [
        "a = 1", "class Giver: pass", "giver = Giver(a)", "b = take(giver)",
    ]  # fmt: skip


def test_earlier_calls_with_the_same_capsule_go_in() -> None:
    """A capsule that is consumed twice was consumed once before."""
    lines = [
        made(A, "a = 1"),
        made(CAPSULE, f"{CAPSULE} = give({A})"),
        tried(B, f"take({CAPSULE})"),
        tried(B2, f"take({CAPSULE})", "raised ValueError"),
    ]

    assert call_that(lines, "raised ValueError") == 1
    assert code(lines, 1) == [
        "a = 1", "capsule = give(a)", "before = take(capsule)", "b = take(capsule)",
    ]  # fmt: skip


def test_imports_stand_on_top_once() -> None:
    """Also those of what comes before the call alone."""
    lines = [made(A, "import x", "a = x.y"), tried(B, f"x.t({A})", "", "import x", "get = x.z")]

    assert code(lines) == ["import x", "a = x.y", "get = x.z", "b = x.t(a)"]


@pytest.mark.parametrize(
    ("outcome", "step", "facts", "wanted"),
    [
        ("crashed", "exchange", {"route.error": "ValueError"}, ""),
        ("hung", "exchange", {}, ""),
        ("crashed", "read", {}, "returned"),
        ("answered", "", {"route.error": "lib.Error"}, "raised Error"),
        ("answered", "", {"export.error": "BufferError"}, "raised BufferError"),
        ("answered", "", {}, "returned"),
    ],
)
def test_the_record_says_how_the_call_ended(
    outcome: str, step: str, facts: dict[str, Any], wanted: str
) -> None:
    """Not the trace: an installed library that changed shows nothing."""
    assert recorded_end(outcome, step, facts) == wanted


class Toy:
    """A library whose scripts need no import."""

    def script_api(self, dtype: str) -> Mapping[str, str]:
        """Return how a script looks at its arrays, which are lists."""
        return {"values": "list({x})", "dtype": "{x}.kind", "address": "id({x})"}


def scripts(
    call: str, ended: str, other: str = "", *, give: str = "a = [1, 2]", has: bool = True
) -> Scripts:
    """Scripts over a toy library and the reference, which makes ``other`` of the same probe."""

    def trace(ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        texts = {case_id: other if "/reference/" in case_id else call for case_id in ids}
        return {
            case_id: [
                {"gives": A, "lines": [give], "ended": "made", "owner": "toy"},
                {
                    "gives": B,
                    "lines": [f"{B} = {text.format(A)}"],
                    "ended": "returned" if text == other else ended,
                },
            ]
            for case_id, text in texts.items()
        }

    toy: Any = Toy()
    protocol = ProtocolScripts({"toy": toy, "reference": toy}, trace, lambda _: {}, lambda _: has)
    return Scripts({"toy": toy}, [], protocol)


def case(outcome: str = "answered", *, malformed: bool = False, **entry: str) -> Case:
    """Return a recorded protocol case of the toy library."""
    judged = [{"rule": "C-24", "verdict": "deviates", "reason": "", "blame": "consumer"} | entry]
    return Case(
        id="protocol/toy/C-24/one",
        outcome=outcome,
        modifiers=(),
        verdict=judged[0]["verdict"],
        blame="consumer",
        proof="",
        judged_json=msgspec.json.encode(judged),
        facts_json=b"{}",
        input="malformed" if malformed else "valid",
    )


def run(text: str) -> int:
    """Exit status of a script."""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


OTHER = ["protocol/reference/C-24/one"]
WRONG = {"verdict": "permitted", "reason": "wrong-error"}
LOST = {"crash.signal": "SIGABRT", "crash.step": "exchange"}
ABORTS = "__import__('os').abort() or {}"


@pytest.mark.parametrize(
    ("entry", "call", "ended", "recorded", "facts"),
    [
        (WRONG, "{0}.remove(7)", "raised ValueError", "answered", {"route.error": "ValueError"}),
        ({}, "{0}.copy()", "returned", "answered", {"result.values": True}),
        ({"reason": "process-lost"}, ABORTS, "", "crashed", LOST),
    ],
)
def test_what_is_wrong_exits_1_and_the_other_way_0(
    entry: dict[str, str], call: str, ended: str, recorded: str, facts: dict[str, Any]
) -> None:
    """Also where it only is permitted, or the process ends."""
    other = "{0}.index(1)" if ended != "returned" else "{0}.index(7)"
    made_by = scripts(call, ended, other)
    script = next(made_by.scripts(case(recorded, **entry), facts, others=OTHER))

    assert script.kind == "traced"
    assert script.against is not None
    assert (run(script.text), run(script.against)) == (1, 0)


def test_malformed_input_exits_1_where_it_ends_the_process() -> None:
    """Nobody is judged for it, and it is shown all the same."""
    lost = case("crashed", malformed=True, verdict="undecided")
    script = next(scripts(ABORTS, "", "{0}.index(1)").scripts(lost, LOST, others=OTHER))

    assert script.against is not None
    assert (run(script.text), run(script.against)) == (1, 0)


def test_with_nothing_wrong_a_change_exits_1() -> None:
    """What was recorded exits 0."""
    sound = case(verdict="conforms")
    facts = {"route.error": "ValueError"}
    same = next(scripts("{0}.remove(7)", "raised ValueError").scripts(sound, facts))
    assert run(same.text) == 0
    assert run(same.text.replace("remove(7)", "remove(1)")) == 1


def test_counts_are_seen_by_the_suite_alone() -> None:
    """A script of calls would say nothing of them, so it is not made."""
    sound = case(verdict="conforms")
    script = next(scripts("{0}.copy()", "returned").scripts(sound, {"end.exports": 1}))

    assert script.kind == "look"
    assert "look('protocol/toy/C-24/one')" in script.text


def test_a_trace_that_ended_otherwise_gives_no_script() -> None:
    """The installed library does not do what was recorded; the suite says what it does."""
    facts = {"route.error": "ValueError"}
    (script,) = scripts("{0}.copy()", "returned").scripts(case(**WRONG), facts, others=OTHER)

    assert script.kind == "look"


def test_no_script_is_longer_than_25_lines() -> None:
    """What needs more is left to the suite."""
    long = "\n".join(f"x{number} = {number}" for number in range(30)) + "\na = [1]"
    found = scripts("{0}.remove(7)", "raised ValueError", give=long)
    (script,) = found.scripts(case(**WRONG), {"route.error": "ValueError"}, others=OTHER)

    assert script.kind == "look"


def test_where_the_reference_has_no_such_case_there_is_no_control() -> None:
    """A function that only the library has."""
    found = scripts("{0}.remove(7)", "raised ValueError", has=False)
    script = next(found.scripts(case(**WRONG), {"route.error": "ValueError"}, others=OTHER))

    assert script.kind == "traced"
