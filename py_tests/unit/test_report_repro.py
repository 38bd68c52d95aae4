"""Scripts: every observation is run against a call that deviates and one that does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from dlpack_conformance import modules
from dlpack_conformance.errors import ReportError
from dlpack_conformance.libraries import Promise, Route, Source
from dlpack_conformance.report import Case, Scripts
from dlpack_conformance.report.observations import OBSERVATIONS, Sides
from dlpack_conformance.report.records import Judged
from dlpack_conformance.report.repro import MAX_LINES, accuses

ID = "exchange/toy/toy/{route}/plain/int32/vector/plain/cpu"


class Toy:
    """A library whose arrays are lists.

    `Held` counts exports and deleter calls as the reference does.
    """

    name = "toy"

    def script_make(self, source: Source) -> list[str]:
        """Return a list with an attribute or two."""
        return [
            "class Toy(list): exports = deleted = 0; writable = True; kind = 'x.int32'",
            f"a = Toy({list(source.values)})",
        ]

    def script_api(self, dtype: str) -> Mapping[str, str]:
        """Return how a script looks at it."""
        return {
            "import": "import copy",
            "values": "list({x})",
            "address": "id({x})",
            "writable": "{x}.writable",
            "dtype": "{x}.kind",
            "shape": "(len({x}),)",
            "write": "{x}.__setitem__({index}[0], {value})",
            "balance": "{x}.exports - {x}.deleted",
        }

    def usages(self) -> list[Any]:
        """Return none."""
        return []


CALLS = {
    "shares": "b = a",
    "copies": "b = copy.copy(a)",
    "wrong": "b = Toy(reversed(a))",
    "raises": "raise BufferError('no')",
    "raises-other": "raise TypeError('no')",
    "aborts": "import os; os.abort()",
    "exits": "import os; os._exit(0)",
    "hangs": "import signal; signal.pause()",
    "read-only": "b = copy.copy(a); b.writable = False",
    "other-dtype": "b = copy.copy(a); b.kind = 'x.float64'",
    "writes-source": "b = a; a.__setitem__(0, 99)",
    "leaks": "b = copy.copy(a); a.exports = 1",
    "releases": "b = copy.copy(a); a.exports = a.deleted = 1",
    "freed-early": "b = a; a.exports = a.deleted = 1",
    "held": "b = a; a.exports = 1",
}


@pytest.fixture(scope="module")
def scripts() -> Scripts:
    """Return scripts over the toy library and a route a call."""

    def route(name: str, call: str) -> tuple[Route, str]:
        def bind(*_: Any) -> Any:
            raise NotImplementedError

        return Route(name, ("plain",), Promise("none", "", ""), bind, lambda *_: call), "toy"

    toy: Any = Toy()
    return Scripts({"toy": toy}, [route(name, call) for name, call in CALLS.items()])


def case(
    call: str, outcome: str, reason: str = "", *, verdict: str = "deviates", facts: Any = None
) -> Case:
    """Return a recorded case of a call."""
    judged = [{"rule": "C-36", "verdict": verdict, "reason": reason, "blame": "consumer"}]
    return Case(
        id=ID.format(route=call),
        outcome=outcome,
        modifiers=(),
        verdict=verdict,
        blame="consumer",
        proof="",
        judged_json=msgspec.json.encode(judged),
        facts_json=msgspec.json.encode(facts or {}),
    )


def run(text: str) -> tuple[int, str]:
    """Run a script; exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


