"""The Markdown summary of a CI job: what it says, its size, and that nothing in it is active."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import report_synthetic as synthetic
import reviews
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.job_summary import MOST_BYTES, job_summary, plain

LINK = "https://ci.example/runs/7"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(tmp_path_factory.mktemp("summary") / "run.ndjson"))


def test_summary_says_verdict_deviations_pairs_versions_and_link(records: Records) -> None:
    """What a reader of the job's page asks, in this order."""
    text = job_summary(records, link=LINK)

    wanted = (
        "## ❌ ",
        "deviate from the rules",
        "alpha 2.4.6",
        f"[The page of this run]({LINK})",
        "### Deviations",
        "`C-45`",
        "### Who shares with whom",
    )
    places = [text.index(one) for one in wanted]
    assert places == sorted(places)


def test_summary_with_expectations_tells_red_from_known(records: Records) -> None:
    """Red first with its reason, then what is known, with the entry that says so."""
    text = job_summary(records, reviews.expecting(records, red=1, stale=True))

    assert text.startswith("## ❌ 1 red; ")
    assert "cases deviate from the rules" in text
    assert "| 1 | deviates; nothing expects it | `exchange/" in text
    assert "nothing shows" in text
    assert "expected by mylib.toml:3: known" in text
    assert text.index("### Red") < text.index("### Deviations") < text.index("### Known")


def test_summary_of_a_review_that_expects_nothing_is_that_of_the_verdicts(
    records: Records,
) -> None:
    """The verdict speaks where all deviations count, the review where only a target's do."""
    deviating = records.count("verdict")["deviates"]
    every = replace(reviews.expecting(records, red=deviating), expecting=False)
    nobody = replace(every, reds={}, sentence="nothing red")

    assert job_summary(records, every) == job_summary(records)
    assert job_summary(records, nobody).startswith("## ✅ Nothing red\n")


def test_summary_is_green_only_where_nothing_is_red(records: Records, tmp_path: Path) -> None:
    """All expected is green; an incomplete run is not, whatever it shows."""
    cut = read(synthetic.write(tmp_path / "run.ndjson", footer=False))

    assert job_summary(records, reviews.expecting(records)).startswith("## ✅ ")
    grey = job_summary(cut, reviews.expecting(cut))
    assert grey.startswith("## ⚠️ ")
    assert "Incomplete: the file has no footer" in grey
    assert "no footer" in grey.split("### Red")[1]


@pytest.mark.parametrize("most", [MOST_BYTES, 16 * 1024, 8 * 1024])
def test_summary_never_has_more_bytes_and_says_what_is_cut(tmp_path: Path, most: int) -> None:
    """Thousands of different reasons: rows go, the verdict stays, and the cut is told."""
    path = synthetic.write(tmp_path / "run.ndjson")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for at, row in enumerate(rows[1:-1]):
        entry = {"rule": f"Z-{at}", "verdict": "deviates", "reason": "ä" * 300, "blame": "pair"}
        row |= {"verdict": "deviates", "judged": [entry]} if row["id"][0] == "e" else {}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = job_summary(read(path), most_bytes=most)

    assert len(text.encode()) <= most
    assert text.startswith("## ❌ 8,640 of 8,641 cases deviate")
    assert re.search(r"Cut here: 8,\d\d\d of 8,640 rows are not shown", text)


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "a | b\n| c |",
        "`code` **bold** _it_ [x](javascript:1) ![y](z)",
        "# title\r\n- list\x00\x1b[31m\u2028end",
        "@everyone #1 $x$ ~~no~~ \\",
    ],
)
def test_plain_text_stays_text(text: str) -> None:
    """One line, without HTML, and each mark of Markdown is escaped."""
    shown = plain(text)

    assert not re.search(r"[\x00-\x1f\u2028<>]", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]()#|~@$]", shown)


def test_plain_text_is_cut_before_it_is_escaped() -> None:
    """No escape is cut in two."""
    assert plain("|" * 300, 4) == "\\|\\|\\|…"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://a b", "https://x)](y", "x", ""])
def test_summary_links_to_addresses_alone(records: Records, link: str) -> None:
    """What is no address is left out."""
    assert "[The page" not in job_summary(records, link=link)


def test_summary_of_a_shard_says_which(tmp_path: Path) -> None:
    """In the headline, so that three jobs can be told apart."""
    shard = {"number": 2, "count": 3, "planned": 30000}
    path = synthetic.write(tmp_path / "run.ndjson", shard=shard)

    assert job_summary(read(path)).startswith("## ❌ Shard 2 of 3: ")
