"""A run as CSV: one row a case, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from dlpack_conformance.report.counts import blamed
from dlpack_conformance.report.marks import Reviewed, marker
from dlpack_conformance.report.records import AXES
from dlpack_conformance.report.written import replace_text

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Records

__all__ = ["COLUMNS", "csv_table", "write_csv"]

_AXES = tuple(dict.fromkeys(name for names in AXES.values() for name in names))
_AFTER = (
    "input",
    "outcome",
    "modifiers",
    "verdict",
    "deciding_rule",
    "reason",
    "blame",
    "blamed",
    "proof",
    "status",
    "why",
    "time_ns",
)
COLUMNS = ("id", "case", *_AXES, *_AFTER)
"""``deciding_rule``: with its ``reason``, what gave the verdict; ``status``: passed, failed, error
or skipped, ``why``: which class of it."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(records: Records, path: str | Path, review: Reviewed | None = None) -> None:
    """Write the table of a run."""
    replace_text(path, csv_table(records, review))


def csv_table(records: Records, review: Reviewed | None = None) -> str:
    """The table of a run, as RFC 4180 has it; a cell that a spreadsheet would compute is quoted."""
    mark = marker(records, review)
    text = io.StringIO(newline="")
    out = csv.writer(text)
    out.writerow(COLUMNS)
    for case in records.cases:
        axes, deciding, found = case.axes, case.deciding, mark(case)
        row = (
            case.id,
            axes["case"],
            *(axes.get(name, "") for name in _AXES),
            case.input,
            case.outcome,
            " ".join(case.modifiers),
            case.verdict,
            deciding.rule,
            deciding.reason,
            case.blame,
            "" if case.blame == "none" else blamed(axes, case.blame),
            case.proof,
            found.kind,
            found.why,
            str(case.time_ns),
        )
        out.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return text.getvalue()
