"""What changed between two runs."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import report_synthetic as synthetic
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.diff import Change, Difference, changes, groups
from dlpack_conformance.report.diff_faces import html

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def edited(path: Path, edit: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Records:
    """Write the synthetic run again with each case as ``edit`` gives it, and read it."""
    rows = [json.loads(line) for line in synthetic.write(path).read_text().splitlines()]
    kept = [edit(row) if row["kind"] == "case" else row for row in rows]
    present = [row for row in kept if row is not None]
    present[-1]["cases"] = sum(row["kind"] == "case" for row in present)
    path.write_text("".join(json.dumps(row) + "\n" for row in present))
    return read(path)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(tmp_path_factory.mktemp("before") / "run.ndjson"))


def first(records: Records, outcome: str) -> str:
    """Id of the first case with an outcome."""
    return next(case.id for case in records.cases if case.outcome == outcome)


def test_diff_of_a_run_with_itself_is_empty(before: Records) -> None:
    """The same lines are no change."""
    assert list(changes(before, before)) == []
    assert groups(changes(before, before)) == []


def test_diff_names_new_and_gone_cases(before: Records, tmp_path: Path) -> None:
    """A case that only one run has is gone one way and new the other."""
    wanted = first(before, "shared")
    after = edited(tmp_path / "run.ndjson", lambda row: None if row["id"] == wanted else row)

    (gone,) = changes(before, after)
    (new,) = changes(after, before)

    assert (gone.id, gone.kind, gone.after) == (wanted, "gone", "")
    assert (new.id, new.kind, new.before) == (wanted, "new", "")


def test_diff_tells_verdict_from_outcome_from_reason(before: Records, tmp_path: Path) -> None:
    """The gravest change of a case names it."""
    crashed, shared, refused = (first(before, name) for name in ("crashed", "shared", "refused"))

    def edit(row: dict[str, Any]) -> dict[str, Any]:
        if row["id"] == crashed:
            return row | {"verdict": "undecided"}
        if row["id"] == shared:
            return row | {"outcome": "copied"}
        if row["id"] == refused:
            return row | {"judged": [row["judged"][0] | {"reason": "refusal-open"}]}
        return row

    found = {change.id: change for change in changes(before, edited(tmp_path / "r.ndjson", edit))}

    assert {key: change.kind for key, change in found.items()} == {
        crashed: "verdict",
        shared: "outcome",
        refused: "reason",
    }
    assert found[shared].stopped_sharing
    assert not found[crashed].stopped_sharing


def test_groups_hold_every_change_and_put_lost_sharing_and_verdicts_first(
    before: Records, tmp_path: Path
) -> None:
    """Cases of one pair and route that changed alike are one line."""

    def edit(row: dict[str, Any]) -> dict[str, Any]:
        if row["outcome"] == "crashed":
            return row | {"outcome": "refused", "verdict": "conforms", "judged": ["C-45"]}
        return row | {"outcome": "copied"} if row["outcome"] == "shared" else row

    found = list(changes(before, edited(tmp_path / "run.ndjson", edit)))
    made = groups(found)

    assert sum(group.count for group in made) == len(found)
    assert len(made) < len(found)
    kinds = list(dict.fromkeys(group.kind for group in made))
    assert kinds == ["stopped-sharing", "verdict"]
    lost = next(group for group in made if group.kind == "verdict")
    assert lost.before == "crashed, deviates (C-45 process-lost)"
    assert lost.after == "refused, conforms"


@pytest.mark.parametrize(
    ("before", "after", "stopped"),
    [
        ("shared, conforms", "copied, conforms", True),
        ("shared, conforms", "copied, permitted (C-36 copied-unasked)", True),
        ("shared +flag-wrong, undecided (P-1 open)", "copied +leak, undecided (P-1 open)", True),
        ("copied, conforms", "shared, conforms", False),
        ("shared, conforms", "refused, conforms", False),
        ("shared, conforms", "copied, deviates (R-10 promise-shares)", False),
        ("shared, deviates (C-36 x)", "copied, conforms", False),
        ("", "copied, conforms", False),
    ],
)
def test_allowed_both_times_but_shared_became_copied(
    before: str, after: str, stopped: bool
) -> None:
    """A class of its own, whatever else changed; what some rule forbids is a matter of verdicts."""
    change = Change("x", "verdict", before, after)

    assert change.stopped_sharing is stopped
    assert change.sort == ("stopped-sharing" if stopped else "verdict")


def test_difference_counts_what_changed_and_what_did_not(before: Records, tmp_path: Path) -> None:
    """Kinds in their order, unchanged cases, and the versions that differ."""
    shared, gone = first(before, "shared"), before.cases[-1].id

    def edit(row: dict[str, Any]) -> dict[str, Any] | None:
        if row["id"] == gone:
            return None
        return row | {"outcome": "copied"} if row["id"] == shared else row

    after = edited(tmp_path / "run.ndjson", edit)
    after.header["census"]["libraries"]["beta"]["versions"]["beta"] = "1.1"
    found = Difference(before, after)

    assert found.counts == {"stopped-sharing": 1, "gone": 1}
    assert found.unchanged == len(before.cases) - 2
    assert found.versions == {"beta": ["1.0", "1.1"]}
    assert found.sentence == (
        f"beta 1.0 -> 1.1: 1 stopped-sharing, 1 gone, {found.unchanged:,} unchanged"
    )


HOSTILE = "<script>alert(1)</script> | `x`\n# y \x1b[31m"


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Return two files: sharing that stopped, a new verdict with a hostile reason."""

    def edit(row: dict[str, Any]) -> dict[str, Any]:
        if row["outcome"] == "shared":
            return row | {"outcome": "copied"}
        if row["outcome"] == "crashed":
            return row | {"judged": [row["judged"][0] | {"reason": HOSTILE}]}
        return row

    edited(tmp_path / "after.ndjson", edit)
    return synthetic.write(tmp_path / "before.ndjson"), tmp_path / "after.ndjson"


