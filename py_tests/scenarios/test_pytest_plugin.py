"""The pytest plugin in sessions of its own: what it adds, what is red, and what it leaves alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytest_plugins = ["pytester"]

HELPERS = Path(__file__).parents[1] / "helpers"
PLANTED = HELPERS / "planted_library.py"
PAIR = "exchange/reference/planted/planted.fault"
ONE = f"{PAIR}/plain/{{}}/matrix/plain/cpu"
CRASHES, CLEAN = ONE.format("uint8"), ONE.format("float32")
KNOWN = f"""
[[expect]]
cases = "{CRASHES}"
outcome = "crashed"
rule = "C-45"
kind = "library"
why = "planted: reading ends the process"
"""
Plugin = pytest.Pytester


@pytest.fixture
def session(pytester: Plugin, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """Return a folder with one ordinary test."""
    monkeypatch.setenv("PLANTED_DIR", str(pytester.path))
    # Where the suite is installed its entry point would be the plugin a second time.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_own="def test_own():\n    assert True\n")
    return pytester


def run(session: Plugin, *arguments: object, target: str = "planted") -> pytest.RunResult:
    """Run pytest with the plugin and a few cases of the planted library."""
    given = [f"--dlconform-target={target}"] if target else []
    return session.runpytest_subprocess(
        "-p",
        "dlpack_conformance.pytest_plugin",
        *given,
        f"--dlconform-library={PLANTED}",
        "--dlconform-profile=full",
        "--dlconform-libraries=planted",
        *map(str, arguments),
    )


def only(*cases: str) -> list[str]:
    """Return the options that choose some cases."""
    return [f"--dlconform-filter={case}" for case in cases]


def test_plugin_without_target_adds_nothing_and_imports_nothing(
    pytester: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an array library nor more of the suite than the plugin itself."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        "import sys\n"
        "def test_own():\n"
        "    loaded = {name.split('.')[0] for name in sys.modules}\n"
        "    assert not loaded & {'numpy', 'torch', 'click', 'rich', 'msgspec', 'jinja2'}\n"
        "    ours = {name for name in sys.modules if name.startswith('dlpack_conformance')}\n"
        "    assert ours == {'dlpack_conformance', 'dlpack_conformance.relation',\n"
        "                    'dlpack_conformance.pytest_plugin'}\n"
    )

    done = pytester.runpytest_subprocess("-p", "dlpack_conformance.pytest_plugin")

    done.assert_outcomes(passed=1)


def test_plugin_is_imported_in_no_time() -> None:
    """What every pytest session of an environment pays for it."""
    code = (
        "import pytest, time\n"
        "start = time.perf_counter()\nimport dlpack_conformance.pytest_plugin\n"
        "print(time.perf_counter() - start)"
    )
    seconds = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]

    assert min(seconds) < 0.1  # ten times as much as it takes: machines are shared


def test_plugin_adds_one_test_a_pair_and_route(session: Plugin) -> None:
    """Beside the session's own tests, and one for the run as a whole."""
    done = run(session, *only(CLEAN, "protocol/planted/P-01/*"), "-v")

    done.assert_outcomes(passed=4)
    told = (f"dlconform::{PAIR} PASSED*", "dlconform::protocol/planted/P PASSED*")
    done.stdout.fnmatch_lines(["*collected 4 items", *told])


def test_plugin_fails_for_a_deviation_with_its_finding(session: Plugin) -> None:
    """Rule, count and a case to show; no traceback of the plugin."""
    done = run(session, *only(CLEAN, CRASHES))

    done.assert_outcomes(passed=2, failed=1)
    text = done.stdout.str()
    assert re.search(r"1 of 2 cases are not as expected:\n1 x crashed, deviates by C-45", text)
    assert f"dlconform repro '{CRASHES}'" in text
    assert "pytest_plugin.py" not in text


def test_plugin_makes_a_test_of_each_case_on_request(session: Plugin) -> None:
    """Its name is the case's id."""
    done = run(session, *only(CLEAN, CRASHES), "--dlconform-cases", "-v")

    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines_random(
        [f"dlconform::{CRASHES} FAILED*", f"dlconform::{CLEAN} PASSED*"]
    )


