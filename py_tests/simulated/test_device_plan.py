"""Cases on devices are planned alike on every machine; what can't run says why."""

from __future__ import annotations

import pytest
from dlpack_conformance.engine.discover import find_libraries
from dlpack_conformance.engine.protocol import protocol_cases
from dlpack_conformance.libraries._device import no_cuda

KINDS = ("-simulated", "-cuda")


def device_cases(name: str, kind: str) -> dict[tuple[str, str], str]:
    """Rule and variant without its kind -> proof of absence, of the probes that run on devices."""
    rows = protocol_cases(find_libraries()[name])
    found = {(row[0], row[1].removesuffix(kind)): row[3] for row in rows if row[1].endswith(kind)}
    return {key: proof for key, proof in found.items() if key[0] not in ("C-52", "C-53")}


def test_reference_has_each_device_case_on_both_kinds() -> None:
    """What is shown on a simulated device is shown on CUDA, too, where there is one."""
    simulated, cuda = (device_cases("reference", kind) for kind in KINDS)

    assert len(simulated) >= 85
    assert set(simulated) == set(cuda)


def test_reference_runs_each_simulated_case_everywhere() -> None:
    """A simulated device needs no hardware: no case of it is left out."""
    assert set(device_cases("reference", "-simulated").values()) == {""}


def test_cases_without_a_device_say_that_there_is_none() -> None:
    """A case on CUDA is in the plan of every machine; where it can't run, it has the proof."""
    reason = no_cuda()

    assert set(device_cases("reference", "-cuda").values()) <= {
        reason or "",
        "there is one CUDA device",
    }
    assert reason is None or reason.startswith("no CUDA device: ")


def test_a_library_without_arrays_on_devices_still_imports_from_one() -> None:
    """It has no streams of its own, and is asked for copies to the CPU alone."""
    pytest.importorskip("numpy")
    cases = device_cases("numpy", "-simulated")

    assert {rule for rule, _ in cases} == {"C-31", "C-33", "S-16"}
    assert device_cases("numpy", "-cuda") == {}
