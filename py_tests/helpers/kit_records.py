"""Records of the C++ kit beside those of the Python engine: what must be the same, and what can't.

Both write one line a case under one id. Of a line everything is compared but the time, texts of
exceptions, and the facts that only one of the two can see, which are listed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["compare", "compared", "read_cases"]

_PYTHON_ALONE = (
    "calls.",  # __dlpack__ is Python's, and so are its keywords and the GIL
    "capsule.name",
    "capsule.first_name",
    "capsule.given",
    "capsule.consumed",
    "export.dlpack_device",
    "export.error_bases",
    "route.error_bases",
    "route.warnings",
    "abi.same_in_c",
    "crash.stack",
    "table.raised",
    "table.refs",
    "life.refs",
)
_ASK_PYTHON = ("P-04", "S-23")  # of __dlpack_device__, and of the keyword stream
_TEXTS = (
    "route.error",  # the class of a C++ exception is another than what its binding raises
    "route.message",
    "route.absent",
    "export.error",
    "export.message",
    "result.error",
    "result.message",
    "result.wrong",
    "result_read.error",
    "crash.message",
)


def read_cases(path: Path) -> dict[str, dict[str, Any]]:
    """Case lines of a record file by id; it must be complete."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert records[0]["kind"] == "header"
    assert records[-1]["kind"] == "footer"
    assert records[0]["planned"] == records[-1]["cases"] == len(records) - 2
    return {record["id"]: record for record in records[1:-1]}


def compared(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a line must be the same."""
    facts: dict[str, Any] = {}
    judged = [entry for entry in record["judged"] if entry not in _ASK_PYTHON]
    of_table = record.get("rule", "").startswith("X-")
    for name, value in (record.get("facts") or {}).items():
        if name.startswith(_PYTHON_ALONE) or name == "calls":
            continue
        if of_table and name.startswith("route."):
            continue  # Python raises what a function of the table left pending
        facts[name] = "" if name in _TEXTS and value is not None else value
    if record.get("source") == "owned":
        facts.pop("end.alive", None)  # an object of C++ has nobody who watches it
    if not str(facts.get("result.device", "cpu")).startswith("cpu"):
        facts["result.device"] = "another"  # libraries have words of their own for these
    kept = {key: value for key, value in record.items() if key not in ("time_ns", "facts")}
    return {**kept, "judged": judged, "facts": facts}


def compare(
    ours: Mapping[str, dict[str, Any]], theirs: Mapping[str, dict[str, Any]], ids: Iterable[str]
) -> dict[str, str]:
    """Return what differs, by id; an id that ``theirs`` lacks differs."""
    found = {}
    for one in ids:
        if one not in theirs:
            found[one] = "the Python engine has no such case"
            continue
        a, b = compared(ours[one]), compared(theirs[one])
        if a == b:
            continue
        keys = [key for key in a if key != "facts" and a[key] != b.get(key)]
        facts = [
            f"{name}: kit {a['facts'].get(name, '-')}, python {b['facts'].get(name, '-')}"
            for name in sorted({*a["facts"], *b["facts"]})
            if a["facts"].get(name, "-") != b["facts"].get(name, "-")
        ]
        rest = [f"{key}: kit {a[key]}, python {b.get(key)}" for key in keys]
        found[one] = "; ".join([*rest, *facts])
    return found
