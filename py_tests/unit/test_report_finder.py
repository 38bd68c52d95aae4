"""Finding cases by query."""

from __future__ import annotations

from pathlib import Path

import pytest
import report_synthetic as synthetic
from dlpack_conformance.errors import ReportError
from dlpack_conformance.report import Records, find, read


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(Path(tmp_path_factory.mktemp("records")) / "run.ndjson"))


def test_find_without_a_query_gives_all(records: Records) -> None:
    """No query selects nothing away."""
    assert find(records, []) == records.cases


def test_find_takes_terms_over_axes_and_over_what_happened(records: Records) -> None:
    """All terms of one query must hold, whichever they speak about."""
    found = find(records, ["producer=alpha, layout=reversed outcome=crashed"])
    wanted = [
        case
        for case in records.cases
        if case.outcome == "crashed" and case.axes.get("producer") == "alpha"
    ]

    assert found == wanted
    assert wanted


def test_find_takes_alternatives(records: Records) -> None:
    """Of axes as of what happened; one of them is enough."""
    both = find(records, ["layout=reversed|vector, outcome=crashed|hung|copied"])
    each = [
        find(records, [f"layout={layout}, outcome={outcome}"])
        for layout in ("reversed", "vector")
        for outcome in ("crashed", "hung", "copied")
    ]

    assert len(both) == sum(map(len, each))
    assert {case.outcome for case in both} == {"crashed", "copied"}


def test_find_takes_a_pattern_of_ids(records: Records) -> None:
    """A pattern may be narrowed by what happened."""
    found = find(records, ["exchange/alpha/**/float32/*/plain/cpu verdict=permitted"])

    assert found == []
    assert find(records, ["exchange/alpha/**/complex64/*/plain/cpu verdict=permitted"])


def test_find_gives_a_case_once_for_several_queries(records: Records) -> None:
    """A case needs one of the queries."""
    one = find(records, ["outcome=copied"])
    both = find(records, ["outcome=copied", "outcome=cop*"])

    assert one == both


@pytest.mark.parametrize(
    "query",
    ["reason=process-*", "rule=C-45", "C-45=deviates", "modifier=wrong-*", "blame=consumer"],
)
def test_find_looks_into_judged_entries(records: Records, query: str) -> None:
    """Rules, reasons, blame and modifiers can be asked for."""
    found = find(records, [query])

    assert 0 < len(found) < len(records.cases)


def test_find_refuses_an_unknown_key(records: Records) -> None:
    """A mistyped key selects nothing silently."""
    with pytest.raises(ReportError, match="colour"):
        find(records, ["colour=red"])