def test_plugin_runs_only_what_is_chosen(session: Plugin) -> None:
    """``-k`` chooses before anything runs: the crash is not among the records."""
    done = run(
        session,
        *only(CLEAN, CRASHES),
        *("--dlconform-cases", "-k", "float32", "--dlconform-out=kept.ndjson"),
    )

    done.assert_outcomes(passed=1, deselected=3)
    lines = (session.path / "kept.ndjson").read_text().splitlines()
    cases = [json.loads(line)["id"] for line in lines if '"kind":"case"' in line]
    assert cases == [CLEAN]


def test_plugin_takes_an_expected_crash_as_green(session: Plugin) -> None:
    """What the file of expectations says is no failure."""
    (session.path / "known.toml").write_text(KNOWN)

    done = run(session, *only(CLEAN, CRASHES), "--dlconform-expect=known.toml", "--junitxml=j.xml")

    done.assert_outcomes(passed=3)
    properties = {
        one.get("name"): one.get("value")
        for one in ET.parse(session.path / "j.xml").iter("property")
    }
    assert properties == {"dlconform_cases": "2", "dlconform_expected": "1"}


def test_plugin_fails_where_what_is_expected_is_not_seen(session: Plugin) -> None:
    """An expectation that no longer holds is red, like a deviation."""
    (session.path / "known.toml").write_text(KNOWN.replace("uint8", "float32"))

    done = run(session, *only(CLEAN), "--dlconform-expect=known.toml")

    done.assert_outcomes(passed=2, failed=1)
    assert "known.toml:1" in done.stdout.str()


def test_plugin_takes_its_options_from_the_ini_file(session: Plugin) -> None:
    """A project says them once."""
    (session.path / "known.toml").write_text(KNOWN)
    session.makeini(
        "[pytest]\ndlconform_target = planted\ndlconform_profile = full\n"
        f"dlconform_libraries = planted\ndlconform_library =\n    {PLANTED}\n"
        "dlconform_expect = known.toml\n"
    )

    done = session.runpytest_subprocess(
        "-p", "dlpack_conformance.pytest_plugin", *only(CLEAN, CRASHES)
    )

    done.assert_outcomes(passed=3)


def test_plugin_skips_what_cannot_run_here(session: Plugin) -> None:
    """A case without its device is skipped, with the reason of the record."""
    done = run(
        session,
        *only("exchange/reference/reference/*/plain/float32/matrix/plain/cuda-0"),
        *only("exchange/reference/reference/from_dlpack/plain/float32/matrix/plain/cpu"),
        *("-rs", "-k", "reference"),
        target="reference",
    )

    assert re.search(r"SKIPPED \[\d\] .*not run: device-absent", done.stdout.str())
    assert done.ret == 0


@pytest.mark.parametrize(("arguments", "target", "cause"), [
    ((), "nobody", "library 'nobody': no such library file"),
    (("--dlconform-filter=nonsense=1",), "planted", "nonsense"),
    (("--dlconform-expect=none.toml",), "planted", "none.toml"),
    (("--dlconform-profile=nonsense",), "planted", "nonsense"),
    (("--dlconform-filter=dtype=none",), "planted", "no case of planted is planned"),
])  # fmt: skip
def test_plugin_refuses_bad_options_before_anything_runs(
    session: Plugin, arguments: tuple[str, ...], target: str, cause: str
) -> None:
    """A usage error of pytest (exit 4) that names the value."""
    done = run(session, *arguments, target=target)

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert cause in done.stderr.str()


def test_plugin_collects_without_running(session: Plugin) -> None:
    """``--collect-only`` runs no case."""
    done = run(session, *only(CRASHES), "--collect-only", "-q", "--dlconform-out=kept.ndjson")

    assert f"dlconform::{PAIR}" in done.stdout.str()
    assert not (session.path / "kept.ndjson").exists()


def test_plugin_is_an_entry_point_of_the_distribution(root: Path) -> None:
    """An installed suite needs no ``-p``."""
    text = (root / "pyproject.toml").read_text()

    assert '[project.entry-points.pytest11]\ndlconform = "dlpack_conformance.pytest_plugin"' in text
