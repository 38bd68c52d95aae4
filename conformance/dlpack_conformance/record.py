"""What whoever reads a record needs first: the version of its form, and its header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlpack_conformance.errors import ReportError

__all__ = ["SCHEMA", "read_header"]

SCHEMA = 1
"""Version of the record's form, which the header names."""
_TYPES = (
    ("planned", int, "a number"),
    ("census", dict, "an object"),
    ("shard", dict, "an object"),
)
_SHARD = ("number", "count", "planned")


def read_header(path: str | Path, line: bytes) -> dict[str, Any]:
    """Read the first line of a record file.

    Raises
    ------
    ReportError
        It is no header, or one of a newer schema than this version reads, or one whose form is
        another than its schema says.
    """
    import msgspec

    if not line:
        raise ReportError(str(path), "line 1", "is empty, or cut", "a header line")
    try:
        header = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise ReportError(str(path), "line 1", f"no JSON ({error})", "a header line") from None
    kind = header.get("kind") if isinstance(header, dict) else None
    if kind != "header":
        raise ReportError(str(path), "line 1: kind", f"is {kind!r}", "'header'")
    schema = header.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        text = f"is {schema!r}, newer than this version of the suite reads"
        raise ReportError(str(path), "line 1: schema", text, f"up to {SCHEMA}")
    for key, type_, allowed in _TYPES:
        if not isinstance(header.get(key, type_()), type_):
            raise ReportError(str(path), f"line 1: {key}", f"is {header[key]!r}", allowed)
    shard = header.get("shard", dict.fromkeys(_SHARD, 1))
    if not all(isinstance(shard.get(key), int) for key in _SHARD):
        raise ReportError(str(path), "line 1: shard", f"is {shard!r}", f"numbers {_SHARD}")
    return dict(header)