DEVIATIONS = [
    ("shares", "copies", "shared", "promise-copies", {}),
    ("copies", "shares", "copied", "promise-shares", {}),
    ("wrong", "copies", "corrupted", "result-differs", {"result.values": False}),
    ("raises", "shares", "refused", "empty-refused", {"route.error": "BufferError"}),
    ("raises", "raises-other", "refused", "device-refused", {"route.error": "BufferError"}),
    (
        "aborts",
        "shares",
        "crashed",
        "process-lost",
        {"crash.how": "signal", "crash.signal": "SIGABRT", "crash.step": "exchange"},
    ),
    (
        "exits",
        "copies",
        "crashed",
        "process-lost",
        {"crash.how": "exit", "crash.status": 0, "crash.step": "read"},
    ),
    ("copies", "read-only", "copied", "readonly-lost", {"result.writable": True}),
    ("other-dtype", "copies", "copied", "promise-dtype", {"result.dtype": "float64"}),
    ("writes-source", "shares", "shared", "source-written", {"memory.source": False}),
    ("leaks", "releases", "copied", "deleter-count", {"end.exports": 1, "end.deleter_calls": 0}),
    ("freed-early", "held", "shared", "early-free", {"end.early": True}),
]


@pytest.mark.parametrize(("bad", "good", "outcome", "reason", "facts"), DEVIATIONS)
def test_script_exits_1_where_it_sees_the_deviation_and_0_where_not(
    scripts: Scripts, bad: str, good: str, outcome: str, reason: str, facts: dict[str, Any]
) -> None:
    """The same observation over a call that deviates and over one that does not."""
    seen, unseen = (
        scripts.script(case(call, outcome, reason, facts=facts), facts) for call in (bad, good)
    )

    assert run(seen)[0] == 1
    assert run(unseen)[0] == 0
    assert len(seen.splitlines()) <= MAX_LINES


@pytest.mark.parametrize(
    ("good", "bad", "outcome"), [("shares", "copies", "shared"), ("copies", "shares", "copied")]
)
def test_script_of_a_conforming_case_exits_0_until_it_changes(
    scripts: Scripts, good: str, bad: str, outcome: str
) -> None:
    """What was recorded is seen again: 0. Anything else: 1."""
    kept, broken = (
        scripts.script(case(call, outcome, verdict="conforms"), {}) for call in (good, bad)
    )

    assert run(kept)[0] == 0
    assert run(broken)[0] == 1


@pytest.mark.parametrize(
    ("verdict", "reason", "wrong"),
    [
        ("deviates", "import-copies", True),
        ("permitted", "wrong-error", True),
        ("permitted", "import-copies", False),
        ("conforms", "", False),
        ("undecided", "refusal-open", False),
    ],
)
def test_script_of_a_wrong_class_exits_1_as_of_a_deviation(
    scripts: Scripts, verdict: str, reason: str, wrong: bool
) -> None:
    """One meaning: 1 where something is wrong, or where nothing was and it is not as recorded."""
    facts = {"route.error": "TypeError"}
    seen = case("raises-other", "refused", reason, verdict=verdict, facts=facts)
    assert accuses(seen, seen.deciding) is wrong

    status, said = run(scripts.script(seen, facts))
    assert status == int(wrong)
    assert "observed: refused with TypeError" in said


def test_the_answer_of_another_rule_can_be_shown(scripts: Scripts) -> None:
    """A finding is not always about the deciding one."""
    seen = case("shares", "shared", "promise-copies", verdict="conforms")
    entry = Judged("C-36", "deviates", "promise-copies", "consumer")
    shown = next(scripts.scripts(seen, {}, entry))

    assert shown.kind == "exchange"
    assert (run(shown.text)[0], run(scripts.script(seen, {}))[0]) == (1, 0)


def test_script_says_what_is_expected_and_what_it_saw(scripts: Scripts) -> None:
    """The rule's text on one line, the observation on the next."""
    status, said = run(scripts.script(case("copies", "copied", "import-copies"), {}))
    rule = next(row for row in modules().core.rules() if row["id"] == "C-36")

    assert status == 1
    assert said.splitlines() == [f"expected: {rule['text']} (C-36, must)", "observed: copied"]


def test_script_of_a_hang_ends_it(scripts: Scripts) -> None:
    """The child ends itself by an alarm."""
    facts = {"crash.how": "hung", "crash.step": "exchange"}
    text = scripts.script(case("hangs", "hung", "process-lost", facts=facts), facts)

    assert "signal.alarm(10)" in text
    assert run(text.replace("signal.alarm(10)", "signal.alarm(1)"))[0] == 1