def test_diff_prints_the_class_of_lost_sharing_first(
    dlconform: Run, two: tuple[Path, Path]
) -> None:
    """On the terminal; the sentence is chatter, and the exit code is 0 whatever it found."""
    done = dlconform("diff", *two)
    kinds = [line.split()[0] for line in done.stdout.splitlines() if line.strip()][2:]

    assert done.returncode == 0
    assert kinds[0] == "stopped-sharing"
    assert "unchanged" in done.stderr


def test_diff_as_json_has_every_case_and_the_counts(dlconform: Run, two: tuple[Path, Path]) -> None:
    """What a script reads."""
    document = json.loads(dlconform("diff", *two, "--format", "json").stdout)
    kinds = [change["change"] for change in document["changes"]]

    assert document["counts"] == {name: kinds.count(name) for name in ("stopped-sharing", "reason")}
    assert document["stopped_sharing"] == document["counts"]["stopped-sharing"] > 0
    assert document["unchanged"] + len(kinds) == len(read(two[0]).cases)


def test_diff_as_markdown_is_tables_in_which_nothing_is_active(
    dlconform: Run, two: tuple[Path, Path], tmp_path: Path
) -> None:
    """Each row has the cells of its head; a reason is no HTML and no table of its own."""
    assert dlconform("diff", *two, "--format", "markdown", "--out", "d.md").returncode == 0
    text = (tmp_path / "d.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")]

    assert text.index("## Allowed both times, but shared became copied") < text.index(
        "## Another reason"
    )
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {7}
    assert "<script" not in text
    assert "\x1b" not in text


def test_diff_page_is_one_file_that_loads_nothing(
    dlconform: Run, two: tuple[Path, Path], tmp_path: Path
) -> None:
    """The house's style inside, no script at all, hostile texts escaped, the kinds in order."""
    assert dlconform("diff", *two, "--format", "html", "--out", "d.html").returncode == 0
    page = (tmp_path / "d.html").read_text()

    assert "default-src 'none'; style-src 'sha256-" in page
    assert not re.findall(r"<(?:script|link|img|iframe)|(?:src|href)=\"(?!#)", page)
    assert "&lt;script&gt;alert(1)" in page
    assert page.index('<h2 id="stopped-sharing">') < page.index('<h2 id="reason">')


def test_diff_page_lists_some_cases_of_a_group_and_counts_the_others(
    two: tuple[Path, Path],
) -> None:
    """A page of a hundred thousand ids helps nobody; where the others are is said."""
    found = Difference(read(two[0]), read(two[1]))
    assert "has all" not in html(found)
    group = found.groups[0]
    group.ids[:] = [group.first] * 777

    assert html(found).count(f"<code>{group.first}</code>") == 1 + 200
    assert "and 577 more; <code>--format json</code> has all" in html(found)


def test_diff_says_what_is_wrong_with_its_files(dlconform: Run, tmp_path: Path) -> None:
    """Incomplete, one shard, another catalogue: said before the changes, in each form."""
    shard = {"number": 1, "count": 2, "planned": 9}
    old = synthetic.write(tmp_path / "a.ndjson", footer=False)
    new = synthetic.write(tmp_path / "b.ndjson", shard=shard, catalogue="other")
    done = dlconform("diff", old, new, "--format", "json")

    said = json.loads(done.stdout)["warnings"]
    assert done.returncode == 0
    assert [text.split()[0] for text in said] == ["a.ndjson", "b.ndjson", "another"]
    assert "is shard 1 of 2 of its run" in said[1]
    assert all(text in done.stderr for text in said)


def test_diff_refuses_a_file_for_the_terminal(dlconform: Run, two: tuple[Path, Path]) -> None:
    """``--out`` is for the forms that are files."""
    done = dlconform("diff", *two, "--out", "x")

    assert done.returncode == 4
    assert "--format" in done.stderr
