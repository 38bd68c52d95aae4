"""``Array(states=...)`` states fields whatever the memory holds; capsules get other names."""

from __future__ import annotations

from typing import Any

import pytest
from dlpack_conformance import _instrument as instrument

V1 = {"max_version": (1, 3)}


def make(**options: Any) -> instrument.Array:
    """Return a vector of the float32 numbers 0 to 5."""
    memory = instrument.Template("float32", (6,), (1,), 0, [float(n) for n in range(6)]).make()
    return instrument.Array(memory, "float32", (6,), (1,), **options)


@pytest.mark.parametrize("keywords", [V1, {}])
def test_fields_are_stated_unchecked(keywords: dict[str, Any]) -> None:
    """Both structs carry them; ``__dlpack_device__`` still tells of the array."""
    states = {
        "shape": (-1, 3),
        "strides": (0, 1 << 62),
        "dtype": (200, 7, 0),
        "device": (99, 5),
        "data_offset": -4,
        "byte_offset": (1 << 64) - 1,
        "context": None,
    }
    array = make(states=states)
    capsule = array.__dlpack__(**keywords)
    read = instrument.inspect(capsule)
    assert (read.ndim, read.shape, read.strides) == (2, (-1, 3), (0, 1 << 62))
    assert (read.dtype, read.device) == ((200, 7, 0), (99, 5))
    assert (read.data, read.byte_offset) == (array.address - 4, (1 << 64) - 1)
    assert not read.has_context
    assert array.__dlpack_device__() == (1, 0)
    del capsule, read
    assert array.deleter_calls == 1


def test_ndim_may_differ_from_the_shape() -> None:
    """``ndim`` alone is what is stated."""
    assert instrument.inspect(make(states={"ndim": -7}).__dlpack__(**V1)).ndim == -7


@pytest.mark.requirement("C-08")
@pytest.mark.parametrize("tail", ["poisoned", "unreadable"])
def test_reference_leaves_the_tail_of_another_major_alone(tail: str) -> None:
    """It refuses the tensor and frees it once."""
    array = make(version=(2, 0), legacy="never", states={"tail": tail})
    with pytest.raises(BufferError, match=r"version\.major"):
        instrument.from_dlpack(array)
    assert (array.exports, array.deleter_calls) == (1, 1)


@pytest.mark.parametrize(
    ("states", "error", "message"),
    [
        ({"size": 1}, ValueError, "states: 'size'"),
        ({"tail": "long"}, ValueError, "tail"),
        ({"dtype": (1, 2)}, ValueError, "dtype"),
        ({"dtype": (300, 8, 1)}, ValueError, "dtype"),
        ({"ndim": 1 << 31}, ValueError, "ndim"),
        ({"shape": 3}, TypeError, "shape"),
        ([("ndim", 1)], TypeError, "states"),
    ],
)
def test_wrong_fields_are_named(states: Any, error: type[Exception], message: str) -> None:
    """The error has field, value and limit."""
    with pytest.raises(error, match=message):
        make(states=states)


def test_capsule_gets_another_name() -> None:
    """Under another name nobody frees it; under its own it is freed with its capsule."""
    array = make()
    capsule = array.__dlpack__(**V1)
    instrument.rename_capsule(capsule, "else")
    assert instrument.capsule_name(capsule) == "else"
    instrument.rename_capsule(capsule, None)
    assert instrument.capsule_name(capsule) is None
    instrument.rename_capsule(capsule, "dltensor_versioned")
    del capsule
    assert array.deleter_calls == 1


def test_only_capsules_have_names() -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError, match="PyCapsule"):
        instrument.rename_capsule(7, "else")
