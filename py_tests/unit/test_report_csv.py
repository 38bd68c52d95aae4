"""The CSV table: one row a case, as the csv module reads it back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import report_synthetic as synthetic
import reviews
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.csv_table import COLUMNS, csv_table, write_csv


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(tmp_path_factory.mktemp("csv") / "run.ndjson"))


def rows_of(text: str) -> list[dict[str, str]]:
    """Rows by column."""
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_csv_has_a_row_a_case_with_its_axes(records: Records) -> None:
    """Outcome, verdict, rule and blame are those of the case."""
    rows = rows_of(csv_table(records))

    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == [case.id for case in records.cases]
    for row, case in zip(rows, records.cases, strict=True):
        assert {key: row[key] for key in case.axes} == case.axes
        assert (row["outcome"], row["verdict"], row["deciding_rule"]) == (
            case.outcome, case.verdict, case.deciding.rule,
        )  # fmt: skip
        assert int(row["time_ns"]) == case.time_ns
    crashed = next(row for row in rows if row["outcome"] == "crashed")
    assert (crashed["blame"], crashed["blamed"], crashed["status"], crashed["why"]) == (
        "consumer", "beta", "failed", "deviation",
    )  # fmt: skip


def test_csv_status_follows_the_expectations(records: Records) -> None:
    """What is expected is skipped, what is red failed."""
    rows = rows_of(csv_table(records, reviews.expecting(records, red=3)))
    statuses = [(row["status"], row["why"]) for row in rows if row["verdict"] == "deviates"]

    assert statuses.count(("failed", "deviation")) == 3
    assert set(statuses) == {("failed", "deviation"), ("skipped", "expected")}


def test_csv_cell_is_never_a_formula(tmp_path: Path) -> None:
    """A route named like one is quoted for spreadsheets; commas and quotes come back whole."""
    path = synthetic.write(tmp_path / "run.ndjson")
    path.write_text(path.read_text().replace("/from_dlpack/", '/=cmd\\",x/'))
    rows = rows_of(csv_table(read(path)))

    assert {row["route"] for row in rows} >= {"'=cmd\",x"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@"))]


def test_csv_file_has_the_line_ends_of_the_standard(records: Records, tmp_path: Path) -> None:
    """RFC 4180: CR LF, on every machine."""
    write_csv(records, tmp_path / "t.csv")
    data = (tmp_path / "t.csv").read_bytes()

    assert data.count(b"\r\n") == data.count(b"\n") == len(records.cases) + 1
