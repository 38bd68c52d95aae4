"""What probes do with a capsule by hand: its name, its tensor without it, its end in odd places."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument

ASKED: list[dict[str, Any]] = [{}, {"max_version": (1, 3)}, {"max_version": (1, 3), "copy": True}]


def make() -> instrument.Array:
    """Return a 2 x 3 float32 array."""
    memory = instrument.Template("float32", (2, 3), (3, 1), 0, list(range(6))).make()
    return instrument.Array(memory, "float32", (2, 3), (3, 1))


@pytest.mark.requirement("P-08")
@pytest.mark.parametrize("asked", ASKED)
def test_taken_tensor_lives_until_it_is_deleted(asked: dict[str, Any]) -> None:
    """Neither the renamed capsule nor the array ends it."""
    array = make()
    ledger = array.ledger
    capsule = array.__dlpack__(**asked)
    first = instrument.capsule_name(capsule)
    taken = instrument.Taken(capsule)
    assert instrument.capsule_name(capsule) == f"used_{first}"
    del capsule, array
    assert (ledger.live_exports, ledger.deleter_calls) == (1, 0)

    taken.delete()

    assert (ledger.live_exports, ledger.deleter_calls) == (0, 1)


def test_taken_tensor_is_deleted_once() -> None:
    """A second deletion is refused, and so is a capsule that was consumed."""
    capsule = make().__dlpack__()
    taken = instrument.Taken(capsule)
    taken.delete()

    with pytest.raises(ValueError, match="one deletion"):
        taken.delete()
    with pytest.raises(ValueError, match="used_dltensor"):
        instrument.Taken(capsule)


@pytest.mark.requirement("P-10")
@pytest.mark.parametrize("asked", ASKED)
def test_pending_exception_is_kept_by_destructor_and_deleter(asked: dict[str, Any]) -> None:
    """Ours touch no Python; the answer names the class that is pending afterwards."""
    array = make()

    assert instrument.drop_pending([array.__dlpack__(**asked)]) == (True, "LookupError")
    assert instrument.Taken(array.__dlpack__(**asked)).delete_pending() == (True, "LookupError")
    assert (array.live_exports, array.deleter_calls) == (0, 2)


def test_pending_exception_that_is_lost_is_told() -> None:
    """A destructor that clears it, as C's own function does, leaves none."""
    api = ctypes.pythonapi
    new = api.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p] * 3
    clear = ctypes.cast(api.PyErr_Clear, ctypes.c_void_p)

    assert instrument.drop_pending([new(1, None, clear)]) == (False, None)


def test_pending_needs_the_only_reference() -> None:
    """Otherwise nothing would end."""
    capsule = make().__dlpack__()

    with pytest.raises(ValueError, match="nothing else refers"):
        instrument.drop_pending([capsule])


@pytest.mark.requirement("P-11")
def test_deletion_elsewhere_runs_beside_python() -> None:
    """What this thread calls meanwhile is called, and its error is passed on."""
    array = make()
    seen: list[int] = []

    instrument.Taken(array.__dlpack__()).delete_elsewhere(lambda: seen.append(1))
    with pytest.raises(ZeroDivisionError):
        instrument.Taken(array.__dlpack__()).delete_elsewhere(lambda: 1 // 0)

    assert seen == [1]
    assert array.deleter_calls == 2
    assert array.live_exports == 0


@pytest.mark.requirement("P-11")
def test_deletion_locked_out_changes_no_references() -> None:
    """Nobody else has the GIL meanwhile."""
    array = make()

    assert instrument.Taken(array.__dlpack__()).delete_locked_out(array) == 0
    assert array.deleter_calls == 1


@pytest.mark.requirement("P-12")
def test_process_ends_with_the_tensor_alive_until_then() -> None:
    """The deleter runs after Python's end, and the process ends well."""
    code = (
        "from dlpack_conformance import _instrument as ref\n"
        "m = ref.Template('uint8', (4,), (1,), 0, [0, 1, 2, 3]).make()\n"
        "taken = ref.Taken(ref.Array(m, 'uint8', (4,), (1,)).__dlpack__())\n"
        "import atexit; atexit.register(print, 'finalised', flush=True)\n"
        "taken.end_process()\n"
        "print('never')\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "finalised\n", "")


def test_capsule_name_is_that_of_any_capsule() -> None:
    """Also of one that DLPack does not know; what is none is refused."""
    table = instrument.Array.__dlpack_c_exchange_api__

    assert instrument.capsule_name(table) == "dlpack_exchange_api"
    with pytest.raises(TypeError, match="PyCapsule"):
        instrument.capsule_name(1)
