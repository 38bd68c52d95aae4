"""The page with 300,000 cases: its size, its first view, and the slowest of some filters in it."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from dlpack_conformance.engine.discover import find_libraries, find_routes
from dlpack_conformance.report import Scripts, read, write_html
from measure import FOLDER, default_records, emit

sys.path.insert(0, "py_tests/helpers")
from browser import Browser, chromium

CASES = 300_000
QUERIES = (
    "producer=*",
    "dtype=float* layout=r*",
    "verdict=deviates",
    "rule=C-42",
    "C-45=deviates",
    "library=*",
    "exchange/**/cpu",
    "crash.signal=SIG*",
)
MEASURE = """(() => {
  const { run, query } = dlconform;
  const once = (text) => {
    const begin = performance.now();
    query(run, text);
    return performance.now() - begin;
  };
  const best = (text) => Math.min(once(text), once(text), once(text));
  return [performance.getEntriesByName("ready")[0].startTime / 1000, Math.max(...%s.map(best))];
})()"""


def main() -> None:
    """Measure a page whose cases are those of the default run, repeated up to 300,000."""
    records = read(default_records())
    times = -(-CASES // len(records.cases))
    many = replace(records, cases=(records.cases * times)[:CASES])
    libraries = find_libraries()
    path = (FOLDER / "page.html").resolve()
    write_html(many, path, Scripts(libraries, find_routes(libraries)))
    emit("page, MB for 300,000 cases", path.stat().st_size / 1e6, 2)
    if chromium() is None:
        print("page: no Chromium is installed, so views are not measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(Path(profile))
        try:
            seconds = []
            for _ in range(3):
                page = browser.open(path.as_uri())
                seconds.append(page.value(MEASURE % list(QUERIES)))
        finally:
            browser.close()
    emit("page, seconds to its first view", min(first for first, _ in seconds), 1)
    emit("page, ms of its slowest filter", min(slowest for _, slowest in seconds), 100)
