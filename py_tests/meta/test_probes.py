"""Lint between probes and rules: every rule has a case or says why, every probe has its rule."""

from __future__ import annotations

import re

import pytest
from dlpack_conformance import modules
from dlpack_conformance.engine.discover import find_libraries, find_probes
from dlpack_conformance.probes import Probe

core, _ = modules()
PART = re.compile(r"[A-Za-z0-9_.+-]+")
RULES = {row["id"]: row for row in core.rules()}
GROUPS = {"H": 18, "T": 34, "P": 53, "C": 57, "X": 33, "S": 24, "R": 60}


def probes() -> dict[tuple[str, str], Probe]:
    """All probes, those of single libraries included."""
    found: dict[tuple[str, str], Probe] = {}
    for library in find_libraries().values():
        found |= find_probes(library)
    return found


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_requirement_has_a_row(group: str) -> None:
    """The numbers of a group have no gap and no row beyond."""
    rows = sorted(rule for rule in RULES if rule.startswith(f"{group}-"))

    assert rows == [f"{group}-{number:02}" for number in range(1, GROUPS[group] + 1)]


def test_every_rule_has_cases_or_says_why_it_has_none() -> None:
    """A rule that is judged in no kind of case has the reason, and no other rule has one."""
    for rule, row in RULES.items():
        assert bool(row["judged_in"]) != bool(row["untestable"]), rule


def test_every_probe_is_about_a_rule_of_protocol_cases() -> None:
    """A probe that nobody judges is a mistake, like one with a rule that is not there."""
    for rule, variant in probes():
        assert rule in RULES, (rule, variant)
        assert "protocol" in RULES[rule]["judged_in"], (rule, variant)


def test_every_rule_of_protocol_cases_has_a_probe() -> None:
    """A rule of the table that is never asked proves nothing."""
    probed = {rule for rule, _ in probes()}

    missing = [r for r, row in RULES.items() if "protocol" in row["judged_in"] and r not in probed]
    assert missing == []


def test_probes_have_variants_that_ids_can_hold_and_say_what_they_do() -> None:
    """A variant is a part of a case's id; the text is what a reader gets."""
    for (rule, variant), probe in probes().items():
        assert PART.fullmatch(variant), (rule, variant)
        assert probe.text.strip(), (rule, variant)


def test_malformed_input_and_valid_input_are_both_there() -> None:
    """The two are kept apart by a mark, so each must occur."""
    marks = {probe.malformed for probe in probes().values()}

    assert marks == {True, False}


def test_at_least_170_rules_have_cases_on_a_cpu() -> None:
    """Exchange and protocol cases together."""
    assert sum(bool(row["judged_in"]) for row in RULES.values()) >= 170
