"""A run compared with what was expected: what is red, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dlpack_conformance import modules
from dlpack_conformance.report import Records, read
from dlpack_conformance.report.expectations import Expectations, load
from dlpack_conformance.report.review import Review, review
from expecting import (
    COPIED,
    CRASH,
    KNOWN,
    LOST,
    OWNED,
    PROBED,
    PROMISE,
    SHARED,
    WRONG_ERROR,
    entry,
    records,
    write,
)


def known(folder: Path, *texts: str) -> Expectations:
    """Expectations of these texts."""
    (folder / "mine.toml").write_text("\n".join(texts))
    return load(folder / "mine.toml")


def compared(
    folder: Path, changes: dict[str, Any] | None = None, *texts: str, **options: Any
) -> Review:
    """The usual run with changes, compared with what the texts expect."""
    return review(records(folder, changes), known(folder, *texts), **options)


def kinds(found: Review) -> dict[str, str]:
    """Kinds of red by case."""
    return {case: red.kind for case, red in found.reds.items()}


def test_run_that_shows_what_is_expected_has_nothing_red(tmp_path: Path) -> None:
    """Crashes like anything else; each with the entry, its reason and where it is reported."""
    found = compared(tmp_path, None, KNOWN)

    assert found.reds == {}
    assert found.stale == ()
    assert list(found.expected) == [CRASH, OWNED, PROBED]
    crash = found.expected[CRASH]
    assert (crash.entry, crash.issue, crash.kind) == ("mine.toml:1", "issue 1", "library")


def test_without_expectations_every_deviation_is_red(tmp_path: Path) -> None:
    """With rule, reason, and who is blamed."""
    found = review(records(tmp_path))

    assert kinds(found) == dict.fromkeys([CRASH, OWNED, PROBED], "deviation")
    assert "C-45 (process-lost), blamed: beta" in found.reds[CRASH].text
    assert not found.expecting


@pytest.mark.parametrize(
    ("case", "change", "kind", "said"),
    [
        (SHARED, {"verdict": "deviates", "judged": LOST}, "deviation", "nothing expects it"),
        (CRASH, {"outcome": "refused", "verdict": "conforms", "judged": ["C-45"]}, "vanished",
         "refused, conforms; expected: crashed, deviates by C-45"),
        (CRASH, {"outcome": "hung"}, "other", "hung, deviates by C-45"),
        (CRASH, {"judged": LOST + PROMISE}, "other", "R-10 (promise-shares)"),
        (OWNED, {"judged": LOST}, "other", "C-45 (process-lost)"),
        (OWNED, {"judged": [PROMISE[0] | {"reason": "promise-copies"}]}, "other",
         "promise-copies"),
        (OWNED, {"outcome": "not-run", "verdict": "not-judged", "judged": [],
                 "reason": "device-absent"}, "vanished", "not-run"),
        (PROBED, {"verdict": "undecided", "judged": []}, "vanished", "undecided"),
    ],
)  # fmt: skip
def test_anything_else_is_red(
    tmp_path: Path, case: str, change: dict[str, Any], kind: str, said: str
) -> None:
    """New, changed and vanished deviations, with what was seen and what was expected."""
    found = compared(tmp_path, {case: change}, KNOWN)

    assert kinds(found) == {case: kind}
    assert said in found.reds[case].text
    assert "\n" not in found.reds[case].text
    assert case not in found.expected


def test_entry_of_two_rules_wants_both(tmp_path: Path) -> None:
    """One that is missing is named."""
    text = entry(CRASH, outcome="crashed", rule=["C-45", "R-10"])

    assert compared(tmp_path, {CRASH: {"judged": LOST + PROMISE}, OWNED: None, PROBED: None},
                    text).reds == {}  # fmt: skip
    red = compared(tmp_path, {OWNED: None, PROBED: None}, text).reds[CRASH]
    assert red.kind == "vanished"
    assert "missing: R-10" in red.text


def test_outcome_alone_expects_no_deviation(tmp_path: Path) -> None:
    """A crash over valid input deviates, and the rule has to be named."""
    found = compared(tmp_path, {OWNED: None, PROBED: None}, entry(CRASH, outcome="crashed"))

    assert kinds(found) == {CRASH: "other"}


def test_crash_that_nobody_is_judged_for_can_be_expected(tmp_path: Path) -> None:
    """An outcome without a deviation, as malformed input gives it."""
    change = {"verdict": "undecided", "judged": []}
    changes = {CRASH: change, OWNED: None, PROBED: None}

    found = compared(tmp_path, changes, entry(CRASH, outcome="crashed"))

    assert found.reds == {}
    assert list(found.expected) == [CRASH]


@pytest.mark.parametrize("rule", ["C-23", None])
def test_verdict_other_than_deviates_can_be_expected(tmp_path: Path, rule: str | None) -> None:
    """With or without its rule; the same entry is red where the case conforms."""
    text = entry(SHARED, verdict="permitted", rule=rule)
    change = {"outcome": "refused", "verdict": "permitted", "judged": WRONG_ERROR}

    assert SHARED in compared(tmp_path, {SHARED: change}, KNOWN, text).expected
    assert kinds(compared(tmp_path, None, KNOWN, text)).keys() == {SHARED}


def test_last_matching_entry_speaks(tmp_path: Path) -> None:
    """A later entry takes single cases out of an earlier one."""
    wide = entry("consumer=beta", verdict="conforms")

    assert compared(tmp_path, None, wide, KNOWN).reds == {}
    assert kinds(compared(tmp_path, None, KNOWN, wide)) == {CRASH: "other", OWNED: "other"}


def test_own_file_speaks_after_what_it_extends(tmp_path: Path) -> None:
    """A fixed build says that a known deviation is gone."""
    (tmp_path / "base.toml").write_text(KNOWN)
    text = "extends = 'base.toml'\n" + entry(OWNED, verdict="conforms")
    change = {OWNED: {"outcome": "shared", "verdict": "conforms", "judged": ["R-10"]}}

    assert compared(tmp_path, change, text).reds == {}
    assert kinds(compared(tmp_path, None, text)) == {OWNED: "other"}


def test_entry_that_speaks_about_no_case_is_stale(tmp_path: Path) -> None:
    """A later entry speaks about its cases; patterns and reason are told."""
    found = compared(tmp_path, None, entry(CRASH, outcome="hung", why="slow"), KNOWN)

    assert found.reds == {}
    assert [(one.entry, one.cases, one.why) for one in found.stale] == [
        ("mine.toml:1", CRASH, "slow")
    ]


@pytest.mark.parametrize("text", [
    entry(CRASH, outcome="hung", when={"alpha": "< 2"}),
    entry("dtype=complex64", outcome="hung"),
])  # fmt: skip
def test_entry_that_is_not_meant_here_is_not_stale(tmp_path: Path, text: str) -> None:
    """Of other versions, or of cases that this plan does not have."""
    assert compared(tmp_path, None, text, KNOWN).stale == ()


def test_shard_judges_neither_staleness_nor_some(tmp_path: Path) -> None:
    """Only all shards together can tell."""
    texts = (entry(CRASH, outcome="hung"), KNOWN,
             entry(SHARED, verdict="deviates", rule="C-36", some=True))  # fmt: skip
    expectations = known(tmp_path, *texts)

    shard = review(records(tmp_path, shard={"number": 1, "count": 3, "planned": 12}), expectations)
    whole = review(records(tmp_path), expectations)

    assert (shard.reds, shard.stale) == ({}, ())
    assert (kinds(whole), len(whole.stale)) == ({SHARED: "vanished"}, 1)


def test_some_allows_clean_cases_but_not_all(tmp_path: Path) -> None:
    """Those that show it are expected; other deviations stay red."""
    text = entry("consumer=beta,route=from_dlpack", verdict="deviates", rule="C-45", some=True)
    rest = {OWNED: None, PROBED: None}
    clean = {"outcome": "shared", "verdict": "conforms", "judged": ["C-45"]}

    some = compared(tmp_path, rest, text)
    none = compared(tmp_path, {**rest, CRASH: clean}, text)
    other = compared(tmp_path, {**rest, SHARED: {"verdict": "deviates", "judged": PROMISE}}, text)

    assert (some.reds, list(some.expected)) == ({}, [CRASH])
    assert kinds(none) == {SHARED: "vanished"}
    assert "of some of 3 cases" in none.reds[SHARED].text
    assert kinds(other) == {SHARED: "other"}


@pytest.mark.parametrize(("target", "red"), [
    ("beta", {CRASH, OWNED, PROBED}),
    ("alpha", set()),
    ("nobody", set()),
])  # fmt: skip
def test_target_counts_what_is_blamed_on_it_and_its_routes(
    tmp_path: Path, target: str, red: set[str]
) -> None:
    """A route counts for the library that owns it, a protocol case for its library."""
    assert set(review(records(tmp_path), target=target).reds) == red


@pytest.mark.parametrize("target", ["alpha", "beta"])
def test_target_counts_what_is_blamed_on_its_pair(tmp_path: Path, target: str) -> None:
    """Nobody knows which of both it was."""
    pair = [PROMISE[0] | {"blame": "pair"}]
    found = review(records(tmp_path, {OWNED: {"judged": pair}}), target=target)

    assert OWNED in found.reds


def test_target_does_not_need_another_librarys_deviations_listed(tmp_path: Path) -> None:
    """In a case in which both deviate, only its own has to be expected."""
    own = {"rule": "C-42", "verdict": "deviates", "reason": "result-differs", "blame": "producer"}
    text = entry(CRASH, verdict="deviates", rule="C-42")
    changes = {CRASH: {"judged": [*LOST, own]}}

    assert compared(tmp_path, changes, text, target="alpha").reds == {}
    assert kinds(compared(tmp_path, changes, text, target="beta"))[CRASH] == "other"


def test_new_rule_is_listed_and_not_counted(tmp_path: Path) -> None:
    """For the release that brought it; an entry that names it shows nothing yet."""
    found = compared(tmp_path, None, KNOWN, advisory=["T-27"])
    without = review(records(tmp_path), advisory=["C-45", "R-10", "T-27"])

    assert kinds(found) == {}
    assert list(found.advisory) == [PROBED]
    assert without.reds == {}
    assert list(without.advisory) == [CRASH, OWNED, PROBED]


def test_rules_say_which_release_brought_them(tmp_path: Path, monkeypatch: Any) -> None:
    """A rule that came with 0.2 is advisory in every 0.2, and counted from 0.3 on."""
    core = modules().core
    rules = [row | {"added": "0.2" if row["id"] == "C-45" else ""} for row in core.rules()]
    monkeypatch.setattr(core, "rules", lambda: rules)
    counted = {
        release: CRASH in review(records(tmp_path, suite=release)).reds
        for release in ("0.1.0", "0.2.0", "0.2.3", "0.3.0")
    }

    assert counted == {"0.1.0": True, "0.2.0": False, "0.2.3": False, "0.3.0": True}


def test_rules_of_the_first_release_are_all_counted() -> None:
    """A release is two numbers, or nothing for the first one."""
    for row in modules().core.rules():
        assert row["added"] == "" or row["added"].split(".")[:2] > ["0", "1"], row["id"]


@pytest.fixture
def before(tmp_path: Path) -> Records:
    """The usual run, as a baseline."""
    return read(write(tmp_path / "before.ndjson"))


def test_baseline_of_the_same_lines_has_nothing_red(tmp_path: Path, before: Records) -> None:
    """Alone, and with expectations; alone, what deviates as before is as expected."""
    alone = review(records(tmp_path), None, before)

    assert alone.reds == {}
    assert list(alone.expected) == [CRASH, OWNED, PROBED]
    assert "before.ndjson" in alone.expected[CRASH].why
    assert compared(tmp_path, None, KNOWN, baseline=before).reds == {}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("case", "change"), [
    (SHARED, {"outcome": "copied"}),
    (SHARED, {"modifiers": ["leak"]}),
    (SHARED, {"verdict": "undecided"}),
    (CRASH, {"outcome": "refused", "verdict": "conforms", "judged": ["C-45"]}),
])  # fmt: skip
def test_any_change_since_the_baseline_is_red(
    tmp_path: Path, before: Records, case: str, change: dict[str, Any], alone: bool
) -> None:
    """Allowed both times or not, better or worse, whatever else is expected."""
    after = records(tmp_path, {case: change})
    accepts = entry(case, outcome=change.get("outcome", "shared"))

    found = review(after, None if alone else known(tmp_path, KNOWN, accepts), before)

    assert kinds(found) == {case: "changed"}
    assert "before.ndjson" in found.reds[case].text


def test_deviation_by_another_rule_is_red_with_a_baseline_alone(
    tmp_path: Path, before: Records
) -> None:
    """Outcome and verdict are the same, what deviates is not."""
    found = review(records(tmp_path, {OWNED: {"judged": LOST}}), None, before)

    assert kinds(found) == {OWNED: "deviation"}
    assert "the baseline has no such deviation" in found.reds[OWNED].text


def test_new_and_gone_cases_are_named(tmp_path: Path, before: Records) -> None:
    """They are no change; a new case that deviates is red."""
    bad = SHARED.replace("int8", "bool")
    clean = SHARED.replace("int8", "uint8")
    changes = {COPIED: None, clean: {}, bad: {"verdict": "deviates", "judged": LOST}}

    found = review(records(tmp_path, changes), None, before)

    assert found.gone == (COPIED,)
    assert set(found.new) == {clean, bad}
    assert kinds(found) == {bad: "deviation"}


def test_fault_of_the_suite_is_red_whatever_is_expected(tmp_path: Path) -> None:
    """It counts as a fault, never as a deviation."""
    fault = {"verdict": "suite-fault", "judged": [], "facts": {"suite.fault": "boom\nmore"}}

    found = compared(tmp_path, {SHARED: fault}, KNOWN, entry(SHARED, outcome="shared"))

    assert [red.case for red in found.faults] == [SHARED]
    assert found.failed == []
    assert found.reds[SHARED].text.endswith("boom")


@pytest.mark.parametrize("with_baseline", [True, False])
def test_hostile_text_of_records_is_one_harmless_line(
    tmp_path: Path, before: Records, with_baseline: bool
) -> None:
    """What a file holds can move no cursor."""
    hostile = [LOST[0] | {"reason": "\x1b[2J\nred\r"}]
    changes = {SHARED: {"verdict": "deviates", "judged": hostile}}

    found = review(records(tmp_path, changes), None, before if with_baseline else None)

    assert found.reds[SHARED].text.isprintable()
    assert "?[2J?red?" in found.reds[SHARED].text


def test_reds_are_in_the_order_of_the_records(tmp_path: Path) -> None:
    """Whichever entry spoke about them."""
    changes = {SHARED: {"verdict": "deviates", "judged": LOST}, CRASH: {"outcome": "hung"}}

    assert list(compared(tmp_path, changes, KNOWN).reds) == [SHARED, CRASH]


def test_sentence_counts_everything(tmp_path: Path, before: Records) -> None:
    """One line for people."""
    texts = (entry(CRASH, outcome="hung"), KNOWN)
    found = compared(tmp_path, {SHARED: {"outcome": "copied"}}, *texts, baseline=before)

    assert found.sentence == "1 red (1 changed); 3 as expected; 1 stale expectation"
