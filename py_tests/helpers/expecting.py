"""Small records and files of expectations, made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dlpack_conformance.report import Records, read

WAY = "exchange/alpha/beta/from_dlpack/plain"
SHARED = f"{WAY}/int8/vector/plain/cpu"
CRASH = f"{WAY}/float32/reversed/plain/cpu"
COPIED = f"{WAY}/int16/vector/plain/cpu"
OWNED = "exchange/alpha/beta/beta.asarray/plain/int8/scalar/plain/cpu"
PROBED = "protocol/beta/T-27/data-legacy"
ALL = (SHARED, COPIED, CRASH, OWNED, PROBED)

LOST = [{"rule": "C-45", "verdict": "deviates", "reason": "process-lost", "blame": "consumer"}]
PROMISE = [{"rule": "R-10", "verdict": "deviates", "reason": "promise-shares", "blame": "route"}]
SPOILED = [
    {"rule": "T-27", "verdict": "deviates", "reason": "export-invalidated", "blame": "producer"}
]
WRONG_ERROR = [
    {"rule": "C-23", "verdict": "permitted", "reason": "wrong-error", "blame": "consumer"}
]

_USUAL: dict[str, dict[str, Any]] = {
    SHARED: {},
    COPIED: {"outcome": "copied"},
    CRASH: {"outcome": "crashed", "verdict": "deviates", "judged": LOST},
    OWNED: {"outcome": "copied", "verdict": "deviates", "judged": PROMISE},
    PROBED: {"outcome": "answered", "verdict": "deviates", "judged": SPOILED},
}
"""What the cases show: two are clean, three deviate, each by another rule."""


def header(**other: Any) -> dict[str, Any]:
    """The header of a run of two libraries; the route ``beta.asarray`` is beta's own."""
    ways = [("from_dlpack", ""), ("beta.asarray", "beta")]
    return {
        "kind": "header",
        "schema": 1,
        "suite": "0.1.0",
        "python": "3.11.2",
        "os": "Linux glibc 2.36",
        "machine": "x86_64",
        "census": {
            "ways": [
                {"producer": "alpha", "consumer": "beta", "route": route, "owner": owner}
                for route, owner in ways
            ],
            "libraries": {
                "alpha": {"versions": {"alpha": "2.4.6"}},
                "beta": {"versions": {"beta": "1.13.0+cpu"}},
                "gamma+x64": {"versions": {"gamma": "0.9a1"}},
            },
        },
        **other,
    }


def write(path: Path, changes: dict[str, Any] | None = None, **header_keys: Any) -> Path:
    """Write the usual cases; ``changes``: keys of lines by id, None for a case that is missing."""
    known = {**_USUAL, **{case: {} for case in changes or {} if case not in _USUAL}}
    lines = []
    for case, usual in known.items():
        change = (changes or {}).get(case, {})
        if change is None:
            continue
        line = {"kind": "case", "id": case, "outcome": "shared", "verdict": "conforms"}
        lines.append({**line, "judged": ["C-36"], "facts": {}, "time_ns": 1, **usual, **change})
    rows = [
        header(planned=len(lines), **header_keys),
        *lines,
        {"kind": "footer", "cases": len(lines)},
    ]
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    return path


def records(folder: Path, changes: dict[str, Any] | None = None, **header_keys: Any) -> Records:
    """The same, read."""
    return read(write(folder / "run.ndjson", changes, **header_keys))


def entry(cases: str | list[str], **keys: Any) -> str:
    """One entry as TOML; a key that is None is left out."""
    values = {"cases": cases, "why": "because", **keys}
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
    return "[[expect]]\n" + "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_toml(one)}" for key, one in value.items())
        return f"{{ {inner} }}"
    return json.dumps(value)


KNOWN = "\n".join(
    (
        entry(CRASH, outcome="crashed", rule="C-45", issue="issue 1", kind="library"),
        entry(OWNED, verdict="deviates", rule="R-10", reason="promise-shares"),
        entry("protocol/beta/T-27/*", verdict="deviates", reason="export-invalidated"),
    )
)
"""Entries that describe the usual cases."""
