"""The binding of plan, ids, queries, judge and journal."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from dlpack_conformance import _core


def census(**changes: Any) -> dict[str, Any]:
    """Two libraries with one route between them."""
    library = {
        "versions": {"demo": "1.0"},
        "declares": "2024.12",
        "promises": {},
        "readonly_arrays": True,
        "immutable_arrays": False,
        "makes": [
            {
                "source": "plain",
                "dtypes": ["int8", "float32"],
                "layouts": None,
                "excluded": [["int8", "*", "no such dtype"]],
                "device": "cpu",
            }
        ],
        "usage": [["rebinding", "plus"]],
    }
    way = {
        "producer": "left",
        "consumer": "right",
        "route": "from_dlpack",
        "owner": "",
        "dlpack": True,
        "requests": ["plain", "copy-true"],
        "promise": {
            "kind": "shares-if-possible",
            "document": "d",
            "section": "s",
            "shape": "same",
            "by_request": {"copy-true": "copies"},
        },
        "rules": ["R-58"],
        "absent": {"copy-true": "no such keyword"},
    }
    spec = {
        "profile": "full",
        "filters": [],
        "target": None,
        "libraries": {"left": library, "right": library},
        "ways": [way],
    }
    return {**spec, **changes}


def test_plan_finds_every_id_again() -> None:
    """`find` is the inverse of `id`, and unknown ids are -1."""
    plan = _core.Plan(census())

    assert [plan.find(plan.id(i)) for i in range(len(plan))] == list(range(len(plan)))
    assert plan.find("exchange/left/right/from_dlpack/plain/int8/vector/plain/cpu") == -1
    assert plan.find("nonsense") == -1


def test_pairs_cover_the_plan() -> None:
    """The pairs' ranges follow one another from 0 to the end; usage cases have no consumer."""
    plan = _core.Plan(census())
    pairs = plan.pairs

    assert [(pair[0], pair[1]) for pair in pairs] == [
        ("left", "right"),
        ("left", ""),
        ("right", ""),
    ]
    assert [0, *(pair[3] for pair in pairs)] == [*(pair[2] for pair in pairs), len(plan)]


def test_axes_name_the_parts_of_the_id() -> None:
    """Axes come with the kind of case, by name, in the order of the id."""
    plan = _core.Plan(census(filters=["layout=step request=plain", "usage/left/**"]))

    assert plan.axes(0) == {
        "case": "exchange",
        "producer": "left",
        "consumer": "right",
        "route": "from_dlpack",
        "request": "plain",
        "dtype": "float32",
        "layout": "step",
        "source": "plain",
        "device": "cpu",
    }
    assert plan.axes(1) == {
        "case": "usage",
        "library": "left",
        "topic": "rebinding",
        "variant": "plus",
    }
    assert _core.case_axes(plan.id(0)) == plan.axes(0)
    assert len(plan) == 2


def test_excluded_and_absent_keep_their_reasons() -> None:
    """What a library cannot make is counted; what a release lacks stays, with its proof."""
    plan = _core.Plan(census(filters=["layout=vector"]))

    assert plan.excluded == {"no such dtype": 2}
    assert {plan.axes(i)["request"]: plan.absent(i) for i in range(len(plan))} == {
        "plain": "",
        "copy-true": "no such keyword",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": "slow"}, "profile is 'slow'"),
        ({"filters": ["colour=red"]}, "key is 'colour'"),
        ({"filters": "dtype=int8"}, "filters"),
        ({"ways": [{}]}, r"plan.ways\[0\]: producer"),
        ({"libraries": []}, "plan: libraries"),
        (
            {"libraries": {"left": {"makes": [{"source": 1}]}}},
            r"plan.libraries.left.makes\[0\]: source",
        ),
        ({"libraries": {"left": {"declares": "soon"}}}, "declares is 'soon'"),
        (
            {"libraries": {"left": {"makes": [{"source": "owned", "excluded": [["a"]]}]}}},
            "excluded",
        ),
    ],
)
def test_wrong_census_is_named_by_its_path(changes: dict[str, Any], message: str) -> None:
    """The error has the path to the value that is wrong."""
    with pytest.raises(_core.CatalogueError, match=message):
        _core.Plan(census(**changes))


def test_index_beyond_the_plan_is_an_index_error() -> None:
    """An index that the plan has not is refused."""
    plan = _core.Plan(census())

    with pytest.raises(IndexError, match="index is"):
        plan.id(len(plan))


def test_a_plan_of_a_million_cases_is_quick_to_walk() -> None:
    """Ids are made on demand: the first and the last of a large plan agree with `find`."""
    library = {
        "makes": [
            {"source": row["name"], "dtypes": [d["name"] for d in _core.dtypes()]}
            for row in _core.sources()
        ]
    }
    ways = [
        {"producer": "left", "consumer": "left", "route": f"route-{i}", "requests": ["plain"]}
        for i in range(14)
    ]
    plan = _core.Plan({"profile": "full", "libraries": {"left": library}, "ways": ways})

    assert len(plan) > 1_000_000
    assert plan.find(plan.id(len(plan) - 1)) == len(plan) - 1


