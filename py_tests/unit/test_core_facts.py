"""The binding of facts: names, types and values survive the way to C++ and back."""

from __future__ import annotations

import pytest
from dlpack_conformance import _core

VALUES = {
    "Flag": True,
    "Int": -3,
    "Text": "float32",
    "Ints": (3, -4),
    "Texts": ("a", "ä"),
}


def every_fact() -> dict[str, object]:
    """One value of the right type for each fact."""
    return {row["spelled"]: VALUES[row["type"]] for row in _core.facts()}


def test_update_gives_every_fact_back() -> None:
    """What `update` was given, `to_dict` gives back, in the order of the table."""
    facts = _core.Facts()
    facts.update(dict(reversed(every_fact().items())))

    assert facts.to_dict() == every_fact()
    assert list(facts.to_dict()) == [row["spelled"] for row in _core.facts()]


def test_clear_forgets_all() -> None:
    """A cleared object is as new."""
    facts = _core.Facts()
    facts.update(every_fact())
    facts.clear()

    assert facts.to_dict() == {}


def test_none_forgets_one() -> None:
    """None means that the fact was not collected."""
    facts = _core.Facts()
    facts.set("source.dtype", "int8")
    facts.set("source.dtype", None)

    assert facts.get("source.dtype") is None
    assert facts.to_dict() == {}


def test_lists_count_as_tuples() -> None:
    """A list of ints or texts is taken as a tuple is."""
    facts = _core.Facts()
    facts.update({"source.shape": [2, 3], "route.warnings": ["UserWarning: x"]})

    assert facts.get("source.shape") == (2, 3)
    assert facts.get("route.warnings") == ("UserWarning: x",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source.colour", 1),
        (7, 1),
        ("source.shape", "34"),
        ("source.shape", (1, "2")),
        ("source.shape", (True,)),
        ("source.writable", 1),
        ("export.flags", 2**63),
        ("export.flags", True),
        ("source.dtype", b"int8"),
        ("calls.log", ("a", 1)),
    ],
)
def test_unknown_names_and_wrong_types_are_refused(name: object, value: object) -> None:
    """The error names the fact and the value, and nothing of it is kept."""
    facts = _core.Facts()
    with pytest.raises(_core.CatalogueError, match=f"{name}"):
        facts.update({name: value})  # type: ignore[dict-item]

    assert facts.to_dict() == {}


def test_equal_names_of_other_objects_are_found() -> None:
    """A name counts by its text, not by the object that holds it."""
    facts = _core.Facts()
    for end in ("shape", "strides"):
        facts.set("source." + end, (1,))

    assert facts.to_dict() == {"source.shape": (1,), "source.strides": (1,)}


def test_lone_surrogates_become_escapes() -> None:
    """A text that is no UTF-8 is kept readable instead of failing the case."""
    facts = _core.Facts()
    facts.set("route.message", "bad \udc80 byte")

    assert facts.get("route.message") == "bad \\udc80 byte"
