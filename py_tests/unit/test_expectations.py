"""Files of expectations: what they may hold, and what is said where they hold something else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from dlpack_conformance.errors import ExpectationsError
from dlpack_conformance.report.expectations import load, parse, shipped
from expecting import CRASH, KNOWN, entry, records


def file(folder: Path, text: str, name: str = "mine.toml") -> Path:
    """Write a file of expectations."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> ExpectationsError:
    """What is said of a file that can't be used."""
    with pytest.raises(ExpectationsError) as error:
        load(file(folder, text))
    return error.value


def test_entry_has_what_the_file_says(tmp_path: Path) -> None:
    """Texts and lists of texts, a date, and the name of the entry: its file and number."""
    keys = {"verdict": "deviates", "rule": ["C-45", "R-10"], "some": True, "kind": "spec"}
    text = entry(["dtype=int8", "**/cpu"], **keys) + "review = 2027-01-31\n"

    (one,) = load(file(tmp_path, text)).entries

    assert one.name == "mine.toml:1"
    assert one.cases == ("dtype=int8", "**/cpu")
    assert one.rules == {"C-45", "R-10"}
    assert one.review == date(2027, 1, 31)
    assert one.some
    assert one.words == "deviates by C-45, R-10"


@pytest.mark.parametrize(
    ("text", "key", "said", "allowed"),
    [
        (entry(CRASH, verdict="conforms", colour="red"), "colour", "no key", "cases, why"),
        (entry(CRASH, verdict="conforms", outcome="shared"), "verdict, outcome", "both", "one"),
        (entry(CRASH), "verdict, outcome", "neither", "exactly one"),
        (entry(CRASH, verdict="conforms", why=None), "why", "missing", "why these"),
        (entry(CRASH, verdict="conforms", why="  "), "why", "empty", "why these"),
        (entry(CRASH, verdict="conforms", why=3), "why", "int", "a text"),
        (entry(CRASH, verdict="deviates"), "rule, reason", "neither", "at least one"),
        (entry(CRASH, verdict="wrong"), "verdict", "'wrong'", "deviates, permitted"),
        (entry(CRASH, verdict="suite-fault"), "verdict", "'suite-fault'", "deviates, permitted"),
        (entry(CRASH, outcome="died"), "outcome", "'died'", "crashed"),
        (entry(CRASH, verdict="deviates", rule="C-999"), "rule", "'C-999'", "dlconform rules"),
        (entry(CRASH, verdict="deviates", reason="bad"), "reason", "'bad'", "process-lost"),
        (entry(CRASH, verdict="conforms", kind="bug"), "kind", "'bug'", "library, spec"),
        (entry(CRASH, verdict="conforms", review="soon"), "review", "date", "2027-01-31"),
        (entry(CRASH, verdict="conforms", some="yes"), "some", "bool", "true or false"),
        (entry(CRASH, verdict="conforms", when={"alpha": "new"}), "when.alpha", "'new'", ">= 2"),
        (entry(CRASH, verdict="conforms", when={"alpha": ["<1"]}), "when.alpha", "text", ">= 2"),
        (entry("", verdict="conforms"), "cases", "no case", "a pattern"),
        (entry("alpha", verdict="conforms"), "cases", "'alpha'", "a pattern"),
        (entry("colour=red", verdict="conforms"), "cases", "colour", "a pattern"),
        (entry("dtype=int9", verdict="conforms"), "cases", "no dtype 'int9'", "int8"),
        (entry("dtype=int8|int9", verdict="conforms"), "cases", "no dtype 'int9'", "int8"),
        (entry("exchange/a/b", verdict="conforms"), "cases", "8 parts, not 2", "<producer>"),
        (entry("other/**", verdict="conforms"), "cases", "no case 'other'", "exchange"),
        (entry("protocol/a/C-99/*", verdict="conforms"), "cases", "no rule 'C-99'", "C-01"),
        (entry("exchange/**/moon", verdict="conforms"), "cases", "no device 'moon'", "cpu"),
        (entry("request=copy-maybe", verdict="conforms"), "cases", "copy-maybe", "plain"),
        (entry(["**", 3], verdict="conforms"), "cases", "int", "a pattern"),
    ],
)
def test_what_no_entry_may_have_is_refused(
    tmp_path: Path, text: str, key: str, said: str, allowed: str
) -> None:
    """File, number of the entry, key, what it is, and what is allowed."""
    error = refused(tmp_path, entry("**", verdict="conforms") + text)

    assert error.file.endswith("mine.toml")
    assert error.entry == 2
    assert error.key == key
    assert said in error.reason
    assert allowed in error.allowed
    assert "mine.toml: entry 2: " in str(error)


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("[[expect]\n", "file", "no TOML"),
        ("[[expect]]\nreview = 2027-13-01\n", "file", "no TOML"),
        ("title = 'x'\n", "title", "no key"),
        ("expect = 3\n", "expect", "no list of tables"),
        ("extends = 3\n", "extends", "is 3"),
        ("extends = 'none'\n", "extends", "none: no such file"),
        ("extends = 'mine.toml'\n", "extends", "circle"),
    ],
)
def test_what_no_file_may_have_is_refused(tmp_path: Path, text: str, key: str, said: str) -> None:
    """The same, of the file as a whole."""
    error = refused(tmp_path, text)

    assert (error.entry, error.key) == (0, key)
    assert said in error.reason


