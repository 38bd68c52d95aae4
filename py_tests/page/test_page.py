"""The page in a real browser, opened from file:// without a network."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
import report_synthetic as synthetic
from browser import Browser, Page
from dlpack_conformance import modules
from dlpack_conformance.report import Records, find, read, summary, write_html
from dlpack_conformance.report.proof import COUNTS, read_proof

CHECKS = (Path(__file__).parent / "checks.js").read_text()
CRASH = "exchange/alpha/beta/from_dlpack/plain/float32/reversed/plain/cpu"
HOSTILE = "exchange/beta/alpha/from_dlpack/plain/complex64/matrix/plain/cpu"
VIEWS = (
    "overview",
    "cases",
    "claims",
    "rules",
    "rules/C-45",
    "rules/C-50",
    "method",
    "not-run",
    "environment",
    "pair/alpha/beta/from_dlpack/plain/plain",
    CRASH,
    HOSTILE,
)


@pytest.mark.parametrize("view", VIEWS)
def test_page_shows_every_view_without_a_complaint(page: Page, page_file: Path, view: str) -> None:
    """No error, no refused load, and nothing is asked for but the file itself."""
    page.go(view)

    assert len(page.text("#view")) > 100
    assert page.complaints == []
    assert set(page.requests) == {page_file.as_uri()}


def test_page_says_the_verdict_first(page: Page, records: Records) -> None:
    """The verdict sentence is the first heading, and the title."""
    said = summary(records)

    assert page.text("h1") == said.headline
    assert said.headline in str(page.value("document.title"))


def test_page_without_a_footer_has_a_banner(browser: Browser, tmp_path: Path) -> None:
    """A run that did not end is called incomplete on every view."""
    path = tmp_path / "index.html"
    write_html(read(synthetic.write(tmp_path / "run.ndjson", footer=False)), path)
    page = browser.open(path.as_uri())
    page.go(CRASH)

    assert "Incomplete run" in page.text(".banner")


def test_matrix_counts_the_cases_of_a_pair(page: Page, records: Records) -> None:
    """A cell of the matrix says how often each outcome was seen between the two."""
    label = page.value(
        "document.querySelector('.matrix a[aria-label^=\"alpha to beta\"]').ariaLabel"
    )
    pair = [
        c
        for c in records.cases
        if c.axes.get("producer") == "alpha" and c.axes.get("consumer") == "beta"
    ]
    counts = Counter(case.outcome for case in pair)

    assert {
        part.split()[1]: int(part.split()[0]) for part in label.split(": ")[1].split(", ")
    } == counts


@pytest.mark.parametrize(
    "query",
    [
        "producer=alpha",
        "producer=alpha,consumer=beta outcome=crashed",
        "dtype=*32 layout=*rows",
        "library=beta source=readonly",
        "exchange/alpha/**",
        "exchange/alpha/**/readonly/cpu",
        "exchange/*/*/beta.*/**",
        "**/complex64/**/cpu",
        "reason=process-*",
        "modifier=wrong-error",
        "rule=C-42",
        "C-36=conforms consumer=alpha",
        "usage/*/rebinding/*",
        "case=usage",
    ],
)
def test_filter_finds_what_the_command_line_finds(page: Page, records: Records, query: str) -> None:
    """The page and `dlconform` read one query language."""
    page.go(f"cases/{quote(query, safe='')}")
    found = find(records, [query])

    assert found
    assert page.text("#view strong").split()[0] == f"{len(found):,}"


def test_filter_says_what_is_wrong_with_a_query(page: Page) -> None:
    """An unknown key is an error, not an empty answer."""
    page.go("cases/" + quote("colour=red", safe=""))

    assert "colour" in page.text(".error")


def test_filter_works_while_one_types(page: Page, records: Records) -> None:
    """Each key pressed filters again."""
    page.go("cases")
    page.value("document.querySelector('input').focus()")
    page.call("Input.insertText", text="outcome=crashed")

    assert page.text("#view strong").split()[0] == f"{len(find(records, ['outcome=crashed'])):,}"


def test_rules_page_lists_all_rules_and_searches_while_one_types(page: Page) -> None:
    """Rules without a case are there, too; each word has to be in the row."""
    page.go("rules")
    every = page.value("document.querySelectorAll('#view tbody tr').length")
    page.value("document.querySelector('#rule-search').focus()")
    page.call("Input.insertText", text="C-45 process")

    assert every == len(modules().core.rules())
    assert page.value("document.querySelectorAll('#view tbody tr').length") == 1
    assert "C-45" in page.text("#view tbody")


def test_rule_page_has_text_source_cases_and_who_does_otherwise(page: Page) -> None:
    """One page a rule; the library that deviates is named with its cases."""
    page.go("rules/C-45")
    text = page.text("#view")

    assert "never costs the process" in text
    assert "from_dlpack, Raises" in text
    assert "Who does otherwise" in text
    assert "beta" in text
    assert "Can this check fail?" in text


def test_rule_page_without_a_case_says_why(page: Page) -> None:
    """A rule that no case on a CPU shows is shown with its reason."""
    page.go("rules/C-50")
    row = next(row for row in modules().core.rules() if row["id"] == "C-50")

    assert row["untestable"] in page.text("#view")


def test_method_page_has_the_counts_of_the_proof(page: Page) -> None:
    """The same numbers as ``rules --proof``."""
    page.go("method")
    text = page.text("#view")

    proof = read_proof()
    for key in COUNTS:
        assert key.replace("_", " ") in text
        assert f"{proof[key]:,}" in text


def test_case_shows_facts_rule_and_crash(page: Page) -> None:
    """The hash of a case is its id.

    Signal, step and stack are there, and the rule with its source.
    """
    page.go(CRASH)
    text = page.text("#view")

    for part in (
        "crashed",
        "deviates",
        "beta (consumer)",
        "SIGABRT",
        "exchange",
        "beta/core.py:12 asarray",
        "C-45",
    ):
        assert part in text
    assert f"dlconform repro '{CRASH}'" in text


def test_text_of_an_exception_stays_text(page: Page) -> None:
    """Markup in a message is shown as it was written, and builds no element."""
    page.go(HOSTILE)

    assert synthetic.HOSTILE in page.text("#view")
    assert page.count("#view img") == page.count("#view b") == 0


def test_grid_walks_by_arrow_keys(page: Page) -> None:
    """One cell takes the tab stop; arrow keys move it, and Enter opens the case."""
    page.go("pair/alpha/beta/from_dlpack/plain/plain")
    page.value("document.querySelector('.grid a[tabindex=\"0\"]').focus()")
    before = page.value("document.activeElement.getAttribute('aria-label')")
    page.key("ArrowRight")
    page.key("ArrowDown")
    after = page.value("document.activeElement.getAttribute('aria-label')")

    assert before != after
    assert page.count('.grid a[tabindex="0"]') == 1
    assert page.value("document.activeElement.hash").startswith(
        "#exchange/alpha/beta/from_dlpack/plain/"
    )


def test_copy_button_puts_the_text_into_the_clipboard(page: Page, browser: Browser) -> None:
    """Copy works on a page from disk."""
    browser.call(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    page.go(CRASH)
    page.call("Page.bringToFront")
    page.click(".copyable .copy")
    page.wait(lambda: page.text(".copyable .copy") == "Copied")

    assert page.value("navigator.clipboard.readText()") == f"dlconform repro '{CRASH}'"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "view",
    ["overview", "rules", "rules/C-45", "method", CRASH, "pair/alpha/beta/from_dlpack/plain/plain"],
)
def test_text_stands_out_from_its_background(
    browser: Browser, page_file: Path, view: str, scheme: str
) -> None:
    """Contrast is at least 4.5 to 1 (WCAG 2.1, 1.4.3), in both colour schemes."""
    page = browser.open(page_file.as_uri(), scheme=scheme)
    page.go(view)
    faint = page.value(f"{CHECKS} faintTexts()")

    assert faint == []


def test_contrast_check_sees_faint_text(page: Page) -> None:
    """The check above can fail."""
    page.value(
        "const faint = new CSSStyleSheet(); faint.replaceSync('.quiet { color: #ccc !important }');"
        "void (document.adoptedStyleSheets = [faint])"
    )
    page.go(CRASH)

    assert any(entry.startswith("quiet") for entry in page.value(f"{CHECKS} faintTexts()"))


@pytest.mark.parametrize("view", VIEWS)
def test_page_does_not_scroll_sideways_on_a_narrow_screen(
    browser: Browser, page_file: Path, view: str
) -> None:
    """Wide tables scroll in their own box at 400 pixels."""
    page = browser.open(page_file.as_uri(), width=400)
    page.go(view)

    assert page.value("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("view", VIEWS)
def test_everything_that_can_be_used_has_a_name(page: Page, view: str) -> None:
    """Links, buttons and fields have a text or a label.

    And headings skip no level (WCAG 2.1, 4.1.2 and 1.3.1).
    """
    page.go(view)

    assert page.value(f"{CHECKS} nameless()") == []
    levels = page.value(f"{CHECKS} headingLevels()")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