def test_script_of_a_loss_on_a_device_makes_the_source_in_the_child(scripts: Scripts) -> None:
    """CUDA is of no use in a child of a process that used it, so nobody does before the fork."""
    facts = {"crash.how": "signal", "crash.signal": "SIGABRT", "crash.step": "exchange"}
    lost, kept = (
        replace(one, id=one.id.replace("/cpu", "/cuda-0"))
        for one in (
            case("aborts", "crashed", "process-lost", facts=facts),
            case("copies", "crashed", "process-lost", facts=facts),
        )
    )
    text = scripts.script(lost, facts)

    assert text.index("os.fork()") < text.index("a = Toy")
    assert run(text)[0] == 1
    assert run(scripts.script(kept, facts))[0] == 0


def test_script_of_an_unknown_library_is_refused_by_name() -> None:
    """Records of a library whose file is not at hand have no script."""
    with pytest.raises(ReportError, match="library files give no script"):
        Scripts({}, []).script(case("shares", "shared"), {})


@pytest.mark.parametrize(("copy", "seen"), [(False, "shared"), (True, "copied")])
def test_script_of_a_copied_flag_says_whose_memory_it_is(copy: bool, seen: str) -> None:
    """A copy may carry the flag: only with the address does it show something wrong."""
    instrument = modules().instrument
    memory = instrument.Template("float32", (2,), (1,), 0, [1.0, 2.0]).make()
    a = instrument.Array(memory, "float32", (2,), (1,), honours_copy=copy)
    facts = {"export.flags": 2, "export.keywords": "max_version=(1, 3), copy=True"}
    facts["export.address"] = "elsewhere" if copy else "0"
    sides = Sides({"address": "{x}.address"}, {}, 1, 2, True, None, seen, facts)

    observed = OBSERVATIONS["copied-flag"](sides, ())

    assert observed is not None
    lines, recorded = observed
    scope: dict[str, Any] = {"a": a}
    exec("\n".join(lines), scope)
    assert recorded == f"flags 2, {seen}"
    assert scope["seen"].endswith(seen)


def test_script_of_flags_reads_the_struct() -> None:
    """Flags lie at byte 24 of the versioned struct; the reference writes them."""
    instrument = modules().instrument
    sides = Sides(
        {},
        {},
        1,
        1,
        True,
        None,
        "shared",
        {"export.flags": 2, "export.keywords": "max_version=(1, 3)"},
    )
    observed = OBSERVATIONS["flags"](sides, ())
    assert observed is not None
    lines, recorded = observed
    memory = instrument.Template("int32", (4,), (1,), 0, [1, 2, 3, 4]).make()
    for flags in (2, 0):
        scope = {"a": instrument.Array(memory, "int32", (4,), (1,), flags=flags)}
        exec("\n".join(lines), scope)

        assert (scope["seen"] == recorded) is (flags == 2)


@pytest.mark.parametrize("capsule", ["dltensor", "dltensor_versioned"])
def test_script_of_strides_reads_either_struct(capsule: str) -> None:
    """What is read is what the export says, not what the array has."""
    instrument = modules().instrument
    facts = {"export.strides": [2, 1], "export.capsule": capsule, "export.keywords": "both"}
    observed = OBSERVATIONS["strides"](Sides({}, {}, 2, 4, True, None, "shared", facts), ())
    assert observed is not None
    lines, recorded = observed
    memory = instrument.Template("int32", (2, 2), (2, 1), 0, [1, 2, 3, 4]).make()
    for strides in ((2, 1), (1, 2)):
        scope = {"a": instrument.Array(memory, "int32", (2, 2), strides)}
        exec("\n".join(lines), scope)

        assert scope["seen"] == f"strides {list(strides)}"
        assert (scope["seen"] == recorded) is (strides == (2, 1))
