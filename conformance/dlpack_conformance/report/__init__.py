"""Records to faces: reading, summary, HTML page, terminal, reproducers.

Each name is imported on first use, so that a verb pays for what it needs alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlpack_conformance.report.counts import Summary, summary
    from dlpack_conformance.report.expansion import Expansion
    from dlpack_conformance.report.finder import find
    from dlpack_conformance.report.findings import findings
    from dlpack_conformance.report.html import write_html
    from dlpack_conformance.report.records import Case, Records, read
    from dlpack_conformance.report.repro import Scripts
    from dlpack_conformance.report.terminal import explain, print_summary

__all__ = [
    "Case",
    "Expansion",
    "Records",
    "Scripts",
    "Summary",
    "explain",
    "find",
    "findings",
    "print_summary",
    "read",
    "summary",
    "write_html",
]

_FROM = {
    "Case": "records",
    "Expansion": "expansion",
    "Records": "records",
    "Scripts": "repro",
    "Summary": "counts",
    "explain": "terminal",
    "find": "finder",
    "findings": "findings",
    "print_summary": "terminal",
    "read": "records",
    "summary": "counts",
    "write_html": "html",
}


def __getattr__(name: str) -> Any:
    try:
        module = _FROM[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
