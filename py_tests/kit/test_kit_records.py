"""The C++ kit beside the Python engine: the same ids, facts and verdicts where both can look.

The records of the kit were written by the CTest tests ``kit_...``, which run first.
"""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dlpack_faults import _all
from dlpack_faults._run import observe
from kit_records import compare, compared, read_cases

REFERENCE = "reference"
_NEEDS_REFERENCES = "the rule asks for references of a Python object, which C++ has not"

# Pattern of ids -> why the kit's verdict is another one, or its facts.
REFERENCE_DIFFERS = {
    "protocol/*/X-13/*": _NEEDS_REFERENCES,
    "protocol/*/X-17/*": _NEEDS_REFERENCES,
    "protocol/*/C-12/packed-fp4-*": "numbers that fp4 has not are not compared as its bytes",
    "protocol/*/X-20/*": "the rule asks for the Python exception of a function that failed",
    "protocol/*/T-26/bits-64-*": "the traits keep the handles' dtype, and read nothing of them",
    "protocol/*/T-31/device-type-*": "the Python module takes types that no device has",
}
TORCH_DIFFERS = {
    "protocol/torch/C-07/*": "the binding checks the major version, the C++ function does not",
    "protocol/torch/C-08/*": "the same: what follows the deleter is read",
    "protocol/torch/C-12/major-2-versioned": "the same",
    "protocol/torch/C-24/*": "what refuses is the binding, by the device, with a class of Python",
    "protocol/torch/T-31/cpu-id-*": "the binding refuses the number of the device",
    "protocol/torch/T-31/device-type-*": "the binding refuses before it asks for a capsule",
    "protocol/torch/T-31/null-strides-overflow": "it freed what it refuses; the capsule does again",
    "protocol/torch/T-31/zero-strides-product-overflows*": "the same",
}
# Rule and reason of what deviates -> why it is no fault of the kit.
TORCH_DEVIATES = {
    ("C-45", "process-lost"): "a storage of negative strides ends the process, as from Python",
    ("C-08", "major-misread"): "at::fromDLPackVersioned reads fields of any major version",
}
TVM_FFI_DEVIATES = {
    ("C-08", "major-misread"): "Tensor::FromDLPackVersioned reads fields of any major version",
    ("C-45", "process-lost"): "the same, on a page that can't be touched",
    ("C-21", "sub-byte-width"): "Tensor::FromDLPack looks at no dtype",
}
FAULTS = {
    "cpu-as-managed": "H-09",
    "strides-in-pairs": "T-04",
    "shape-turned-round": "P-46",
    "ignores-byte-offset": "C-15",
    "allocates-readonly": "X-23",
}


def records_of(name: str) -> Path:
    """Return the record file of one program of the kit."""
    place = os.environ.get("DLCONFORM_BUILD_DIR")
    assert place, "DLCONFORM_BUILD_DIR says where the kit's records lie; ctest sets it"
    return Path(place) / "kit" / f"{name}.ndjson"


def records_of_wheel(name: str) -> Path:
    """Return the records of a subject that is built only where its wheel is installed."""
    path = records_of(name)
    if not path.exists():
        pytest.skip(f"{name} is not installed, so its kit was not built")
    return path


def unexpected(found: dict[str, str], expected: dict[str, str]) -> dict[str, str]:
    """Return the differences that no pattern explains."""
    return {
        case: text
        for case, text in found.items()
        if not any(fnmatch.fnmatchcase(case, pattern) for pattern in expected)
    }


