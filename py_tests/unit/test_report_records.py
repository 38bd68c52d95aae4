"""Reading record files: what is there, what is missing, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import report_synthetic as synthetic
from dlpack_conformance.errors import ReportError
from dlpack_conformance.report.records import Records, axes_of, read


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a complete record file."""
    return synthetic.write(tmp_path_factory.mktemp("records") / "run.ndjson")


def test_read_gives_every_case_as_written(whole: Path) -> None:
    """A case keeps id, outcome, verdict, blame, modifiers, judged entries and facts."""
    records = read(whole)
    written = [json.loads(line) for line in whole.read_text().splitlines()[1:-1]]

    assert len(records.cases) == records.planned == len(written)
    for case, line in zip(records.cases, written, strict=True):
        assert (case.id, case.outcome, case.verdict, case.blame) == (
            line["id"], line["outcome"], line["verdict"], line["blame"],
        )  # fmt: skip
        assert list(case.modifiers) == line["modifiers"]
        assert case.facts == line["facts"]


def test_read_gives_a_rule_that_is_only_its_id_as_conforming(whole: Path) -> None:
    """A record writes a conforming rule as its id; the reader says the verdict."""
    records = read(whole)
    case = next(case for case in records.cases if case.verdict == "conforms")

    assert {entry.verdict for entry in case.judged} == {"conforms"}
    assert case.deciding.rule == "C-36"


def test_read_takes_gzip_by_the_name(whole: Path, tmp_path: Path) -> None:
    """A name that ends in .gz is read as gzip."""
    packed = tmp_path / "run.ndjson.gz"
    packed.write_bytes(gzip.compress(whole.read_bytes()))

    assert read(packed).cases == read(whole).cases


def test_complete_run_is_not_called_incomplete(whole: Path) -> None:
    """Footer there, as many cases as planned: nothing is said."""
    assert read(whole).incomplete == ""


def test_missing_footer_is_incomplete(tmp_path: Path) -> None:
    """A run that was stopped has no footer."""
    records = read(synthetic.write(tmp_path / "run.ndjson", footer=False))

    assert "no footer" in records.incomplete


def test_fewer_cases_than_planned_are_incomplete(tmp_path: Path) -> None:
    """A footer does not help when planned cases are missing; the numbers are said."""
    records = read(synthetic.write(tmp_path / "run.ndjson", drop=7))

    assert f"{records.planned - 7:,} of {records.planned:,} planned cases" in records.incomplete


def test_cut_last_line_is_incomplete_and_keeps_the_others(whole: Path, tmp_path: Path) -> None:
    """What was written when the run was killed is kept up to the last whole line."""
    lines = whole.read_bytes().splitlines(keepends=True)
    cut = tmp_path / "run.ndjson"
    cut.write_bytes(b"".join(lines[:50]) + lines[50][:40])
    records = read(cut)

    assert len(records.cases) == 49
    assert "the last line is cut" in records.incomplete


def test_cut_gzip_is_incomplete(whole: Path, tmp_path: Path) -> None:
    """A gzip file that ends in the middle gives what could be unpacked."""
    packed = tmp_path / "run.ndjson.gz"
    data = gzip.compress(whole.read_bytes())
    packed.write_bytes(data[: len(data) // 2])
    records = read(packed)

    assert records.cases
    assert "gzip stream ends in the middle" in records.incomplete


def test_footer_that_counts_other_cases_is_said(whole: Path, tmp_path: Path) -> None:
    """A line taken out of a finished file does not go unseen."""
    lines = whole.read_bytes().splitlines(keepends=True)
    other = tmp_path / "run.ndjson"
    other.write_bytes(b"".join(lines[:20] + lines[21:]))

    assert "the footer counts" in read(other).incomplete


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("", "line 1", "a header line"),
        ("no json\n", "line 1", "a header line"),
        ('{"kind":"case"}\n', "line 1: kind", "'header'"),
        ('["header"]\n', "line 1: kind", "'header'"),
        ('{"kind":"header","schema":2}\n', "line 1: schema", "up to 1"),
        ('{"kind":"header","schema":"1"}\n', "line 1: schema", "up to 1"),
        ('{"kind":"header"}\n{"id":1}\n', "line 2", "a case or a footer line"),
        ('{"kind":"header"}\n{"id":"exchange/a"}\n', "line 2", "a case or a footer line"),
        ('{"kind":"header"}\n{broken\n', "line 2", "a case or a footer line"),
    ],
)
def test_file_that_is_no_record_is_refused_by_name(
    tmp_path: Path, text: str, key: str, allowed: str
) -> None:
    """The error names file, key and what is allowed."""
    path = tmp_path / "run.ndjson"
    path.write_text(text)

    with pytest.raises(ReportError) as refused:
        read(path)
    assert (refused.value.file, refused.value.key, refused.value.allowed) == (
        str(path),
        key,
        allowed,
    )


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    """No such file is an error of ours, not an OSError."""
    with pytest.raises(ReportError, match="No such file"):
        read(tmp_path / "none.ndjson")


def test_axes_have_the_names_of_their_kind() -> None:
    """The parts of an id are named by the kind of the case."""
    assert axes_of("usage/numpy/rebinding/add-out") == {
        "case": "usage", "library": "numpy", "topic": "rebinding", "variant": "add-out",
    }  # fmt: skip
    with pytest.raises(ReportError, match="exchange/numpy"):
        axes_of("exchange/numpy")


def test_find_gives_the_case_of_an_id(whole: Path) -> None:
    """Lookup by id, and None for an id that is not there."""
    records: Records = read(whole)
    case = records.cases[123]

    assert records.find(case.id) is case
    assert records.position(case) == 123
    assert records.find("exchange/none") is None
