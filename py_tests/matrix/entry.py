"""One entry of the matrix: cases whose ids begin alike, read from the fixture's records.

It fails on a suite fault, an incomplete run, a line on which the two runs disagree (apart from
``time_ns``), or a record that ``judge`` does not give again; and on what is not as the shipped
lists of known deviations say: an unexpected one, another one, or one that is not there any more. A
deviation of the reference against itself fails whatever is expected.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

TIME = re.compile(r',"time_ns":\d+')
SHOWN = 10
OURS = re.compile(r"exchange/reference/reference/|(protocol|usage)/reference/")


def lines(path: Path, prefix: str) -> tuple[dict[str, str], bool]:
    """Return the case lines of ids that begin with ``prefix``, and whether there is a footer."""
    found: dict[str, str] = {}
    last = ""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            last = line
            if prefix in line:
                row = json.loads(line)
                if row["kind"] == "case" and row["id"].startswith(prefix):
                    found[row["id"]] = line
    return found, bool(last) and json.loads(last).get("kind") == "footer"


def difference(one: str, other: str | None) -> str:
    """Return what two lines of a case say differently, facts by name."""
    if other is None:
        return "the line is missing"
    rows = [{**json.loads(line), **json.loads(line).get("facts", {})} for line in (one, other)]
    keys = [key for key in {**rows[0], **rows[1]} if key not in ("facts", "time_ns")]
    told = [
        f"{key}: {rows[0].get(key, '-')} and {rows[1].get(key, '-')}"
        for key in keys
        if rows[0].get(key, "-") != rows[1].get(key, "-")
    ]
    return "; ".join(told) or "the same values, spelled in other bytes"


def problems(run_dir: Path, prefix: str, planned: int) -> tuple[list[str], list[str]]:
    """Return what is wrong, one line each, and the counts to print."""
    first, whole = lines(run_dir / "first.ndjson", prefix)
    second, whole_again = lines(run_dir / "second.ndjson", prefix)
    judged, _ = lines(run_dir / "judged.ndjson", prefix)
    wrong = []
    if not (whole and whole_again):
        wrong.append("incomplete: a run has no footer")
    for name, cases in (("first", first), ("second", second)):
        if len(cases) != planned:
            wrong.append(f"incomplete: the {name} run has {len(cases)} of {planned} planned cases")
    rows = {case: json.loads(line) for case, line in first.items()}
    for case, line in first.items():
        if rows[case]["verdict"] == "suite-fault":
            wrong.append(f"suite fault: {case}: {rows[case]['facts'].get('suite.fault')}")
        if case in second and TIME.sub("", second[case]) != TIME.sub("", line):
            wrong.append(f"the runs disagree: {case}: {difference(line, second[case])}")
        if judged.get(case) != line:
            again = judged.get(case)
            wrong.append(f"judge gives another record: {case}: {difference(line, again)}")
        if rows[case]["verdict"] == "deviates" and OURS.match(case):
            wrong.append(f"the reference deviates: {case}: {rows[case]['judged'][0]}")
    reviewed = json.loads((run_dir / "review.json").read_text(encoding="utf-8"))["review"]
    for red in reviewed["red"]:
        if red["case"] in first and red["kind"] != "suite-fault":
            entry = f" [{red['entry']}]" if red["entry"] else ""
            wrong.append(f"{red['kind']}: {red['case']}: {red['text']}{entry}")
    counts = [
        f"{axis}: " + ", ".join(f"{name} {count}" for name, count in counted.most_common())
        for axis in ("outcome", "verdict")
        if (counted := Counter(str(row[axis]) for row in rows.values()))
    ]
    return wrong, counts


def main(run_dir: str, prefix: str, planned: str) -> int:
    """Print counts and problems; 1 when there is a problem."""
    wrong, counts = problems(Path(run_dir), prefix, int(planned))
    print(f"{prefix}..., {planned} cases", *counts, sep="\n")
    print(*wrong[:SHOWN], sep="\n")
    if len(wrong) > SHOWN:
        print(f"and {len(wrong) - SHOWN} more")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
