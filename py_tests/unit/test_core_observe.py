"""The binding of the C++ observations: exports read by the reference, and addresses compared."""

from __future__ import annotations

from typing import Any

import pytest
from dlpack_conformance import _core, _instrument


def stepped() -> tuple[Any, Any]:
    """An array of every second int32, and its memory."""
    template = _instrument.Template("int32", (3,), (2,), 0, [1, 2, 3])
    memory = template.make()
    return _instrument.Array(memory, "int32", (3,), (2,)), (memory, template.raw)


def test_export_is_read_without_being_consumed() -> None:
    """The facts of the export are those of the array, and the capsule is as before."""
    array, (memory, raw) = stepped()
    capsule = array.__dlpack__(max_version=(1, 3))
    facts = _core.Facts()
    facts.read_export("export", capsule, memory.first, (0, 64), raw)

    assert facts.get("export.capsule") == "dltensor_versioned"
    assert facts.get("export.shape") == (3,)
    assert facts.get("export.strides") == (2,)
    assert facts.get("export.address") == "0"
    assert facts.get("export.values") is True
    assert _instrument.from_capsule(capsule).read() == [1, 2, 3]


def test_legacy_export_states_no_version() -> None:
    """A legacy capsule has neither version nor flags."""
    array, (memory, raw) = stepped()
    facts = _core.Facts()
    facts.read_export("result_read", array.__dlpack__(), memory.first, (0, 64), raw)

    assert facts.get("result_read.capsule") == "dltensor"
    assert facts.get("result_read.version") is None
    assert facts.get("result_read.flags") is None
    assert facts.get("result_read.values") is True


def test_other_objects_are_an_observation_and_no_error() -> None:
    """What a library returns instead of a capsule is a fact."""
    facts = _core.Facts()
    facts.read_export("export", object(), 0, (0, 0), b"")

    assert facts.to_dict() == {"export.capsule": "no capsule"}


def test_unknown_group_is_refused() -> None:
    """Only exports and results are read so."""
    with pytest.raises(_core.CatalogueError, match="group is 'source'"):
        _core.Facts().read_export("source", object(), 0, (0, 0), b"")


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ((64, (6,), (4,), 4), "same"),
        ((64, (3,), (8,), 4), "overlap"),
        ((88, (6,), (4,), 4), "apart"),
    ],
)
def test_relate_compares_element_addresses(other: Any, wanted: str) -> None:
    """Two arrays are the same, overlap or are apart by the addresses of their elements."""
    assert _core.relate((64, (6,), (4,), 4), other) == wanted


def test_address_text_is_relative() -> None:
    """Addresses are bytes from the source's first element, or a word."""
    assert _core.address_text(116, 100, (-8, 32)) == "16"
    assert _core.address_text(200, 100, (-8, 32)) == "elsewhere"
    assert _core.address_text(0, 100, (-8, 32)) == "null"
    assert _core.address_text(132, 100, (-8, 32), empty=True) == "32"


def test_same_elements_compares_two_capsules() -> None:
    """A legacy and a versioned export agree; another shape, stride or element 0 does not."""
    memory = _instrument.Template("float32", [4, 6], [6, 1], 0, list(range(24))).make()

    def exported(shape: list[int], strides: list[int], **keywords: Any) -> object:
        array = _instrument.Array(memory, "float32", shape, strides)
        return array.__dlpack__(**keywords)

    def same(one: object, other: object) -> bool:
        return _core.same_elements(one, other, memory.first, (0, 96))

    whole = exported([4, 6], [6, 1], max_version=(1, 3))
    assert same(whole, exported([4, 6], [6, 1]))
    assert not same(whole, exported([4, 5], [6, 1]))
    assert not same(whole, exported([4, 6], [5, 1]))
    # A stride along an axis of extent 1 moves nothing.
    assert same(exported([1, 6], [6, 1]), exported([1, 6], [2, 1]))


def test_same_elements_lets_copies_lie_anywhere() -> None:
    """Two copies are made at two places; what they hold is of one shape and dtype."""
    memory = _instrument.Template("float32", [4, 6], [1, 4], 0, list(range(24))).make()
    array = _instrument.Array(memory, "float32", [4, 6], [1, 4])
    copies = [array.__dlpack__(max_version=(1, 3), copy=True) for _ in range(2)]
    narrow = _instrument.Array(memory, "float32", [4, 5], [1, 4]).__dlpack__(copy=True)

    assert _core.same_elements(*copies, memory.first, (0, 96))
    assert _core.same_elements(copies[0], array.__dlpack__(), memory.first, (0, 96))
    assert not _core.same_elements(copies[0], narrow, memory.first, (0, 96))


def test_abi_has_facts_for_every_name() -> None:
    """Each entry is made of facts that the catalogue knows, and no entry is empty."""
    entries = _core.abi()
    known = {row["spelled"] for row in _core.facts()}

    assert {"DLTensor", "DLManagedTensorVersioned", "DLDeviceType", "flags"} <= set(entries)
    for name, entry in entries.items():
        assert entry, name
        assert set(entry) <= known, name
    assert entries["DLTensor"]["abi.same_in_c"] is True


def test_long_double_digits_are_those_of_a_known_format() -> None:
    """IEEE double, x87 extended, a pair of doubles or IEEE quadruple."""
    assert _core.long_double_digits() in (53, 64, 106, 113)
