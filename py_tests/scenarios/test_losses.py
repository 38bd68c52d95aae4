"""Runners that are lost: each loss is found, confirmed, and attributed to its case and step."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import run_engine
from run_engine import cases, finish, query, start

OUTCOMES = {"shared", "copied"}


def lost(path: Path, dtype: str) -> tuple[str, dict[str, Any]]:
    """Outcome and ``crash`` facts of the case with this dtype."""
    record = cases(path)[dtype]
    crash = {k.split(".")[1]: v for k, v in record["facts"].items() if k.startswith("crash.")}
    return record["outcome"], crash


@pytest.fixture(scope="module")
def all_faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run over every dtype of the planted route; the two faults that need help are off."""
    out = tmp_path_factory.mktemp("faults") / "run.ndjson"
    (out.parent / "died").touch()
    (out.parent / "pid").touch()
    summary = finish(start(out, query("*")))
    assert summary["complete"]
    return out


@pytest.mark.parametrize(
    ("dtype", "step", "how", "detail"),
    [
        ("int8", "exchange", "exit", ("status", 0)),
        ("int16", "exchange", "signal", ("signal", "SIGSEGV")),
        ("int32", "exchange", "hung", None),
        ("uint8", "read", "signal", ("signal", "SIGABRT")),
        ("uint16", "write", "signal", ("signal", "SIGABRT")),
        ("uint32", "release", "signal", ("signal", "SIGABRT")),
    ],
)
def test_losses_are_attributed_to_case_and_step(
    all_faults: Path, dtype: str, step: str, how: str, detail: tuple[str, Any] | None
) -> None:
    """``os._exit(0)``, a C stack overflow, a hang that holds the GIL, aborts: case and step."""
    outcome, crash = lost(all_faults, dtype)

    assert outcome == ("hung" if how == "hung" else "crashed")
    assert (crash["how"], crash["step"], crash["confirmed"]) == (how, step, True)
    if detail is not None:
        assert crash[detail[0]] == detail[1]


def test_losses_carry_the_python_stack(all_faults: Path) -> None:
    """The innermost frames of the library are there, also of a hang that holds the GIL."""
    for dtype, function in (
        ("int16", "overflow_stack"),
        ("int32", "hang_with_gil"),
        ("uint16", "abort"),
    ):
        stack = lost(all_faults, dtype)[1]["stack"]
        assert stack[0].endswith(f" in {function}"), dtype


def test_losses_keep_the_facts_of_the_steps_before(all_faults: Path) -> None:
    """The supervisor judges with what the confirming runner had seen: a shared, right result."""
    facts = cases(all_faults)["uint32"]["facts"]

    assert facts.get("result.values", True) is True
    assert facts.get("result", {}) is not None
    assert "proof.forward" not in facts or facts["proof.forward"] == "seen"


def test_losses_take_no_neighbour_with_them(all_faults: Path) -> None:
    """Every other case of the batch has its own observed outcome."""
    faulty = {"int8", "int16", "int32", "uint8", "uint16", "uint32", "float64"}
    found = cases(all_faults)

    assert len(found) > 30
    assert {r["outcome"] for dtype, r in found.items() if dtype not in faulty} <= OUTCOMES


def test_losses_that_need_an_earlier_case_name_it(all_faults: Path) -> None:
    """A case that is lost only after another one is replayed, and ``needs`` has that one alone."""
    outcome, crash = lost(all_faults, "float64")

    assert outcome == "crashed"
    assert crash["needs"] == [query("float32")]
    assert "unconfirmed" not in cases(all_faults)["float64"]["modifiers"]


def test_losses_in_make_are_the_producers_step(tmp_path: Path) -> None:
    """A library that ends the process while it makes the source is lost in step make."""
    out = tmp_path / "run.ndjson"
    finish(start(out, "exchange/planted/planted/planted.fault/plain/int64/matrix/plain/cpu"))
    outcome, crash = lost(out, "int64")

    assert outcome == "crashed"
    assert (crash["step"], crash["signal"], crash["confirmed"]) == ("make", "SIGABRT", True)


def test_losses_by_a_guard_page_are_attributed(tmp_path: Path) -> None:
    """One byte read behind the elements ends the process where a guard page is, not elsewhere."""
    out = tmp_path / "run.ndjson"
    finish(
        start(
            out,
            *(query("float32", route="planted.beyond", source=s) for s in ("guard-after", "plain")),
        )
    )
    found = {r["id"].split("/")[7]: r for r in run_engine.records(out) if r["kind"] == "case"}

    assert found["plain"]["outcome"] == "shared"
    assert found["guard-after"]["outcome"] == "crashed"
    facts = found["guard-after"]["facts"]
    assert (facts["crash.signal"], facts["crash.step"]) == ("SIGSEGV", "exchange")


def test_losses_that_do_not_show_again_are_unconfirmed(tmp_path: Path) -> None:
    """A loss that neither the case alone nor the replay shows again is undecided."""
    out = tmp_path / "run.ndjson"
    finish(start(out, query("uint64"), query("bool")))
    record = cases(out)["uint64"]

    assert (record["outcome"], record["verdict"]) == ("crashed", "undecided")
    assert "unconfirmed" in record["modifiers"]
    assert cases(out)["bool"]["outcome"] == "shared"


def test_losses_by_kill_from_outside_lose_no_record(tmp_path: Path) -> None:
    """``kill -9`` of a runner in mid-run costs one case its verdict; every case has its line."""
    out = tmp_path / "run.ndjson"
    (tmp_path / "died").touch()
    ours = [query(f"{kind}*") for kind in ("complex", "bool", "uint64", "float4")]
    process = start(out, *ours, timeout_s=30.0)
    os.kill(int(run_engine.wait_for(tmp_path / "pid")), signal.SIGKILL)
    summary = finish(process)
    found = cases(out)

    assert summary["written"] == summary["planned"] == len(found) > 3
    assert found["complex64"]["outcome"] == "crashed"
    assert found["complex64"]["verdict"] == "undecided"
    assert found["complex64"]["facts"]["crash.signal"] == "SIGKILL"
    assert {r["outcome"] for dtype, r in found.items() if dtype != "complex64"} <= OUTCOMES


def test_losses_of_fresh_runners_are_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library whose runners start afresh has the same records as one whose runners are forked."""
    monkeypatch.setenv("PLANTED_START", "fresh")
    out = tmp_path / "run.ndjson"
    finish(start(out, *map(query, ("int8", "bool"))))

    outcome, crash = lost(out, "int8")
    assert (outcome, crash["how"], crash["status"], crash["step"]) == (
        "crashed",
        "exit",
        0,
        "exchange",
    )
    assert cases(out)["bool"]["outcome"] == "shared"