def test_requests_are_read_into_keywords() -> None:
    """Only what is passed is there, with the value that is passed."""
    assert _core.parse_request("plain") == {}
    assert _core.parse_request("copy-none+device-own") == {"copy": None, "device": "own"}
    assert _core.parse_request("copy-false+dtype-int8+force-true") == {
        "copy": False,
        "dtype": "int8",
        "force": True,
    }


def test_query_and_match_agree() -> None:
    """A parsed query gives what `match` gives."""
    case_id = "exchange/left/right/from_dlpack/plain/float32/step/plain/cpu"

    for query, wanted in (
        ("**/float32/**", True),
        ("library=right dtype=float*", True),
        ("dtype=int8", False),
    ):
        assert _core.match(query, case_id) is wanted
        assert _core.Query(query).matches(case_id) is wanted


def test_values_are_numbers_of_the_dtype() -> None:
    """Values come as the Python type of the family, lanes as tuples."""
    assert _core.values("int32", "vector") == [1, 2, 3, 4, 5, 6]
    assert all(type(value) is bool for value in _core.values("bool", "matrix"))
    assert all(type(value) is complex for value in _core.values("complex64", "matrix"))
    assert _core.values("int8x2", "scalar") == [(1, 2)]
    assert len(_core.values("int8", "huge-rows")) == 2


@pytest.mark.parametrize("dtype", [row["name"] for row in _core.dtypes()])
def test_other_value_differs(dtype: str) -> None:
    """For every dtype each element has another value to be overwritten with."""
    for value in _core.values(dtype, "matrix"):
        assert _core.other_value(dtype, value) != value


def test_values_of_unknown_names_are_refused() -> None:
    """Names that no table has are refused with the table's name."""
    with pytest.raises(_core.CatalogueError, match="dtype is 'int7'"):
        _core.values("int7", "vector")
    with pytest.raises(_core.CatalogueError, match="layout is 'vektor'"):
        _core.values("int8", "vektor")
    with pytest.raises(_core.CatalogueError, match="number of int8"):
        _core.other_value("int8", "x")


def test_journal_is_seen_from_another_process() -> None:
    """What a lost child wrote last stays readable."""
    journal = _core.Journal()
    child = os.fork()
    if child == 0:
        journal.step(12, _core.Journal.STEPS.index("read"))
        os._exit(9)
    os.waitpid(child, 0)
    index, step, beat = journal.read()

    assert (index, _core.Journal.STEPS[step]) == (12, "read")
    assert beat > 0
    journal.clear()
    assert journal.read()[0] == -1


def test_journal_refuses_what_is_no_journal() -> None:
    """A descriptor that is not open, and a wrong call, are errors."""
    with pytest.raises(OSError, match="journal"):
        _core.Journal(10_000)
    with pytest.raises(TypeError):
        _core.Journal().step(1)
    with pytest.raises(AttributeError):
        getattr(_core.Journal(), "stri" + "de")


def test_record_is_one_line_that_expands_to_the_facts() -> None:
    """A line is JSON, ends with the time, and expands to all that was given."""
    plan = _core.Plan(census(filters=["layout=vector request=plain"]))
    judge, facts = _core.Judge(plan), _core.Facts()
    seen = {
        "source.shape": (6,),
        "source.dtype": "float32",
        "route.returned": True,
        "route.warnings": (),
    }
    facts.update(seen)
    line = judge.record(0, facts, 123)
    record = json.loads(line)

    assert line.endswith(b'"time_ns":123}\n')
    assert record["id"] == plan.id(0)
    expanded = judge.expand(0, record["facts"])
    assert {name: expanded[name] for name in seen} == seen
    assert record["verdict"] == judge.judge(0, facts)["verdict"]


def test_not_run_needs_a_reason_of_the_table() -> None:
    """A case that did not run says why, in a code that the catalogue has."""
    judge = _core.Judge(_core.Plan(census(filters=["layout=vector request=plain"])))

    assert json.loads(judge.not_run(0, "interrupted"))["outcome"] == "not-run"
    with pytest.raises(_core.CatalogueError, match="reason is 'lunch'"):
        judge.not_run(0, "lunch")


def test_header_and_footer_are_json_lines() -> None:
    """Header and footer keep what they are given."""
    header = json.loads(
        _core.header_line({"suite": "0.1.0", "devices": ["cpu"], "census": census()})
    )
    footer = json.loads(_core.footer_line({"cases": 3}, "abc"))

    assert header["kind"] == "header"
    assert header["census"] == census()
    assert (footer["kind"], footer["cases"], footer["digest"]) == ("footer", 3, "abc")
    with pytest.raises(_core.CatalogueError, match="json"):
        _core.header_line({"x": {1, 2}})


def test_schema_is_a_json_schema() -> None:
    """The schema is an object that states its dialect."""
    assert "json-schema.org" in json.loads(_core.schema())["$schema"]
