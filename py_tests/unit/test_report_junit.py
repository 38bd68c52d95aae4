"""JUnit XML: counts that fit, reasons in the texts, and nothing that a reader chokes on."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import report_synthetic as synthetic
import reviews
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.junit import junit

EVIL = "\x00\x01\x1b[31m]]>\ufffe<failure/>&amp;\x85\u2028\U0001f600\r\n\tend"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(tmp_path_factory.mktemp("junit") / "run.ndjson"))


def check_counts(text: str) -> Xml.Element:
    """Parse, and hold it against the rules that readers of JUnit XML share."""
    root = Xml.fromstring(text)
    assert root.tag == "testsuites"
    sums = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    names = [suite.get("name") for suite in root]
    assert len(names) == len(set(names))
    for suite in root:
        assert suite.tag == "testsuite"
        tests = suite.findall("testcase")
        there = {
            "tests": len(tests),
            **{
                key: sum(test.find(tag) is not None for test in tests)
                for key, tag in (
                    ("failures", "failure"),
                    ("errors", "error"),
                    ("skipped", "skipped"),
                )
            },
        }
        for key, count in there.items():
            assert int(suite.get(key, "")) == count
            sums[key] += count
        for test in tests:
            assert test.get("name")
            assert test.get("classname")
            assert float(test.get("time", "")) >= 0
            ends = [one for one in test if one.tag != "system-out"]
            assert len(ends) <= 1
            assert all(one.get("message") and one.get("type") and one.text for one in ends)
        assert len({(test.get("classname"), test.get("name")) for test in tests}) == len(tests)
    assert {key: int(root.get(key, "")) for key in sums} == sums
    return root


def by_name(root: Xml.Element) -> dict[str, Xml.Element]:
    """Testcases by name."""
    return {test.get("name", ""): test for test in root.iter("testcase")}


def test_junit_has_a_testcase_a_case_and_a_suite_a_way(records: Records) -> None:
    """Named by the id; what deviates failed, what was not run was skipped."""
    root = check_counts(junit(records))
    tests = by_name(root)
    counts = records.count("verdict")

    assert list(tests) == [case.id for case in records.cases]
    assert int(root.get("failures", "")) == counts["deviates"] > 0
    assert int(root.get("skipped", "")) == counts["not-applicable"] > 0
    assert {suite.get("name") for suite in root} >= {"alpha -> beta by from_dlpack", "usage alpha"}


def test_junit_failure_says_rule_source_facts_and_command(records: Records) -> None:
    """Whoever reads it needs no other file."""
    crash = next(case for case in records.cases if case.outcome == "crashed")
    failure = by_name(Xml.fromstring(junit(records)))[crash.id].find("failure")

    assert failure is not None
    assert failure.get("message") == "deviates by C-45 (process-lost), blamed: beta"
    text = failure.text or ""
    for wanted in ("C-45 deviates", "array API", "signal SIGABRT", f"dlconform repro {crash.id}"):
        assert wanted in text


def test_junit_skip_says_why(records: Records) -> None:
    """The proof that a release lacks what was to be seen."""
    absent = next(case for case in records.cases if case.outcome == "not-run")
    skipped = by_name(Xml.fromstring(junit(records)))[absent.id].find("skipped")

    assert skipped is not None
    assert skipped.get("message") == "not run: beta 1.0 has no reader of array structs"


def test_junit_above_the_limit_has_groups_named_by_their_pattern(records: Records) -> None:
    """All dtypes and layouts of a call are one testcase; each red case is in one that fails."""
    from dlpack_conformance import modules

    root = check_counts(junit(records, most=10))
    tests = by_name(root)
    failed = [name for name, test in tests.items() if test.find("failure") is not None]
    queries = [modules().core.Query(name) for name in failed]
    deviating = [case.id for case in records.cases if case.verdict == "deviates"]

    assert len(tests) < len(records.cases) / 10
    assert all(any(query.matches(case) for query in queries) for case in deviating)
    first = tests[failed[0]].find("failure")
    assert first is not None
    assert (first.text or "").startswith("4 of 32 cases: deviates by C-45")
    total = sum(float(suite.get("time", "")) for suite in root)
    spent = sum(case.time_ns for case in records.cases) / 1e9
    assert total == pytest.approx(spent, abs=1e-6 * len(root))


def test_junit_shows_what_is_expected_as_skipped(records: Records) -> None:
    """An expected crash is green, and its expectation is named; what is red stays red."""
    root = check_counts(junit(records, reviews.expecting(records, red=2)))
    known = [
        one for one in root.iter("skipped") if (one.get("message") or "").startswith("expected")
    ]

    assert root.get("failures") == "2"
    assert len(known) == records.count("verdict")["deviates"] - 2
    assert known[0].get("message") == "expected by mylib.toml:3: known, https://x.org/1"


def test_junit_of_a_stale_expectation_fails(records: Records) -> None:
    """It has no case to hang on: the suite of the run has it."""
    root = check_counts(junit(records, reviews.expecting(records, stale=True)))
    stale = by_name(root)["expectation mylib.toml:9"].find("failure")

    assert root.get("failures") == "1"
    assert stale is not None
    assert "nothing shows exchange/**" in (stale.text or "")


def test_junit_of_an_incomplete_run_has_an_error(tmp_path: Path) -> None:
    """A run that did not end is never green, even where no case failed."""
    path = synthetic.write(tmp_path / "run.ndjson", footer=False)
    root = check_counts(junit(read(path)))
    error = by_name(root)["complete"].find("error")

    assert error is not None
    assert "no footer" in (error.text or "")


def hostile(path: Path) -> Records:
    """Write a run in which whatever a library may say is hostile, and read it."""
    rows = [json.loads(line) for line in synthetic.write(path).read_text().splitlines()]
    rows[0]["census"]["libraries"]["alpha"]["versions"] = {"alpha": EVIL}
    rows[0]["profile"] = EVIL
    for row in rows[1:-1]:
        if row["outcome"] == "crashed":
            row["facts"] |= {"route.error": EVIL, "route.message": EVIL, "crash.stack": [EVIL]}
        if row["outcome"] == "not-run":
            row["facts"]["route.absent"] = EVIL
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read(path)


@pytest.mark.parametrize("most", [10, 10**9])
def test_junit_of_hostile_texts_is_legal_xml(tmp_path: Path, most: int) -> None:
    """Control characters are told as numbers, marks are text, and nothing becomes an element."""
    text = junit(hostile(tmp_path / "run.ndjson"), most=most)
    root = check_counts(text)
    failure = next(root.iter("failure"))

    assert "\x1b" not in text
    assert "\\x00\\x01\\x1b[31m]]>\\xfffe<failure/>&amp;" in (failure.text or "")
    assert "\U0001f600" in (failure.text or "")
