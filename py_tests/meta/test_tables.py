"""Lint of the tables that the compiler can't do: between tables, and between the two modules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from dlpack_conformance import modules

core, instrument = modules()
PART = re.compile(r"[A-Za-z0-9_.+-]+")
LEVELS = {"must", "derived", "should", "may", "silent"}
DUTIES = {"producer", "consumer", "route", "library", "nobody", "border"}
TABLES = {
    "rules": "id",
    "dtypes": "name",
    "layouts": "name",
    "sources": "name",
    "devices": "name",
    "profiles": "name",
    "reasons": "code",
    "claims": "id",
    "facts": "spelled",
}


def rows(table: str) -> list[dict[str, Any]]:
    """Rows of one table."""
    found: list[dict[str, Any]] = getattr(core, table)()
    return found


@pytest.mark.parametrize("table", sorted(TABLES))
def test_table_names_are_unique_and_not_empty(table: str) -> None:
    """Each row is found by its name, and by one only."""
    names = [row[TABLES[table]] for row in rows(table)]

    assert names
    assert len(set(names)) == len(names)
    assert all(names)


@pytest.mark.parametrize("table", ["dtypes", "layouts", "sources", "devices"])
def test_table_names_of_axes_are_parts_of_an_id(table: str) -> None:
    """Case ids are text whose parts need no quoting anywhere."""
    for row in rows(table):
        assert PART.fullmatch(row["name"]), row["name"]


@pytest.mark.parametrize("table", ["rules", "layouts", "sources", "devices", "reasons", "claims"])
def test_table_rows_say_what_they_are(table: str) -> None:
    """Every row has a text, which the report shows."""
    for row in rows(table):
        assert row["text"].strip(), row


def test_table_rules_are_facts_with_a_source_and_a_reason() -> None:
    """A rule's text states a fact in at most 100 characters, and says where it is written."""
    for row in rows("rules"):
        assert len(row["text"]) <= 100, row["id"]
        assert not re.search(r"\b(should|must|shall)\b", row["text"]), row["id"]
        assert row["level"] in LEVELS, row["id"]
        assert row["duty"] in DUTIES, row["id"]
        assert row["sources"], row["id"]
        assert all(source["where"] for source in row["sources"]), row["id"]


def test_table_rules_name_reasons_and_ambiguities_that_exist() -> None:
    """A reason or an ambiguity that a rule names has its row."""
    reasons = {row["code"] for row in rows("reasons")}
    ambiguities = {row["id"] for row in rows("ambiguities")}
    for row in rows("rules"):
        if row["level"] != "silent" and not row["untestable"]:
            assert row["reason"] in reasons, row["id"]
        if row["ambiguity"]:
            assert row["ambiguity"] in ambiguities, row["id"]


def test_table_readings_of_rules_are_those_of_their_ambiguity() -> None:
    """What a record names as `A-17:at-least` can be looked up in the table of ambiguities."""
    known = {row["id"]: {one["id"] for one in row["readings"]} for row in rows("ambiguities")}
    for row in rows("rules"):
        for reading in row["readings"]:
            assert reading["id"] in known[row["ambiguity"]], f"{row['id']}: {reading['id']}"


def test_table_ambiguities_have_readings_and_say_who_chose_which() -> None:
    """Those of the texts and ours, each with two readings at least."""
    ambiguities = rows("ambiguities")

    assert len(ambiguities) == 31
    for row in ambiguities:
        assert len(row["readings"]) >= 2, row["id"]
        assert all(one["text"] for one in row["readings"]), row["id"]
        assert all(one["library"] and one["what"] for one in row["choices"]), row["id"]


def test_table_dtypes_agree_with_the_instrument() -> None:
    """What the instrument calls a dtype, the catalogue calls it too."""
    assert set(instrument.dtypes()) <= {row["name"] for row in rows("dtypes")}


def test_table_layouts_are_consistent() -> None:
    """Lengths agree, elements are the extents' product, no element lies before the origin."""
    for row in rows("layouts"):
        shape, strides = row["shape"], row["strides"]
        elements = 1
        for extent in shape:
            elements *= extent
        steps = [(n - 1) * stride for n, stride in zip(shape, strides, strict=True)]

        assert row["elements"] == elements, row["name"]
        assert not elements or row["offset"] + sum(min(step, 0) for step in steps) >= 0, row["name"]


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 64])
def test_table_layouts_have_every_rank_that_matters(rank: int) -> None:
    """From scalars to the most axes that DLPack users have."""
    assert any(len(row["shape"]) == rank for row in rows("layouts"))


def test_table_layouts_reach_above_two_to_the_31_elements() -> None:
    """Indices that overflow 32 bits are observed without the memory for them."""
    assert any(row["elements"] > 2**31 for row in rows("layouts"))


def test_table_facts_are_all_in_the_schema() -> None:
    """The printed schema knows every fact by its group and name."""
    text = core.schema()
    document = json.loads(text)

    assert document["$schema"].startswith("https://json-schema.org/")
    for row in rows("facts"):
        assert f'"{row["name"]}"' in text or f'"{row["spelled"]}"' in text, row["spelled"]


def test_table_schema_in_the_repository_is_the_printed_one(root: Path) -> None:
    """``reports/schema/record.json`` is ``dlconform schema``; write it again after a change."""
    committed = json.loads((root / "reports" / "schema" / "record.json").read_text())

    assert committed == json.loads(core.schema())


def test_table_facts_take_their_type_and_no_other() -> None:
    """A fact of another type is refused with its name; an unknown name too."""
    good: dict[str, Any] = {"Flag": True, "Int": 1, "Text": "x", "Ints": [1], "Texts": ["x"]}
    for row in rows("facts"):
        for kind, value in good.items():
            facts = core.Facts()
            if kind == row["type"]:
                facts.set(row["spelled"], value)
                got = facts.get(row["spelled"])
                assert (list(got) if isinstance(got, tuple) else got) == value
            elif {kind, row["type"]} != {"Flag", "Int"}:
                with pytest.raises(core.CatalogueError, match=re.escape(row["spelled"])):
                    facts.set(row["spelled"], value)
    with pytest.raises(core.CatalogueError, match=r"no\.such"):
        core.Facts().set("no.such", 1)
