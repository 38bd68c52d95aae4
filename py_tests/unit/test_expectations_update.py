"""Smallest patterns, and a file of expectations that is brought up to date with records."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from dlpack_conformance import modules
from dlpack_conformance.errors import ExpectationsError
from dlpack_conformance.report.expectation_update import Update, update
from dlpack_conformance.report.expectations import load, parse
from dlpack_conformance.report.review import review
from dlpack_conformance.report.smallest import Plan
from expecting import COPIED, CRASH, KNOWN, LOST, OWNED, PROBED, SHARED, entry, records

DTYPES = ("bool", "int8", "int16", "float32", "float64")
LAYOUTS = ("vector", "reversed", "reversed-rows", "scalar")
PLAN = [
    f"exchange/{producer}/{consumer}/from_dlpack/plain/{dtype}/{layout}/plain/cpu"
    for producer, consumer, dtype, layout in itertools.product("ab", "bc", DTYPES, LAYOUTS)
]
PLAN += [f"protocol/{library}/{rule}/one" for library in "abc" for rule in ("C-45", "T-27")]


def matched(patterns: list[str]) -> set[str]:
    """Cases of the plan that the patterns match."""
    last, _ = modules().core.assign([patterns], PLAN)
    return {case for case, at in zip(PLAN, last, strict=True) if at == 0}


@pytest.mark.parametrize(("query", "patterns"), [
    ("case=exchange,consumer=c,layout=reversed",
     ["exchange/*/c/from_dlpack/plain/*/reversed/plain/cpu"]),
    ("producer=a,consumer=c,layout=reversed*",
     ["exchange/a/c/from_dlpack/plain/*/reversed|reversed-rows/plain/cpu"]),
    ("protocol/*/T-27/one", ["protocol/*/T-27/one"]),
    ("protocol/b/**", ["protocol/b/*/one"]),
    ("protocol/b/T-27/one", ["protocol/b/T-27/one"]),
    ("library=b,dtype=bool,layout=scalar", [
        "exchange/*/b/from_dlpack/plain/bool/scalar/plain/cpu",
        "exchange/b/c/from_dlpack/plain/bool/scalar/plain/cpu",
    ]),
])  # fmt: skip
def test_patterns_are_few_and_say_nothing_of_what_was_not_seen(
    query: str, patterns: list[str]
) -> None:
    """A part that all cases have in common stays as it is; all texts of a part are ``*``."""
    wanted = matched([query])

    assert sorted(Plan(PLAN).patterns(wanted)) == sorted(patterns)


@pytest.mark.parametrize("seed", range(30))
def test_patterns_match_the_wanted_cases_and_no_other(seed: int) -> None:
    """Any cases, chosen by chance: never one more, never one less."""
    chance = random.Random(seed)
    wanted = chance.sample(PLAN, chance.randrange(1, len(PLAN)))

    found = Plan(PLAN).patterns(wanted)

    assert matched(found) == set(wanted)
    assert len(found) <= len(wanted)


def test_patterns_of_a_product_with_a_hole_leave_it_out() -> None:
    """The hole is the one case that does not crash."""
    wanted = matched(["consumer=c,layout=reversed*"])
    wanted.discard("exchange/a/c/from_dlpack/plain/bool/reversed/plain/cpu")

    found = Plan(PLAN).patterns(wanted)

    assert matched(found) == wanted
    assert len(found) <= 3


def updated(
    folder: Path, text: str | None, changes: dict[str, Any] | None = None, **options: Any
) -> Update:
    """What becomes of a file with this text, given the usual run."""
    path = folder / "mine.toml"
    if text is not None:
        path.write_text(text)
    return update(path, records(folder, changes), **options)


def reviewed(folder: Path, result: Update, changes: dict[str, Any] | None = None) -> Any:
    """What the run is worth once a person has given reasons."""
    path = folder / "mine.toml"
    path.write_text(result.text.replace('why = ""', 'why = "because"'))
    return review(records(folder, changes), load(path))


def test_new_file_expects_each_kind_of_deviation_once(tmp_path: Path) -> None:
    """Rule, reason and outcome are observed; why is for a person, and not made up."""
    result = updated(tmp_path, None)

    assert result.added == {1: 1, 2: 1, 3: 1}
    assert result.text.count('why = ""') == 3
    assert 'outcome = "crashed"\nrule = "C-45"\nreason = "process-lost"' in result.text
    assert "# 1 case, blamed: beta\n[[expect]]" in result.text
    assert reviewed(tmp_path, result).sentence == "nothing red; 3 as expected"


def test_entry_without_a_reason_is_refused_until_somebody_says_why(tmp_path: Path) -> None:
    """Check and run do not take it."""
    result = updated(tmp_path, None)
    path = tmp_path / "mine.toml"
    path.write_text(result.text)

    _, errors = parse(path)

    assert [(error.entry, error.key) for error in errors] == [(1, "why"), (2, "why"), (3, "why")]
    with pytest.raises(ExpectationsError, match="only a person knows why"):
        load(path)


def test_update_of_what_it_wrote_changes_nothing(tmp_path: Path) -> None:
    """Also before the reasons are there."""
    first = updated(tmp_path, None)
    second = updated(tmp_path, first.text)

    assert second.text == first.text
    assert (second.added, second.narrowed, second.left) == ({}, {}, [])


def test_cases_with_the_same_deviation_and_blame_are_one_entry(tmp_path: Path) -> None:
    """Another blame is another entry."""
    crashes = {"outcome": "crashed", "verdict": "deviates", "judged": LOST}
    other = {**crashes, "judged": [LOST[0] | {"blame": "producer"}]}

    result = updated(tmp_path, KNOWN, {SHARED: crashes, COPIED: other})

    assert result.added == {4: 1, 5: 1}
    assert "blamed: alpha" in result.text
    assert "blamed: beta" in result.text


def test_entries_comments_and_order_stay(tmp_path: Path) -> None:
    """What a person wrote is there, byte for byte, before what is new."""
    text = "# mine\n\n" + entry(CRASH, outcome="crashed", rule="C-45") + "# last words\n\n\n"

    result = updated(tmp_path, text)

    assert result.text.startswith(text.rstrip("\n") + "\n\n# 1 case")
    assert result.added == {2: 1, 3: 1}
    assert reviewed(tmp_path, result).reds == {}


def test_entry_that_holds_for_some_cases_keeps_those(tmp_path: Path) -> None:
    """Its reason, its comment and its place stay; only its cases change."""
    wide = entry("consumer=beta", outcome="crashed", rule="C-45", why="mine").replace(
        '"consumer=beta"', '"consumer=beta"  # wide'
    )

    result = updated(tmp_path, "# first\n" + wide + "\n" + KNOWN)
    alone = updated(tmp_path, "# first\n" + wide)

    assert (result.narrowed, result.added) == ({}, {})
    assert alone.narrowed == {1: 1}
    assert f'cases = "{CRASH}"  # wide\n' in alone.text
    assert 'why = "mine"' in alone.text
    assert reviewed(tmp_path, alone).reds == {}


def test_entry_that_holds_for_nothing_is_left_to_a_person(tmp_path: Path) -> None:
    """A reason that somebody wrote is never deleted."""
    clean = {CRASH: {"outcome": "refused", "verdict": "conforms", "judged": ["C-45"]}}

    result = updated(tmp_path, KNOWN, clean)

    assert result.text == KNOWN.rstrip("\n") + "\n"
    assert result.left == ["mine.toml:1 holds for none of its cases: remove it"]


def test_stale_entry_is_named(tmp_path: Path) -> None:
    """It does no harm, and says nothing."""
    result = updated(tmp_path, entry(CRASH, outcome="hung") + KNOWN)

    assert result.left == ["mine.toml:1 speaks about no case: remove it"]


def test_entry_of_an_extended_file_is_overruled(tmp_path: Path) -> None:
    """That file is another's: what is seen now is said in this one."""
    (tmp_path / "base.toml").write_text(KNOWN)
    clean = {OWNED: {"outcome": "shared", "verdict": "conforms", "judged": ["R-10"]}}

    result = updated(tmp_path, "extends = 'base.toml'\n", clean)

    assert result.added == {1: 1}
    assert f'cases = "{OWNED}"\nverdict = "conforms"' in result.text
    assert reviewed(tmp_path, result, clean).reds == {}


