"""Traces of probes: what is noted, and how objects are written down."""

from __future__ import annotations

import array
import math
from pathlib import Path
from typing import Any

import pytest
from dlpack_conformance.engine.said import Known
from dlpack_conformance.engine.trace import trace_cases

PLANTED = Path(__file__).parents[1] / "helpers" / "planted_findings.py"


@pytest.mark.parametrize(
    "thing",
    [
        None,
        ...,
        True,
        -7,
        2**70,
        1.5,
        1 - 2j,
        "a 'quoted' text",
        b"bytes",
        (),
        (1,),
        (2, 0),
        [1.0, None],
        {"states": {"shape": (4,), "strides": None}},
        bytearray(24),
        bytearray(b"abc"),
        array.array("f", [1.0, 2.0]),
        math.pi,
    ],
)
def test_what_is_said_makes_an_equal_object(thing: Any) -> None:
    """The expression stands for the object."""
    text = Known({}).say(thing)

    assert text is not None
    assert eval(text) == thing
    assert type(eval(text)) is type(thing)


def test_members_of_imported_modules_are_named() -> None:
    """By the alias that a script has for the module."""
    known = Known({"m": math})

    assert known.say(math.floor) == "m.floor"
    assert known.arguments((1, [2]), {"ndigits": None}) == "1, [2], ndigits=None"


@pytest.mark.parametrize("thing", [math.nan, math.inf, lambda: 1, {1, 2}, [object, math.nan]])
def test_what_no_line_can_say_is_left(thing: Any) -> None:
    """There is no text rather than a wrong one."""
    assert Known({}).say(thing) is None


def test_an_exception_is_said_with_its_arguments() -> None:
    """Producers that are told to raise get an equal one."""
    assert Known({}).say(BufferError("no", 7)) == "BufferError('no', 7)"


def test_known_objects_go_by_their_names() -> None:
    """Also inside of others, and never two by one name."""
    known = Known({})
    one, two = object(), object()
    names = [known.name(one, "a"), known.name(two, "a")]

    assert len(set(names)) == 2
    assert known.say((one, [two])) == f"({names[0]}, [{names[1]}])"


def test_a_trace_has_what_was_made_and_tried() -> None:
    """A crafted array, the object over it and the call."""
    case = "protocol/reference/C-16/reversed-versioned"
    found = trace_cases([case])[case]
    made, giver, call = (
        next(line for line in found if line["gives"].startswith(f"⟦{kind}"))
        for kind in ("a_", "giver", "b_")
    )

    assert "(6,), (-1,), 5" in made["lines"][1]
    assert made["owner"] == "reference"
    assert giver["like"] == made["gives"]
    assert call["lines"] == [f"{call['gives']} = ref.from_dlpack({giver['gives']})"]
    assert call["ended"] == "returned"


def test_a_call_that_ends_the_process_is_in_its_trace() -> None:
    """The note goes out before the call; the next case is traced all the same."""
    lost = "protocol/planted-findings/C-20/empty-0-address-1.3"
    found = trace_cases([lost, "protocol/planted-findings/C-24/metal"], [str(PLANTED)])
    calls = [[line for line in lines if line["ended"] != "made"] for lines in found.values()]

    assert [line["ended"] for line in calls[0]][-1] == ""
    assert [line["ended"] for line in calls[1]][-1] == "raised RuntimeError"


def test_cases_that_are_not_there_have_no_trace() -> None:
    """Neither an unknown probe nor an unknown library is an error."""
    assert trace_cases(["protocol/reference/C-16/none", "protocol/nobody/C-16/reversed"]) == {}
    assert trace_cases([]) == {}
