"""The host's own access to simulated memory is found, confirmed, and blamed on who did it."""

from __future__ import annotations

import mmap
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_engine import finish, records, start

TOUCHING = Path(__file__).parents[1] / "helpers" / "touching_library.py"
CASE = "exchange/{producer}/touching/touching.{route}/plain/float32/{layout}/plain/{device}"


def run(out: Path, *filters: str) -> dict[str, dict[str, Any]]:
    """Run cases between the reference and the touching library; their lines by route."""
    process = start(
        out, *filters, files=[str(TOUCHING)], libraries=["reference", "touching"], timeout_s=10.0
    )
    assert finish(process)["complete"]
    return {r["route"].split(".")[1]: r for r in records(out) if r["kind"] == "case"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """All routes from the reference, source in simulated memory."""
    out = tmp_path_factory.mktemp("touch") / "run.ndjson"
    axes = {"producer": "reference", "layout": "matrix", "device": "simulated-0"}
    return run(out, CASE.format(route="*", **axes))


@pytest.mark.parametrize(
    ("route", "step"),
    [("load", "exchange"), ("store", "exchange"), ("memcpy", "exchange"), ("late", "read")],
)
def test_touch_is_a_crash_of_the_consumer(
    found: dict[str, dict[str, Any]], route: str, step: str
) -> None:
    """A load, a store and a memcpy end the process; case, step and reason say so."""
    record = found[route]
    facts = record["facts"]

    assert record["outcome"] == "crashed"
    assert (record["verdict"], record["blame"]) == ("deviates", "consumer")
    assert record["judged"][0]["rule"] == "C-45"
    assert record["judged"][0]["reason"] == "touched-device-memory"
    assert facts["crash.touched"] is True
    assert facts["crash.confirmed"] is True
    assert (facts["crash.signal"], facts["crash.step"]) == ("SIGSEGV", step)


def test_touch_leaves_the_python_stack(found: dict[str, dict[str, Any]]) -> None:
    """The handler goes on to the one before it, which dumps the stack."""
    assert any(frame.endswith(" in memcpy") for frame in found["memcpy"]["facts"]["crash.stack"])


def test_touch_is_not_computing_an_address(found: dict[str, dict[str, Any]]) -> None:
    """A consumer that only computes where an element lies shares, with both proofs."""
    record = found["address"]

    assert (record["outcome"], record["proof"]) == ("shared", "address+write")
    assert record["verdict"] == "conforms"
    assert "crash.touched" not in record["facts"]


def test_touch_is_not_any_crash(found: dict[str, dict[str, Any]]) -> None:
    """A crash at another address, with simulated memory about, has the ordinary reason."""
    record = found["crash"]

    assert record["outcome"] == "crashed"
    assert record["judged"][0]["reason"] == "process-lost"
    assert "crash.touched" not in record["facts"]


def test_touch_of_host_memory_is_none(tmp_path: Path) -> None:
    """The same loads and copies are right where the source is the host's."""
    axes = {"producer": "reference", "layout": "matrix", "device": "cpu"}
    found = run(tmp_path / "run.ndjson", *(CASE.format(route=r, **axes) for r in ("load", "late")))

    assert {route: record["outcome"] for route, record in found.items()} == {
        "load": "shared",
        "late": "shared",
    }


def test_touch_after_a_wrong_export_is_the_producers(tmp_path: Path) -> None:
    """An export that calls simulated memory the host's ends the process where it is read."""
    axes = {"producer": "touching", "layout": "matrix", "device": "simulated-0"}
    record = run(tmp_path / "run.ndjson", CASE.format(route="load", **axes))["load"]

    assert record["outcome"] == "crashed"
    assert (record["verdict"], record["blame"]) == ("deviates", "producer")
    assert record["judged"][0]["reason"] == "touched-device-memory"
    assert record["facts"]["crash.step"] == "export"


def test_touch_is_found_twice_alike(tmp_path: Path, found: dict[str, dict[str, Any]]) -> None:
    """A second run gives the same lines but for the time."""
    axes = {"producer": "reference", "layout": "matrix", "device": "simulated-0"}
    again = run(tmp_path / "run.ndjson", CASE.format(route="*", **axes))

    for record in (*found.values(), *again.values()):
        record.pop("time_ns", None)
    assert again == found


@pytest.mark.parametrize(("route", "status"), [("memcpy", 1), ("address", 0)])
def test_touch_turns_the_command_red(
    dlconform: Callable[..., subprocess.CompletedProcess[str]], route: str, status: int
) -> None:
    """``dlconform run --library FILE`` exits 1 for a library that touches, else 0."""
    axes = {"producer": "reference", "layout": "matrix", "device": "simulated-0"}
    case = CASE.format(route=route, **axes)
    done = dlconform(
        *("run", "--library", TOUCHING, "--libraries", "reference,touching"),
        *("--target", "touching", "--profile", "full", "--filter", case),
    )

    assert done.returncode == status, done.stderr


TOUCHES = """
import ctypes, faulthandler, mmap, sys
from dlpack_conformance import _instrument as ref

shared = mmap.mmap(int(sys.argv[1]), mmap.PAGESIZE)
word = ctypes.addressof(ctypes.c_char.from_buffer(shared))
(device,) = ref.simulated()
ref.touch_word(word)
faulthandler.enable()
for _ in range(int(sys.argv[2])):
    ref.touch_word(word)
memory = ref.Template("int32", (1,), (1,), 0, [1], device=device).make()
ctypes.string_at(memory.first, 4)
"""


@pytest.mark.parametrize(("again", "marked"), [(0, 0), (1, 1)])
def test_touch_mark_wants_to_be_the_last_handler(tmp_path: Path, again: int, marked: int) -> None:
    """A handler that was put before ours later sends the signal on without its address.

    So the mark is lost after ``faulthandler.enable()``, and ``touch_word`` brings ours to the front
    again: a runner calls it last, when the libraries are imported.
    """
    place = tmp_path / "word"
    place.write_bytes(bytes(mmap.PAGESIZE))
    with place.open("r+b") as file:
        done = subprocess.run(
            [sys.executable, "-c", TOUCHES, str(file.fileno()), str(again)],
            pass_fds=[file.fileno()],
            capture_output=True,
            check=False,
        )

    assert done.returncode == -signal.SIGSEGV
    assert int.from_bytes(place.read_bytes()[:8], sys.byteorder) == marked
