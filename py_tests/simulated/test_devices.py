"""Exchanges of sources on devices: simulated everywhere, CUDA where there is one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from run_engine import finish, records, start

ROUTES = {"from_dlpack", "capsule", "exchange-api", "methods-only", "cuda-array-interface"}
FEWEST_OF_A_PAIR = 24


def run(out: Path, device: str) -> list[dict[str, Any]]:
    """Run the quick profile's cases on ``device`` between all libraries that are here."""
    process = start(
        out, f"device={device}", libraries=None, files=[], profile="quick", timeout_s=10.0
    )
    assert finish(process)["complete"]
    return records(out)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """All cases whose source is in simulated memory."""
    lines = run(tmp_path_factory.mktemp("simulated") / "run.ndjson", "simulated-0")
    return [line for line in lines if line["kind"] == "case"]


def to_host(line: dict[str, Any]) -> bool:
    """Whether the request names the host, where the source is not."""
    return "device-cpu" in line["request"]


def pair(lines: list[dict[str, Any]], *, ours: bool) -> list[dict[str, Any]]:
    """Cases on the device of the reference with itself, or with the other libraries."""
    return [
        line for line in lines if (line["consumer"] == "reference") == ours and not to_host(line)
    ]


def test_devices_every_library_is_offered_the_source(simulated: list[dict[str, Any]]) -> None:
    """Each consumer meets it on each way by which DLPack reaches it, a few dozen times."""
    counts = Counter(line["consumer"] for line in simulated)
    ways = {(line["consumer"], line["route"]) for line in simulated}

    assert {"reference", "numpy"} <= set(counts)
    assert all(count >= FEWEST_OF_A_PAIR for count in counts.values()), counts
    assert {route for consumer, route in ways if consumer == "reference"} == ROUTES
    assert {(consumer, "from_dlpack") for consumer in counts} <= ways
    assert {line["producer"] for line in simulated} == {"reference"}


def test_devices_the_reference_takes_its_own(simulated: list[dict[str, Any]]) -> None:
    """Reference with itself: all conforms, and writes on each side show whether it is shared."""
    ours = pair(simulated, ours=True)
    outcomes = Counter((line["outcome"], line["proof"]) for line in ours)

    assert {line["verdict"] for line in ours} == {"conforms"}
    assert {outcome for outcome, _ in outcomes} <= {"shared", "copied", "empty"}
    assert outcomes["shared", "address+write"] > FEWEST_OF_A_PAIR / 2
    assert outcomes["copied", "address+write"] > 0
    assert all(
        line["proof"] == "address+write" for line in ours if line["outcome"] in ("shared", "copied")
    )


def test_devices_copies_are_asked_for(simulated: list[dict[str, Any]]) -> None:
    """On the device, too, copy=True copies and nothing else does."""
    for line in pair(simulated, ours=True):
        asked = line["request"].startswith("copy-true")
        assert line["outcome"] in ({"copied", "empty"} if asked else {"shared", "empty"}), line[
            "id"
        ]


def test_devices_state_cuda_to_the_reference_alone(simulated: list[dict[str, Any]]) -> None:
    """Type 2 to the reference; what others get is the table's 12, which a record leaves out."""
    for line in pair(simulated, ours=True):
        assert line["facts"]["export.device"] == [2, 0], line["id"]
    for line in pair(simulated, ours=False):
        assert "export.device" not in line["facts"], line["id"]
        assert "export.values" not in line["facts"], line["id"]


def test_devices_unknown_ones_are_refused(simulated: list[dict[str, Any]]) -> None:
    """A library without such a device refuses, can't read what it holds, or is named for a touch.

    One that takes it as memory of an extension may share it, on that device; only where it lies is
    known then, as the library has nothing to read it with.
    """
    others = pair(simulated, ours=False)

    assert others
    for line in others:
        assert line["verdict"] not in ("suite-fault", "not-judged"), line["id"]
        if line["outcome"] == "crashed":
            assert line["judged"][0]["reason"] == "touched-device-memory", line["id"]
            assert line["blame"] == "consumer", line["id"]
        elif line["outcome"] != "refused":
            assert line["outcome"] in ("shared", "empty"), line["id"]
            assert line["proof"] in ("address", ""), line["id"]
            assert line["facts"].get("result.device") in (None, "simulated-0"), line["id"]


def test_devices_bring_arrays_to_the_host(simulated: list[dict[str, Any]]) -> None:
    """What asks for the host gets a copy there, or refuses; ``copy=False`` is always refused."""
    lines = [line for line in simulated if to_host(line)]
    copied = [line for line in lines if line["outcome"] == "copied"]

    assert {"reference", "numpy"} <= {line["consumer"] for line in copied}
    assert all(line["proof"] == "address+write" for line in copied)
    assert all(line["facts"]["result.device"] == "cpu" for line in copied)
    assert all(line["facts"]["export.device"] == [1, 0] for line in copied)
    for line in lines:
        wanted = {"refused"} if "copy-false" in line["request"] else {"copied", "empty", "refused"}
        assert line["outcome"] in wanted, line["id"]
        assert line["verdict"] in ("conforms", "permitted"), line["id"]


def test_devices_give_the_same_lines_twice(simulated: list[dict[str, Any]], tmp_path: Path) -> None:
    """Late work and all: two runs differ in time alone."""
    again = [line for line in run(tmp_path / "run.ndjson", "simulated-0") if line["kind"] == "case"]
    for line in (*simulated, *again):
        line.pop("time_ns", None)
    assert again == simulated


def test_devices_that_are_absent_are_counted(tmp_path: Path) -> None:
    """A case of a CUDA device that a library has not is not run, with the reason in the header."""
    header, *lines, _ = run(tmp_path / "run.ndjson", "cuda*")
    libraries = header["census"]["libraries"]

    assert {line["device"] for line in lines} == {"cuda-0", "cuda-host", "cuda-managed-0"}
    for line in lines:
        why = libraries[line["producer"]]["absent_devices"].get(line["device"])
        if why is None:
            assert line["outcome"] != "not-run", line["id"]
            continue
        assert why.startswith("no CUDA device: "), why
        assert (line["outcome"], line["verdict"]) == ("not-run", "not-judged"), line["id"]
        (entry,) = line["judged"]
        assert entry["reason"] == "device-absent"
        assert line["facts"] == {"suite.not_run": "device-absent"}


def test_devices_leave_cases_on_the_host_alone(tmp_path: Path) -> None:
    """A case on the host gives the same line before, behind and without cases on a device."""
    case = "exchange/reference/reference/methods-only/*/float32/matrix/plain/"
    options: dict[str, Any] = {"libraries": ["reference"], "files": [], "profile": "quick"}
    found = []
    for name, devices in (("both", ("cpu", "simulated-0")), ("host", ("cpu",))):
        out = tmp_path / f"{name}.ndjson"
        assert finish(start(out, *(case + device for device in devices), **options))["complete"]
        lines = [line for line in records(out) if line["kind"] == "case"]
        for line in lines:
            line.pop("time_ns")
        found.append([line for line in lines if line["device"] == "cpu"])
        assert len(lines) == len(devices) * len(found[-1])

    assert found[0] == found[1] != []
