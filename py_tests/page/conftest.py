"""One browser and one synthetic page for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import report_synthetic as synthetic
from browser import Browser, Page, chromium
from dlpack_conformance.report import Records, read, write_html

# Printed by ci/test, which lists it as the only reason for which these may be skipped.
NO_BROWSER = "no Chromium is installed"


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a complete synthetic run."""
    return read(synthetic.write(tmp_path_factory.mktemp("records") / "run.ndjson"))


@pytest.fixture(scope="session")
def page_file(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the run."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_html(records, path)
    return path


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a running browser."""
    if chromium() is None:
        pytest.skip(NO_BROWSER)
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser, page_file: Path) -> Page:
    """Return the page, opened from disk."""
    return browser.open(page_file.as_uri())
