"""Memory of the instrument: canaries, guards, kinds, and what its buffer export says."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import weakref
from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument


def template(**options: Any) -> instrument.Template:
    """Return a template of a reversed, gapped 2 x 3 int32."""
    return instrument.Template("int32", (2, 3), (8, -2), 6, [1, 2, 3, 4, 5, 6], **options)


@pytest.mark.requirement("C-29")
def test_changes_inside_and_outside_are_told_apart() -> None:
    """A write to an element, a gap or an end is counted where it belongs, and put back."""
    memory = template().make()
    view = memoryview(memory)
    assert (memory.elements_changed(), memory.outside_changed()) == (0, 0)
    view[memory.first_offset] ^= 0xFF
    assert (memory.elements_changed(), memory.outside_changed()) == (1, 0)
    view[memory.first_offset - 4] ^= 0xFF
    view[0] ^= 0xFF
    view[memory.nbytes - 1] ^= 0xFF
    assert (memory.elements_changed(), memory.outside_changed()) == (1, 3)
    memory.refill()
    assert (memory.elements_changed(), memory.outside_changed()) == (0, 0)


def test_places_and_lengths_agree() -> None:
    """Addresses, offsets and spans describe one another, and alignment and skew are kept."""
    made = template(alignment=64, skew=3)
    memory = made.make()

    assert memory.first == memory.address + memory.first_offset
    assert (memory.first - 6 * 4 - 3) % 64 == 0
    assert made.span_bytes == (-16, 36)
    assert made.raw == b"".join(instrument.encode("int32", n) for n in range(1, 7))
    assert not memory.readonly
    with memoryview(memory) as view:
        assert (view.nbytes, view.format, view.readonly) == (memory.nbytes, "B", False)
        assert memory.exports == 1
    assert memory.exports == 0


def test_memory_goes_with_its_last_user() -> None:
    """An array keeps the memory although the object is gone, and the count falls at the end."""
    before = instrument.totals()["live_memories"]
    memory = template().make()
    gone = weakref.ref(memory)
    array = instrument.Array(memory, "int32", (2, 3), (8, -2))
    del memory

    assert gone() is None
    assert instrument.totals()["live_memories"] == before + 1
    assert array.read() == [1, 2, 3, 4, 5, 6]
    del array
    assert instrument.totals()["live_memories"] == before


@pytest.mark.parametrize("kind", ["readonly", "mapped-readonly"])
def test_readonly_kinds_say_so(kind: str) -> None:
    """Arrays over them are read-only, and a writable buffer is refused."""
    memory = template(kind=kind).make()
    array = instrument.Array(memory, "int32", (2, 3), (8, -2))

    assert memory.readonly
    assert array.readonly
    assert memoryview(memory).readonly
    with pytest.raises((BufferError, TypeError)):
        (ctypes.c_char * 1).from_buffer(memory)
    assert instrument.from_dlpack(array).read() == [1, 2, 3, 4, 5, 6]


PROGRAM = """
import ctypes
from dlpack_conformance import _instrument as i
t = i.Template("int32", (2, 3), (8, -2), 6, [1, 2, 3, 4, 5, 6], kind="{kind}")
m = t.make()
a = i.Array(m, "int32", (2, 3), (8, -2))
assert i.from_dlpack(a, copy=True).read() == [1, 2, 3, 4, 5, 6]
print("ready", flush=True)
ctypes.memset(m.first + {offset}, 0, 1)
print("survived", flush=True)
"""


@pytest.mark.parametrize(
    ("kind", "offset"),
    [("guard-before", -17), ("guard-after", 36), ("mapped-readonly", 0)],
)
def test_a_touch_of_a_guard_ends_the_process(kind: str, offset: int) -> None:
    """All elements can be read; the first byte beyond them, or a write to a mapped page, faults."""
    program = PROGRAM.format(kind=kind, offset=offset)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stdout == "ready\n"
    assert done.returncode < 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"kind": "soft"}, "kind: 'soft'"),
        ({"alignment": 3}, "alignment"),
        ({"skew": 256}, "skew"),
        ({"kind": "guard-after", "skew": 1}, "skew"),
    ],
)
def test_bad_placements_are_refused(options: dict[str, Any], text: str) -> None:
    """A placement out of its limit raises with field, value and limit."""
    with pytest.raises(instrument.InvalidArgument, match=text):
        template(**options)


def test_bad_layouts_are_refused() -> None:
    """Wrong counts, elements before the origin and values that are no numbers are refused."""
    for arguments, error in [
        (("int8", (2,), (1,), 0, [1]), ValueError),
        (("int8", (2,), (-1,), 0, [1, 2]), ValueError),
        (("int8", (2,), (1, 1), 0, [1, 2]), ValueError),
        (("int8", 2, (1,), 0, [1, 2]), TypeError),
        (("int8", (2,), (1,), 0, [1, "x"]), TypeError),
        (("int9", (2,), (1,), 0, [1, 2]), ValueError),
    ]:
        with pytest.raises(error):
            instrument.Template(*arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        instrument.Memory()  # type: ignore[call-arg]