def test_missing_file_names_the_shipped_lists(tmp_path: Path) -> None:
    """A name may be a path or one of them."""
    with pytest.raises(ExpectationsError, match="no such file") as error:
        load(tmp_path / "none.toml")

    assert all(name in error.value.allowed for name in shipped())


def test_circle_over_two_files_is_named(tmp_path: Path) -> None:
    """The way round is in the text."""
    file(tmp_path, "extends = 'mine.toml'\n", "other.toml")

    assert "other.toml -> " in refused(tmp_path, "extends = 'other.toml'\n").reason


@pytest.mark.parametrize("text", [
    entry("exchange/\x1b[31m/**".replace("\x1b", "\\u001b"), verdict="conforms"),
    '[[expect]]\n"<script>\\u001b[2J" = 1\ncases = "**"\nwhy = "x"\nverdict = "conforms"\n',
    entry("**", verdict="\u001b[2J<b>"),
    entry("a" * 100_000 + "=1", verdict="conforms"),
    entry("exchange/**" + "/**" * 200 + "/int8/moon", verdict="conforms"),
])  # fmt: skip
def test_hostile_text_is_refused_without_its_control_characters(tmp_path: Path, text: str) -> None:
    """What a file says is quoted, so that a terminal does nothing but show it."""
    error = refused(tmp_path, text)

    assert "\x1b" not in str(error)
    assert error.entry == 1


def test_everything_that_is_wrong_is_said(tmp_path: Path) -> None:
    """A person mends a file once."""
    text = entry("dtype=int9", verdict="wrong") + entry("**") + KNOWN

    found, errors = parse(file(tmp_path, text))

    assert [(one.entry, one.key) for one in errors] == [
        (1, "cases"),
        (1, "verdict"),
        (2, "verdict, outcome"),
    ]
    assert len(found.entries) == 3


def test_entries_of_extends_come_first_and_each_file_once(tmp_path: Path) -> None:
    """A list that two files extend is read once, where it is met first."""
    file(tmp_path, entry("dtype=int8", verdict="conforms"), "base/base.toml")
    file(tmp_path, "extends = 'base/base.toml'\n" + entry("**", outcome="shared"), "left.toml")
    text = "extends = ['left.toml', 'base/base.toml']\n" + entry("dtype=bool", verdict="conforms")

    found = load(file(tmp_path, text))

    assert [one.name for one in found.entries] == [
        "base/base.toml:1",
        "left.toml:1",
        "mine.toml:1",
    ]


@pytest.mark.parametrize("name", shipped())
def test_shipped_list_says_why_whose_and_when(name: str) -> None:
    """Each entry has a reason, a kind and the versions that it was observed with."""
    for one in load(name).entries:
        assert len(one.why) > 40, one.name
        assert one.kind, one.name
        assert one.when, one.name


def test_shipped_lists_all_extend_into_one() -> None:
    """The list of everything pinned has every other one's entries."""
    every = {one.name for name in shipped() for one in load(name).entries}

    assert len(shipped()) > 1
    assert {one.name for one in load("pinned").entries} == every


@pytest.mark.parametrize(("when", "holds"), [
    ({}, True),
    ({"alpha": ">= 2.4, < 2.5"}, True),
    ({"alpha": "< 2.4"}, False),
    ({"beta": "== 1.13.0"}, True),
    ({"beta": "> 1.13.0"}, False),
    ({"gamma": "> 0.8"}, True),
    ({"gamma": "> 0.8, < 0.9"}, False),
    ({"delta": ">= 0"}, False),
    ({"python": ">= 3.11"}, True),
    ({"python": "< 3.11"}, False),
    ({"platform": "linux"}, True),
    ({"platform": ["darwin", "linux-x86_*"]}, True),
    ({"platform": "linux-aarch64"}, False),
    ({"configuration": "gamma+x64"}, True),
    ({"configuration": "alpha*"}, False),
    ({"alpha": ">= 2", "python": "< 3.11"}, False),
])  # fmt: skip
def test_when_is_asked_of_the_run(tmp_path: Path, when: dict[str, object], holds: bool) -> None:
    """Versions of packages and of Python, platform and configuration; all must hold."""
    (one,) = load(file(tmp_path, entry("**", verdict="conforms", when=when))).entries

    assert one.holds(records(tmp_path)) is holds
