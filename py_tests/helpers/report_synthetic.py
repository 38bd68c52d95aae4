"""Records made up by arithmetic.

In the form of design section 7: as many cases as a test wants, no library needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIBRARIES = {
    "reference": {},
    "alpha": {"alpha": "2.4.6"},
    "beta": {"beta": "1.0", "beta-extra": "7"},
}
ROUTES = {
    "from_dlpack": ("plain", "copy-false", "copy-none", "copy-true"),
    "methods-only": ("plain",),
    "exchange-api": ("plain",),
    "buffer": ("plain",),
    "memoryview": ("plain",),
    "array-interface": ("plain",),
    "array-struct": ("plain",),
    "array-method": ("plain",),
    "beta.asarray": ("plain", "copy-false", "copy-true"),
    "beta.tensor": ("plain",),
}
DTYPES = ("bool", "int32", "float32", "complex64")
LAYOUTS = {
    "scalar": ((), ()),
    "vector": ((8,), (1,)),
    "matrix": ((3, 4), (4, 1)),
    "fortran": ((3, 4), (1, 3)),
    "columns": ((3, 2), (4, 2)),
    "reversed": ((8,), (-1,)),
    "broadcast-rows": ((3, 4), (0, 1)),
    "empty-3x0": ((3, 0), (0, 1)),
}
SOURCES = ("plain", "readonly")
HOSTILE = "<img src=x onerror=alert(1)></script><b>& \"quoted\" 'text'"


def header(planned: int, **other: Any) -> dict[str, Any]:
    """A header that names every field the report shows."""
    ways = [
        {
            "producer": producer,
            "consumer": consumer,
            "route": route,
            "owner": "",
            "dlpack": True,
            "requests": list(requests),
            "rules": [],
            "absent": {},
            "promise": {
                "kind": "shares-if-possible",
                "document": "Manual",
                "section": route,
                "shape": "same",
                "by_request": {"copy-true": "copies"},
            },
        }
        for producer in LIBRARIES
        for consumer in LIBRARIES
        for route, requests in ROUTES.items()
    ]
    census = {
        "profile": "default",
        "filters": [],
        "target": None,
        "ways": ways,
        "libraries": {
            name: {"versions": versions, "makes": []} for name, versions in LIBRARIES.items()
        },
    }
    return {
        "kind": "header",
        "schema": 1,
        "suite": "0.1.0",
        "catalogue": "synthetic",
        "python": "3.11.2",
        "os": "Linux 6.1",
        "machine": "x86_64",
        "devices": ["cpu"],
        "profile": "default",
        "filters": [],
        "command": ["dlconform", "run"],
        "planned": planned,
        "excluded": {"beta has no such dtype": 1200, "no negative strides": 300},
        "census": census,
        **other,
    }


def ids(
    dtypes: tuple[str, ...] = DTYPES, sources: tuple[str, ...] = SOURCES
) -> Iterator[tuple[str, ...]]:
    """Parts of the exchange ids in plan order."""
    for producer in LIBRARIES:
        for consumer in LIBRARIES:
            for route, requests in ROUTES.items():
                for request in requests:
                    for source in sources:
                        for dtype in dtypes:
                            for layout in LAYOUTS:
                                yield (
                                    producer,
                                    consumer,
                                    route,
                                    request,
                                    dtype,
                                    layout,
                                    source,
                                    "cpu",
                                )


def case(parts: tuple[str, ...]) -> dict[str, Any]:
    """One case line; which outcome it has follows from its axes alone."""
    _, consumer, route, request, dtype, layout, source, _ = parts
    names = ("producer", "consumer", "route", "request", "dtype", "layout", "source", "device")
    shape, strides = LAYOUTS[layout]
    facts: dict[str, Any] = {
        "source.shape": list(shape),
        "source.strides": list(strides),
        "source.dtype": dtype,
        "source.writable": source != "readonly",
        "result.shape": list(shape),
        "result.dtype": dtype,
        "export.flags": 0,
        "result_read.flags": 0,
        "source.address": "0",
        "result.address": "0",
    }
    outcome, verdict, blame, reason = "shared", "conforms", "none", ""
    rule = "C-36"
    if layout == "reversed" and consumer == "beta":
        outcome, verdict, blame, reason, rule = (
            "crashed",
            "deviates",
            "consumer",
            "process-lost",
            "C-45",
        )
        facts = {
            "source.shape": [8],
            "crash.how": "signal",
            "crash.signal": "SIGABRT",
            "crash.step": "exchange",
            "crash.confirmed": True,
            "crash.stack": ["beta/core.py:12 asarray"],
            "result": None,
        }
    elif dtype == "complex64" and consumer == "alpha":
        outcome, verdict, rule = "refused", "permitted", "C-23"
        blame, reason = "consumer", "wrong-error"
        facts |= {
            "route.error": "RuntimeError",
            "route.message": HOSTILE,
            "route.returned": False,
            "result": None,
        }
    elif "copy-true" in request or route == "beta.tensor":
        outcome = "copied"
        facts |= {"result.address": "elsewhere", "result_read.flags": 2, "proof.forward": "unseen"}
    elif not all(shape):
        outcome = "empty"
    elif route == "array-struct" and consumer == "beta":
        outcome, verdict, rule = "not-run", "not-applicable", ""
        facts = {"route.absent": "beta 1.0 has no reader of array structs"}
    judged: list[Any] = [{"rule": rule, "verdict": verdict, "reason": reason, "blame": blame}]
    if verdict == "conforms":
        judged = [rule, "C-42", "C-57"]
    return {
        "kind": "case",
        "id": "/".join(("exchange", *parts)),
        **dict(zip(names, parts, strict=True)),
        "outcome": outcome,
        "modifiers": ["wrong-error"] if reason == "wrong-error" else [],
        "verdict": verdict,
        "blame": blame,
        "judged": judged,
        "proof": "address+write" if outcome == "shared" else "",
        "facts": facts,
        "time_ns": 17,
    }


def usage(library: str, topic: str, variant: str, **facts: Any) -> dict[str, Any]:
    """A usage case."""
    return {
        "kind": "case",
        "id": f"usage/{library}/{topic}/{variant}",
        "library": library,
        "topic": topic,
        "variant": variant,
        "outcome": "answered",
        "modifiers": [],
        "verdict": "not-judged",
        "blame": "none",
        "judged": [{"rule": "", "verdict": "not-judged", "reason": "", "blame": "none"}],
        "proof": "",
        "facts": {f"answer.{key}": value for key, value in facts.items()},
        "time_ns": 5,
    }


def write(path: Path, *, drop: int = 0, footer: bool = True, **header_keys: Any) -> Path:
    """Write a record file; ``drop``: how many planned cases are missing at the end."""
    lines = [case(parts) for parts in ids()]
    lines.append(usage("alpha", "rebinding", "add-out", seen=True, same_memory=True))
    planned = len(lines)
    kept = lines[: planned - drop]
    rows: list[dict[str, Any]] = [header(planned, **header_keys), *kept]
    if footer:
        rows.append({"kind": "footer", "counts": {}, "cases": len(kept), "digest": ""})
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    return path
