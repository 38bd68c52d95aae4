"""Libraries whose runners start afresh, and libraries that make nothing on the host."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from dlpack_conformance.engine.discover import find_libraries
from dlpack_conformance.engine.protocol import protocol_cases
from run_engine import finish, records, start

FILE = Path(__file__).parents[1] / "helpers" / "fresh_library.py"
CASE = "exchange/reference/leaving/from_dlpack/plain/float32/matrix/plain/cpu"


def test_fresh_runner_that_left_a_child_is_ended_all_the_same(tmp_path: Path) -> None:
    """The child has the runner's socket, and outlives it; the run goes on to its end."""
    out = tmp_path / "run.ndjson"
    summary = finish(
        start(out, CASE, files=[str(FILE)], libraries=["reference", "leaving"], timeout_s=1.0)
    )
    children = [int(line) for line in (tmp_path / "children").read_text().split()]
    (record,) = [line for line in records(out) if line["kind"] == "case"]

    assert summary["complete"]
    assert record["outcome"] == "hung"
    assert children
    for child in children:
        os.kill(child, signal.SIGKILL)  # it was still there: nobody had waited for it


def test_fresh_library_has_no_case_that_forks() -> None:
    """A forked child has none of its threads: what it would do there says nothing of it."""
    libraries = find_libraries([FILE])
    cases = {
        name: {tuple(row[:2]) for row in protocol_cases(libraries[name])}
        for name in ("nowhere", "leaving")
    }

    assert ("P-12", "at-exit") in cases["nowhere"]
    assert ("P-12", "at-exit") not in cases["leaving"]


def test_library_that_makes_nothing_on_the_host_has_nothing_observed(tmp_path: Path) -> None:
    """Its cases as a producer are not applicable, with the reason, and no fault of the suite."""
    out = tmp_path / "run.ndjson"
    rules = ("P-02", "P-16", "P-50", "R-36", "T-09")
    filters = [f"protocol/nowhere/{rule}/**" for rule in rules]
    options = {"files": [str(FILE)], "libraries": ["reference", "nowhere"], "timeout_s": 10.0}
    assert finish(start(out, *filters, **options))["complete"]
    lines = [
        line
        for line in records(out)
        if line["kind"] == "case" and not line["variant"].endswith(("-simulated", "-cuda"))
    ]

    assert len(lines) > len(rules)
    observed = [line for line in lines if line["verdict"] != "not-applicable"]
    assert {line["rule"] for line in observed} <= {"R-36"}, observed
    assert not [line for line in lines if line["verdict"] == "suite-fault"]
    assert any("nowhere makes no float32" in str(line["facts"]) for line in lines)
