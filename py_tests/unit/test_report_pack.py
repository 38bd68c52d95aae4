"""The page's payload: what goes in comes out, and equal things cost nothing twice."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from dlpack_conformance.report.pack import Column, Columns, Lines, payload


def unpack(text: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Read a payload as the page does: tables, and the values of each column."""
    raw = zlib.decompress(base64.b64decode(text))
    length = int.from_bytes(raw[:4], "little")
    tables = json.loads(raw[4 : 4 + length])
    at = 4 + length
    columns = {}
    for column in tables["columns"]:
        planes = [
            raw[at + k * tables["cases"] :][: tables["cases"]] for k in range(column["bytes"])
        ]
        at += column["bytes"] * tables["cases"]
        codes = [
            sum(plane[i] << 8 * k for k, plane in enumerate(planes)) for i in range(tables["cases"])
        ]
        columns[column["name"]] = [column["values"][code - 1] if code else None for code in codes]
    assert at == len(raw)
    return tables, columns


def test_payload_gives_every_value_again() -> None:
    """Texts, numbers, flags, lists, and what a case does not have."""
    columns = Columns(3)
    columns.put_all(0, {"shape": [2, 3], "flag": False, "text": "a"})
    columns.put_all(1, {"shape": [2, 3], "flag": True, "text": None})
    columns.put_all(2, {"count": 0})
    tables, found = unpack(payload({"title": "t"}, columns))

    assert tables["title"] == "t"
    assert found == {
        "shape": [[2, 3], [2, 3], None],
        "flag": [False, True, None],
        "text": ["a", None, None],
        "count": [None, None, 0],
    }


@pytest.mark.parametrize(
    ("distinct", "planes"), [(1, 1), (255, 1), (256, 2), (65535, 2), (65536, 3)]
)
def test_column_takes_as_many_planes_as_its_codes_need(distinct: int, planes: int) -> None:
    """Code 0 is none, so 255 values fit one byte."""
    column = Column(distinct)
    for at in range(distinct):
        column.put(at, f"value {at}")

    assert len(column.planes()) == planes
    columns = Columns(distinct)
    columns.put_all(distinct - 1, {"last": "x"})
    assert unpack(payload({}, columns))[1]["last"][-1] == "x"


def test_payload_takes_json_as_it_is() -> None:
    """Bytes are JSON that was written before; they are not encoded again."""
    columns = Columns(1)
    columns["judged"].put(0, b'["C-36",{"rule":"T-01"}]')

    assert unpack(payload({}, columns))[1]["judged"] == [["C-36", {"rule": "T-01"}]]


def test_lines_are_kept_once() -> None:
    """Two scripts that share lines share their texts."""
    lines = Lines()
    first, second = lines.numbers(("import a", "b = 1")), lines.numbers(("import a", "b = 2"))

    assert [lines.texts[n] for n in first] == ["import a", "b = 1"]
    assert [lines.texts[n] for n in second] == ["import a", "b = 2"]
    assert len(lines.texts) == 3
