"""The reference on CUDA without a GPU: our host code over the stand-in of cpp_tests/cuda_stand_in.

It says nothing of a GPU; on one ``ci/gpu`` runs the same cases.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DEVICES = {"cuda-0", "cuda-host", "cuda-managed-0"}
QUERIES = ("exchange/*/*/*/*/*/*/*/cuda*", "protocol/*/*/*-cuda")
ORDERED = {"S-04", "S-05", "S-06", "S-08", "S-11", "S-17", "R-46"}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Run the cases on CUDA with the package as it is built, but for the module that has CUDA."""
    built = Path(os.environ["DLCONFORM_BUILD_DIR"])
    module = built / "cuda_stand_in" / "_instrument.so"
    if not module.exists():
        pytest.skip("built without headers of CUDA")
    place = tmp_path_factory.mktemp("cuda")
    package = place / "dlpack_conformance"
    package.mkdir()
    (package / module.name).symlink_to(module)
    for entry in (built / "python" / "dlpack_conformance").iterdir():
        if not entry.match("_instrument.*.so"):
            (package / entry.name).symlink_to(entry)
    out = place / "run.ndjson"
    filters = [word for query in QUERIES for word in ("--filter", query)]
    command = ["run", "--libraries", "reference", "--profile", "quick", "--exit-zero", *filters]
    done = subprocess.run(
        [sys.executable, "-m", "dlpack_conformance.cli", *command, "--out", str(out)],
        env={**os.environ, "PYTHONPATH": f"{place}:{os.environ['PYTHONPATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    every = [json.loads(line) for line in out.read_text().splitlines()]
    assert every[-1]["kind"] == "footer"
    return [line for line in every if line["kind"] == "case"]


def exchanges(lines: list[dict[str, Any]], device: str, *request: str) -> list[dict[str, Any]]:
    """Exchanges of sources with elements in one kind of memory, of some requests or all."""
    found = [
        line
        for line in lines
        if line["case"] == "exchange"
        and line["device"] == device
        and not line["layout"].startswith("empty")
        and (not request or line["request"] in request)
    ]
    assert found
    return found


def test_reference_keeps_to_every_rule_on_cuda(lines: list[dict[str, Any]]) -> None:
    """All cases ran, but for the one that needs a second device."""
    wrong = [
        (line["id"], line["outcome"], line["verdict"], line["judged"])
        for line in lines
        if line["verdict"] in ("deviates", "suite-fault")
        or line["outcome"] in ("crashed", "hung", "corrupted")
    ]
    left_out = {line["id"] for line in lines if line["outcome"] == "not-run"}

    assert wrong == []
    assert left_out == {"protocol/reference/S-19/second-device-cuda"}
    assert {line["device"] for line in lines if line["case"] == "exchange"} == DEVICES


@pytest.mark.parametrize("device", sorted(DEVICES))
def test_reference_shares_each_kind_of_memory(lines: list[dict[str, Any]], device: str) -> None:
    """A write on each side shows it."""
    plain = exchanges(lines, device, "plain")
    over_dlpack = [line for line in plain if line["route"] != "cuda-array-interface"]

    assert {(line["outcome"], line["proof"]) for line in over_dlpack} == {
        ("shared", "address+write")
    }


@pytest.mark.parametrize("device", sorted(DEVICES))
def test_reference_copies_within_each_kind_of_memory(
    lines: list[dict[str, Any]], device: str
) -> None:
    """A copy lies where it says, and that is where its source lies: the host reads it there."""
    copies = exchanges(lines, device, "copy-true", "copy-true+device-none")

    assert {line["outcome"] for line in copies} == {"copied"}


@pytest.mark.parametrize(
    ("device", "outcome"),
    [("cuda-0", "refused"), ("cuda-host", "shared"), ("cuda-managed-0", "shared")],
)
def test_host_shares_what_it_can_read(
    lines: list[dict[str, Any]], device: str, outcome: str
) -> None:
    """Asked for on the CPU without a copy, memory of the device itself is refused."""
    asked = exchanges(lines, device, "copy-false+device-cpu")

    assert {line["outcome"] for line in asked} == {outcome}


def test_order_is_kept_and_the_work_was_late(lines: list[dict[str, Any]]) -> None:
    """With -1 nobody waits, and the old data is seen: so it was the wait that showed the new."""
    ordered = [line for line in lines if line.get("rule") in ORDERED]
    unordered = [line for line in lines if line.get("rule") == "S-09"]

    assert {line["rule"] for line in ordered} == ORDERED
    assert {line["verdict"] for line in ordered} == {"conforms"}
    assert unordered
    assert all(line["modifiers"] == ["unsynchronised"] for line in unordered)
