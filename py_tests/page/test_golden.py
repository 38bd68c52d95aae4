"""Faces compared with approved ones.

``DLCONFORM_APPROVE=1`` writes them anew, and a person reads the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser import Page
from dlpack_conformance.report import Records, print_summary, summary
from rich.console import Console

CRASH = "exchange/alpha/beta/from_dlpack/plain/float32/reversed/plain/cpu"
VIEWS = {"overview": "overview", "pair": "pair/alpha/beta/from_dlpack/plain/plain", "case": CRASH}


def compare(root: Path, name: str, text: str) -> None:
    """Compare with an approved text, line ends and trailing blanks aside."""
    said = "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"
    approved = root / "reports" / "golden" / name
    if os.environ.get("DLCONFORM_APPROVE") == "1":
        approved.write_text(said, encoding="utf-8")
    assert said == approved.read_text(encoding="utf-8")


def test_terminal_says_what_was_approved(root: Path, records: Records, tmp_path: Path) -> None:
    """Sentences, matrix, what calls do, deviations."""
    with (tmp_path / "out").open("w+", encoding="utf-8") as out:
        print_summary(Console(file=out, width=110, color_system=None), summary(records))
        out.seek(0)
        compare(root, "terminal.txt", out.read())


@pytest.mark.parametrize("name", VIEWS)
def test_page_says_what_was_approved(root: Path, page: Page, name: str) -> None:
    """The text of a view, without texts of the catalogue's version."""
    page.go(VIEWS[name])
    shown = "#verdict" if name == "overview" else "#view"
    text = page.text(shown) + ("\n\n" + page.text("#view") if name == "overview" else "")

    partial = page.value("dlconform.run.tables.partial")

    compare(root, f"{name}.txt", text.replace(partial, "<partial>"))
