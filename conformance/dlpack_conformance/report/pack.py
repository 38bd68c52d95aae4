"""Columns of a run for the page: dictionary-coded, byte planes, deflated.

The page holds one payload: the length of a JSON text (4 bytes, little endian), the text (tables
and, for each column, its dictionary), then the columns' byte planes in the text's order. Plan order
makes columns periodic, which is what deflate needs; code 0 says that a case has nothing there.
"""

from __future__ import annotations

import base64
import sys
import zlib
from array import array
from collections.abc import Hashable, Mapping
from typing import Any

import msgspec

__all__ = ["Column", "Columns", "Lines", "payload"]


class Column:
    """One dictionary-coded value a case; ``codes``: 0 for none, else what ``table`` gives."""

    __slots__ = ("codes", "table")

    def __init__(self, length: int) -> None:
        self.codes = array("I", bytes(4 * length))
        self.table: dict[Hashable, int] = {}

    def put(self, at: int, value: Hashable) -> None:
        """Set the value of case ``at``."""
        self.codes[at] = self.table.setdefault(value, len(self.table) + 1)

    @property
    def values(self) -> list[Any]:
        """The dictionary; its first entry has code 1. Bytes are JSON already."""
        return [msgspec.Raw(value) if isinstance(value, bytes) else value for value in self.table]

    def planes(self) -> list[bytes]:
        """Low bytes of all codes, then the next bytes, as many as the largest code needs."""
        codes = self.codes
        if sys.byteorder == "big":
            codes = array("I", codes)
            codes.byteswap()
        raw = codes.tobytes()
        width = max(1, (len(self.table).bit_length() + 7) // 8)
        return [raw[plane :: codes.itemsize] for plane in range(width)]


class Columns:
    """Columns of equal length by name, made on first use."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._columns: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = Column(self.length)
        return column

    def put_all(self, at: int, values: Mapping[str, Any]) -> None:
        """Set one column a key; lists become tuples, None stays out.

        Written out because a run has tens of facts a case: a call for each would double the time of
        a page.
        """
        columns = self._columns
        for name, value in values.items():
            if value is None:
                continue
            column = columns.get(name) or self[name]
            key = tuple(value) if value.__class__ is list else value
            table = column.table
            code = table.get(key)
            if code is None:
                code = table[key] = len(table) + 1
            column.codes[at] = code

    def items(self) -> list[tuple[str, Column]]:
        """Columns in the order in which they were made."""
        return list(self._columns.items())


class Lines:
    """Lines of text, each kept once."""

    def __init__(self) -> None:
        self._table: dict[str, int] = {}
        self._known: dict[tuple[str, ...], tuple[int, ...]] = {}

    def numbers(self, lines: tuple[str, ...]) -> tuple[int, ...]:
        """Numbers of the lines, by which `texts` gives them again."""
        known = self._known.get(lines)
        if known is None:
            table = self._table
            known = self._known[lines] = tuple(table.setdefault(line, len(table)) for line in lines)
        return known

    @property
    def texts(self) -> list[str]:
        """All lines."""
        return list(self._table)


def payload(tables: dict[str, Any], columns: Columns) -> str:
    """Everything that the page knows, deflated and base64."""
    described, planes = [], []
    for name, column in columns.items():
        own = column.planes()
        described.append({"name": name, "bytes": len(own), "values": column.values})
        planes += own
    text = msgspec.json.encode({**tables, "cases": columns.length, "columns": described})
    whole = b"".join([len(text).to_bytes(4, "little"), text, *planes])
    return base64.b64encode(zlib.compress(whole, 9)).decode("ascii")