def test_extended_file_of_the_same_name_is_another(tmp_path: Path) -> None:
    """Numbers of its entries are not ours."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "mine.toml").write_text(KNOWN)
    own = entry(SHARED, outcome="shared", why="mine")
    clean = {OWNED: {"outcome": "shared", "verdict": "conforms", "judged": ["R-10"]}}

    result = updated(tmp_path, "extends = 'base/mine.toml'\n" + own, clean)

    assert (result.narrowed, result.added) == ({}, {2: 1})
    assert f'cases = "{SHARED}"' in result.text


def test_target_adds_only_what_counts(tmp_path: Path) -> None:
    """Another library's deviations are not this file's business."""
    assert updated(tmp_path, None, target="alpha").added == {}
    assert len(updated(tmp_path, None, target="beta").added) == 3


def test_fault_of_the_suite_is_never_expected(tmp_path: Path) -> None:
    """It is ours to mend."""
    fault = {PROBED: {"verdict": "suite-fault", "judged": []}}

    assert PROBED not in updated(tmp_path, None, fault).text


def test_file_that_can_not_be_used_is_refused(tmp_path: Path) -> None:
    """Only an empty reason is let through."""
    with pytest.raises(ExpectationsError, match="dtype"):
        updated(tmp_path, entry("dtype=int9", verdict="conforms"))
