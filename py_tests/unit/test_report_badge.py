"""The badge: it says exactly what was claimed, and is never greener than that."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import report_synthetic as synthetic
import reviews
from dlpack_conformance.errors import OptionError, ReportError
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.badge import badge, write_badge

Run = Callable[..., "subprocess.CompletedProcess[str]"]
DAY = "2026-05-04"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(tmp_path_factory.mktemp("badge") / "run.ndjson"))


def counted(records: Records, name: str) -> tuple[int, int]:
    """Cases that touch a library and ran, and those that deviate."""
    ran = [
        case for case in records.cases if name in case.axes.values() and case.outcome != "not-run"
    ]
    return len(ran), sum(
        case.verdict == "deviates" and case.axes["consumer"] == name for case in ran
    )


def test_badge_names_library_version_cases_profile_and_date(records: Records) -> None:
    """Red: the numbers of deviations and of cases that ran."""
    ran, wrong = counted(records, "beta")
    made = badge(records, "beta", DAY)

    assert wrong > 0
    assert made.message == (
        f"beta 1.0: {wrong:,} of {ran:,} cases deviate (default profile, {DAY})"
    )
    assert made.color == "red"
    assert "dlconform 0.1.0, catalogue synthetic" in made.sentence


def test_badge_of_a_library_that_nobody_blames_is_green(records: Records) -> None:
    """Another library's crash in the same pair does not count."""
    ran, _ = counted(records, "alpha")
    made = badge(records, "alpha", DAY)

    assert made.message == f"alpha 2.4.6: {ran:,} cases, no deviation (default profile, {DAY})"
    assert made.color == "brightgreen"


def test_badge_with_expectations_says_known_deviations(records: Records) -> None:
    """Yellow where all are known, red where one is not."""
    _, wrong = counted(records, "beta")
    known = badge(records, "beta", DAY, reviews.expecting(records))

    assert f"{wrong:,} known deviations" in known.message
    assert known.color == "yellow"
    assert badge(records, "beta", DAY, reviews.expecting(records, red=1)).color == "red"


def test_badge_of_an_incomplete_run_claims_nothing(tmp_path: Path) -> None:
    """Grey, and the word."""
    cut = read(synthetic.write(tmp_path / "run.ndjson", footer=False))
    made = badge(cut, "alpha", DAY)

    assert made.message == f"alpha 2.4.6: incomplete, {DAY}"
    assert made.color == "lightgrey"


def test_badge_of_a_filtered_run_says_so(tmp_path: Path) -> None:
    """A few cases are not the profile."""
    path = synthetic.write(tmp_path / "run.ndjson", filters=["dtype=int8"])

    assert "(default profile, filtered, " in badge(read(path), "alpha", DAY).message


def test_badge_of_one_shard_is_refused(tmp_path: Path) -> None:
    """A part is no claim about the whole."""
    shard = {"number": 1, "count": 3, "planned": 30000}
    records = read(synthetic.write(tmp_path / "run.ndjson", shard=shard))

    with pytest.raises(ReportError, match="shard 1 of 3"):
        badge(records, "alpha", DAY)


def test_badge_needs_a_library_of_the_records(records: Records) -> None:
    """Two to choose from, or none of this name: what there is is said."""
    with pytest.raises(OptionError, match="the records have alpha, beta"):
        badge(records, None, DAY)
    with pytest.raises(OptionError, match="--target gamma: allowed is one of alpha, beta"):
        badge(records, "gamma", DAY)


def test_badge_files_are_a_picture_and_an_endpoint(records: Records, tmp_path: Path) -> None:
    """The picture loads nothing and is as wide as its texts; the endpoint has the four keys."""
    made = badge(records, "beta", DAY)
    write_badge(made, tmp_path / "b.svg")
    write_badge(made, tmp_path / "b.json")
    root = Xml.parse(tmp_path / "b.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"

    assert json.loads((tmp_path / "b.json").read_text()) == {
        "schemaVersion": 1, "label": "dlconform", "message": made.message, "color": "red",
    }  # fmt: skip
    assert root.findtext(f"{space}title") == made.sentence == root.get("aria-label")
    assert [text.text for text in root.iter(f"{space}text")] == ["dlconform", made.message]
    assert not [node for node in root.iter() if any("href" in key for key in node.attrib)]
    with pytest.raises(OptionError, match=r"\.svg or \.json"):
        write_badge(made, tmp_path / "b.png")


def test_badge_of_a_hostile_version_is_text(tmp_path: Path) -> None:
    """A version is whatever a package says."""
    path = synthetic.write(tmp_path / "run.ndjson")
    evil = json.dumps('"/><script>\x1b\x00')
    path.write_text(path.read_text().replace('"2.4.6"', evil, 1))
    write_badge(badge(read(path), "alpha", DAY), tmp_path / "b.svg")
    root = Xml.parse(tmp_path / "b.svg").getroot()

    assert not [node for node in root.iter() if "script" in node.tag]
    assert '"/><script>\\x1b\\x00' in (root.get("aria-label") or "")


def test_badge_verb_takes_the_day_of_the_file(dlconform: Run, tmp_path: Path) -> None:
    """Records hold no date; another one can be given, and must be one."""
    import os

    path = synthetic.write(tmp_path / "run.ndjson")
    os.utime(path, (86400 * 365, 86400 * 365))
    asked = ("badge", path, "--target", "alpha", "--out", "b.json")

    assert "1971-01-01" in dlconform(*asked).stderr
    assert DAY in dlconform(*asked, "--date", DAY).stderr
    wrong = dlconform(*asked, "--date", "yesterday")
    assert (wrong.returncode, wrong.stdout) == (4, "")
    assert "YYYY-MM-DD" in wrong.stderr
