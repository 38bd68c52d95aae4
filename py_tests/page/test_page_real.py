"""The page of a real run: what a reader copies from it runs, and says what the page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from browser import Browser, Page
from dlpack_conformance.engine.discover import find_libraries, find_routes
from dlpack_conformance.report import Case, Expansion, Records, Scripts, read, write_html

QUERY = "route=from_dlpack,dtype=int32,source=plain"
USAGE = "usage/**"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Return a small run of all installed libraries."""
    path = tmp_path_factory.mktemp("real") / "run.ndjson"
    command = [
        "run",
        "--profile",
        "quick",
        "--filter",
        QUERY,
        "--filter",
        USAGE,
        "--out",
        str(path),
        "--exit-zero",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "dlpack_conformance.cli", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return read(path)


@pytest.fixture(scope="module")
def scripts() -> Scripts:
    """Return scripts over the library files at hand."""
    libraries = find_libraries()
    return Scripts(libraries, find_routes(libraries))


@pytest.fixture(scope="module")
def page(
    real: Records, scripts: Scripts, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    """Return the page of the run."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_html(real, path, scripts)
    return browser.open(path.as_uri())


def kinds(records: Records) -> list[Case]:
    """One case of each outcome, verdict and reason."""
    found: dict[tuple[str, ...], Case] = {}
    for case in records.cases:
        if case.axes["case"] == "exchange" and case.outcome != "not-run":
            found.setdefault((case.outcome, case.verdict, case.deciding.reason), case)
    return list(found.values())


def test_page_gives_the_same_scripts_as_the_command(
    page: Page, real: Records, scripts: Scripts
) -> None:
    """One source of truth: the page puts together the pieces that Python wrote."""
    expansion = Expansion(real)
    cases = [case for case in real.cases[::17] if case.axes["case"] == "exchange"]

    assert cases
    for case in cases:
        page.go(case.id)
        assert page.value("document.querySelector('pre.script').textContent") == scripts.script(
            case, expansion.facts(case, real.position(case))
        )


def test_page_shows_the_facts_that_the_record_leaves_out(page: Page, real: Records) -> None:
    """Facts that follow from the catalogue are put back.

    A shared case shows both sides and the proof.
    """
    case = next(
        case for case in real.cases if case.outcome == "shared" and case.axes["layout"] == "matrix"
    )
    page.go(case.id)
    text = page.text("#view")

    assert "source.shape" not in case.facts
    for part in ("Both sides", "shape", "(3, 4)", "Proof of sharing", "forward", "seen", "int32"):
        assert part in text


def test_script_copied_from_the_page_shows_each_kind_of_case(page: Page, real: Records) -> None:
    """Exit 1 for a deviation or an exception of another class, 0 for all else; each says why."""
    for case in kinds(real):
        page.go(case.id)
        text = page.value("document.querySelector('pre.script').textContent")
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=False
        )

        wrong = case.deciding.verdict == "deviates" or case.deciding.reason == "wrong-error"
        assert done.returncode == wrong, f"{text}\n{done.stdout}{done.stderr}"
        assert "observed:" in done.stdout


def test_claims_page_shows_code_and_cases(page: Page) -> None:
    """A claim has its sentence, what was shown, and the lines that were run."""
    page.go("claims")

    assert page.count(".claim") >= 9
    assert "np.add(a, 1, out=a)" in page.text("#view pre")


def test_explain_says_outcome_rule_and_script(
    real: Records, scripts: Scripts, tmp_path: Path
) -> None:
    """On the terminal: what happened, the proof, the rule with its source, and the script."""
    from dlpack_conformance.report import explain, find, print_summary, summary
    from rich.console import Console

    with (tmp_path / "out").open("w+") as out:
        console = Console(file=out, width=120, color_system=None)
        print_summary(console, summary(real))
        console.print(explain(real, find(real, ["outcome=copied", "layout=reversed"]), scripts))
        out.seek(0)
        text = out.read()

    for part in ("Cases by producer and consumer", "copied", "dlconform repro", "raise SystemExit"):
        assert part in text
