"""What changed between two runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import report_synthetic as synthetic
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.diff import Change, changes, groups


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


def test_groups_hold_every_change_and_put_the_gravest_first(
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
    assert made[0].kind == "verdict"
    assert made[0].before == "crashed, deviates (C-45 process-lost)"
    assert made[0].after == "refused, conforms"


def test_only_shared_that_became_copied_stopped_sharing() -> None:
    """Any other change of outcome is another class."""
    assert Change("x", "outcome", "shared, conforms", "copied, conforms").stopped_sharing
    assert not Change("x", "outcome", "copied, conforms", "shared, conforms").stopped_sharing
    assert not Change("x", "outcome", "shared, conforms", "refused, conforms").stopped_sharing
