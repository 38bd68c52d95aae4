"""Counts what ran, per label, and refuses what a green CTest hides: missing tests, unlisted skips.

    count_tests.py JUNIT_FOLDER EXPECTED.toml [--partial]

Reads ``ctest.xml`` and the JUnit file of each pytest entry beside it. ``--partial`` leaves out the
minimum counts, for a call that chose tests. What a failed test printed last stands below its name;
the last line: ``N passed, N failed, N skipped``.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import tomllib

LAST_LINES = 20
"""Of a failed test's output; all of it stands where the test ran."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test that was reported.

    ``state``: passed, failed or skipped; ``reason`` of a skip; ``said``: a failure's last lines.
    """

    label: str
    name: str
    state: str
    reason: str
    said: str = ""


def read_ctest(path: Path) -> list[Test]:
    """Entries of CTest's JUnit file; the label is the part of the name before the first dot."""
    found = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name, status = case.attrib["name"], case.attrib["status"]
        output = case.findtext("system-out") or ""
        state = {"run": "passed", "fail": "failed"}.get(status, "skipped")
        said = _end(output) if state == "failed" else ""
        found.append(Test(name.split(".")[0], name, state, _skip_reason(case, output), said))
    return found


def _end(text: str) -> str:
    """The last lines of what a test printed."""
    return "\n".join(text.rstrip().splitlines()[-LAST_LINES:])


def _skip_reason(case: ElementTree.Element, output: str) -> str:
    """The line of GoogleTest's output that says why, else CTest's own word."""
    lines = [line.strip() for line in output.splitlines()]
    after = [lines[at + 1] for at, line in enumerate(lines[:-1]) if "Skipped" in line]
    skipped = case.find("skipped")
    said = skipped.attrib.get("message", "") if skipped is not None else ""
    return after[0] if after else said


def read_pytest(path: Path) -> list[Test]:
    """Test functions of one pytest entry."""
    label = path.stem.split(".")[0]
    found = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        skipped = case.find("skipped")
        state = "passed"
        if case.find("failure") is not None or case.find("error") is not None:
            state = "failed"
        elif skipped is not None and skipped.attrib.get("type") != "pytest.xfail":
            state = "skipped"
        reason = "" if skipped is None else skipped.attrib.get("message", "")
        said = _end(case.findtext("failure") or case.findtext("error") or "")
        found.append(Test(label, f"{path.stem}::{case.attrib['name']}", state, reason, said))
    return found


def read_all(folder: Path) -> list[Test]:
    """All tests; an entry that has a JUnit file of its own is counted by its functions."""
    inner = {path.stem: read_pytest(path) for path in sorted(folder.glob("*.*.xml"))}
    tests = []
    for entry in read_ctest(folder / "ctest.xml"):
        functions = inner.pop(entry.name, [])
        tests += functions
        if not functions or (
            entry.state == "failed" and all(t.state != "failed" for t in functions)
        ):
            tests.append(entry)
    return tests


def complaints(
    tests: list[Test], expected: dict[str, dict[str, object]], *, partial: bool
) -> list[str]:
    """What is wrong although no test failed."""
    ran = Counter(test.label for test in tests if test.state != "skipped")
    said = []
    if not partial:
        for label, minimum in expected["minimum"].items():
            if ran[label] < int(str(minimum)):
                said.append(
                    f"label {label}: {ran[label]} tests ran, at least {minimum} are expected"
                )
        said += [
            f"label {label}: not in the file of expected counts"
            for label in sorted(ran)
            if label not in expected["minimum"]
        ]
    allowed = [re.compile(pattern) for pattern in expected.get("allowed_skips", {}).values()]
    for test in tests:
        if test.state == "skipped" and not any(
            p.search(f"{test.name}: {test.reason}") for p in allowed
        ):
            said.append(f"skipped for an unlisted reason: {test.name}: {test.reason}")
    return said


def main(folder: Path, expected_file: Path, *, partial: bool) -> int:
    """Print the counts; 1 when a test failed or something is missing."""
    tests = read_all(folder)
    expected = tomllib.loads(expected_file.read_text())
    for label, count in sorted(Counter(test.label for test in tests).items()):
        minimum = expected["minimum"].get(label, "-")
        print(f"{label:12} {count:6} tests, at least {minimum}")
    said = complaints(tests, expected, partial=partial)
    for test in tests:
        if test.state == "failed":
            print(f"failed: {test.name}", *test.said.splitlines(), sep="\n    ")
    for line in said:
        print(f"error: {line}")
    states = Counter(test.state for test in tests)
    failed = states["failed"] + len(said)
    print(f"{states['passed']} passed, {failed} failed, {states['skipped']} skipped")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    arguments = [word for word in sys.argv[1:] if word != "--partial"]
    sys.exit(main(Path(arguments[0]), Path(arguments[1]), partial="--partial" in sys.argv))