def stale(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """Return the patterns that explain nothing."""
    return [p for p in expected if not any(fnmatch.fnmatchcase(case, p) for case in found)]


def deviating(cases: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    """Rule and reason of everything that deviates."""
    return {
        (entry["rule"], entry["reason"])
        for record in cases.values()
        for entry in record["judged"]
        if isinstance(entry, dict) and entry["verdict"] == "deviates"
    }


@pytest.fixture
def python_cases(
    dlconform: Callable[..., Any], tmp_path: Path
) -> Callable[[str, list[str]], dict[str, dict[str, Any]]]:
    """Return a function that runs the Python engine on one library, and gives its cases."""

    def run(library: str, filters: list[str]) -> dict[str, dict[str, Any]]:
        chosen = [word for query in filters for word in ("--filter", query)]
        out = tmp_path / "python.ndjson"
        done = dlconform(
            *("run", "--libraries", library, "--profile", "quick", "--exit-zero"),
            *(*chosen, "--out", out),
        )
        assert done.returncode == 0, done.stderr
        return read_cases(out)

    return run


def test_kit_gives_the_reference_the_records_of_the_engine(
    python_cases: Callable[[str, list[str]], dict[str, dict[str, Any]]],
) -> None:
    """Every case of the kit is one of the engine, and its line is the same."""
    ours = read_cases(records_of(REFERENCE))
    theirs = python_cases(REFERENCE, [f"protocol/{REFERENCE}/**"])
    found = compare(ours, theirs, ours)

    assert unexpected(found, REFERENCE_DIFFERS) == {}
    assert stale(found, REFERENCE_DIFFERS) == []
    assert len(ours) > 1500


def test_kit_finds_nothing_in_the_reference() -> None:
    """The reference deviates from no rule, and nothing of the kit is at fault."""
    verdicts = {record["verdict"] for record in read_cases(records_of(REFERENCE)).values()}

    assert verdicts == {"conforms", "permitted", "undecided", "not-judged"}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_kit_gives_a_planted_fault_the_records_of_the_engine(name: str) -> None:
    """The rule that the fault proves falls on both sides, and all its lines are the same."""
    rule = FAULTS[name]
    fault = _all.faults()[name]
    assert fault.proves == rule
    seen = observe(
        fault.library(defect=True), wanted=lambda asked, need: asked == rule, touches=fault.touches
    )
    theirs = {record["id"]: record for record in seen.records.values()}
    prefix = f"protocol/{name}/{rule}/"
    ours = {
        case: record
        for case, record in read_cases(records_of("faults")).items()
        if case.startswith(prefix)
    }
    fell = [case for case, record in ours.items() if record["verdict"] == "deviates"]

    assert fell
    assert compare(ours, theirs, ours) == {}


def test_kit_and_binding_of_torch_agree(
    python_cases: Callable[[str, list[str]], dict[str, dict[str, Any]]],
) -> None:
    """Where both can be asked, libtorch does what PyTorch does; differences have a reason each."""
    pytest.importorskip("torch")
    ours = {
        case: record
        for case, record in read_cases(records_of_wheel("torch")).items()
        if record["verdict"] != "not-applicable"
    }
    theirs = python_cases("torch", ["protocol/torch/**", "route=capsule"])
    both = ours.keys() & theirs.keys()
    found = compare(ours, theirs, both)

    assert unexpected(found, TORCH_DIFFERS) == {}
    assert stale(found, TORCH_DIFFERS) == []
    assert len(both) > 1400


def test_kit_finds_in_torch_what_is_known() -> None:
    """Each deviation of libtorch has a reason, and nothing of the kit is at fault."""
    cases = read_cases(records_of_wheel("torch"))

    assert deviating(cases) == set(TORCH_DEVIATES)
    assert not [case for case, record in cases.items() if record["verdict"] == "suite-fault"]


def test_kit_finds_in_tvm_ffi_what_is_known() -> None:
    """Each deviation of tvm-ffi's C++ tensor has a reason, and nothing of the kit is at fault."""
    cases = read_cases(records_of_wheel("tvm_ffi"))

    assert deviating(cases) == set(TVM_FFI_DEVIATES)
    assert not [case for case, record in cases.items() if record["verdict"] == "suite-fault"]


def test_kit_writes_records_that_judge_gives_again(
    dlconform: Callable[..., Any], tmp_path: Path
) -> None:
    """``dlconform judge`` gives the kit's file again, byte for byte, but for the header's order."""
    path = records_of("faults")
    again = tmp_path / "again.ndjson"
    done = dlconform("judge", path, "--out", again, "--exit-zero")

    assert done.returncode == 0, done.stderr
    assert again.read_bytes() == path.read_bytes()


def test_kit_writes_records_that_report_reads(
    dlconform: Callable[..., Any], tmp_path: Path
) -> None:
    """``dlconform report`` makes a page and a summary of them."""
    page = tmp_path / "kit.html"
    done = dlconform("report", records_of("faults"), "--out", page, "--exit-zero")

    assert done.returncode == 0, done.stderr
    assert "incomplete" not in done.stdout.lower()
    assert page.stat().st_size > 10_000


def test_comparison_of_records_can_fail() -> None:
    """Another verdict, fact or outcome is a difference; a time and a text is none."""
    case = next(iter(read_cases(records_of(REFERENCE)).values()))
    changed = json.loads(json.dumps(case))
    changed["time_ns"] += 1
    changed["facts"]["route.message"] = "other words"
    same = json.loads(json.dumps(case))
    same["facts"]["route.message"] = "words"
    assert compared(changed) == compared(same)

    for key, value in (("verdict", "deviates"), ("outcome", "hung"), ("judged", ["X-99"])):
        other = {**case, key: value}
        assert compare({"a": case}, {"a": other}, ["a"]).keys() == {"a"}
    other = {**case, "facts": {**case["facts"], "result.values": "no"}}
    assert compare({"a": case}, {"a": other}, ["a"]).keys() == {"a"}
    assert compare({"a": case}, {}, ["a"]).keys() == {"a"}
