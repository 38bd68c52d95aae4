"""The command as a user types it: help, errors, streams."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import report_synthetic

Run = Callable[..., "subprocess.CompletedProcess[str]"]
VERBS = [
    *("badge", "claims", "completion", "diff", "doctor", "expect", "explain", "findings"),
    *("history", "judge", "libraries", "list", "merge", "report", "repro", "rules", "run"),
    "schema",
]
RUN_OPTIONS = (
    *("--libraries", "--target", "--library", "--profile", "--filter", "--out", "--expect"),
    *("--baseline", "--junit", "--html", "--markdown", "--csv", "--jobs", "--shard", "--timeout"),
    "--exit-zero",
)


def test_help_lists_every_verb_in_order(dlconform: Run) -> None:
    """All verbs of this release, each with one sentence that is not cut."""
    done = dlconform("--help")

    listed = re.findall(r"^  (\w+)  ", done.stdout.split("Commands:")[1], re.MULTILINE)

    assert done.returncode == 0
    assert listed == VERBS
    assert "..." not in done.stdout.split("Commands:")[1]


def test_help_of_run_offers_what_the_design_lists(dlconform: Run) -> None:
    """Every option of the command line's design is there."""
    text = dlconform("run", "--help").stdout

    assert [option for option in RUN_OPTIONS if f"  {option} " not in text] == []


def test_help_imports_no_array_library_and_no_module(dlconform: Run) -> None:
    """Help stays quick: neither an array library nor the two binary modules are loaded."""
    code = (
        "import sys; from dlpack_conformance.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr

    for name in ("numpy", "torch", "rich", "msgspec", "jinja2", "dlpack_conformance._core"):
        assert f"'{name}'" not in loaded


@pytest.mark.parametrize(("arguments", "code", "cause"), [
    (["nonsense"], "usage", "nonsense"),
    (["run", "--nonsense"], "usage", "--nonsense"),
    (["list", "--profile", "nonsense"], "option", "nonsense"),
    (["list", "--libraries", "nonsense"], "option", "nonsense"),
    (["list", "--filter", "nonsense=1"], "catalogue", "nonsense"),
    (["report", "none.ndjson"], "report", "none.ndjson"),
    (["judge", "none.ndjson"], "report", "none.ndjson"),
])  # fmt: skip
def test_error_has_code_and_cause_on_stderr_and_exits_4(
    dlconform: Run, arguments: list[str], code: str, cause: str
) -> None:
    """What can't be done is said with a code that scripts may rely on, on stderr alone."""
    done = dlconform(*arguments)

    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith(f"error[{code}] ")
    assert cause in done.stderr


def test_force_color_colours_errors_and_no_color_wins(dlconform: Run) -> None:
    """FORCE_COLOR asks for colour without a terminal; NO_COLOR is stronger."""
    assert "\x1b[" in dlconform("nonsense", FORCE_COLOR="1", NO_COLOR="").stderr
    assert "\x1b[" not in dlconform("nonsense", FORCE_COLOR="1", NO_COLOR="1").stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(dlconform: Run, shell: str) -> None:
    """The script asks the command itself, so new verbs need no new script."""
    done = dlconform("completion", shell)

    assert done.returncode == 0
    assert "_DLCONFORM_COMPLETE" in done.stdout


def test_completion_completes_a_verb(dlconform: Run) -> None:
    """What the shell's script gets when it asks."""
    done = dlconform(_DLCONFORM_COMPLETE="bash_complete", COMP_WORDS="dlconform cl", COMP_CWORD="1")

    assert done.stdout.strip() == "plain,claims"


def test_rules_search_gives_only_rules_with_every_word(dlconform: Run) -> None:
    """Words are looked for in all fields of a rule."""
    rows = json.loads(dlconform("rules", "copy", "must", "--format", "json").stdout)

    assert rows
    for row in rows:
        text = json.dumps(row).casefold()
        assert "copy" in text
        assert "must" in text


def test_schema_is_a_json_schema(dlconform: Run) -> None:
    """The schema of the records is printed as one JSON document."""
    document = json.loads(dlconform("schema").stdout)

    assert "$schema" in document


def test_defaults_come_from_the_project_file(dlconform: Run, tmp_path: Path) -> None:
    """``[tool.dlconform]`` of the folder is read by every verb."""
    (tmp_path / "pyproject.toml").write_text("[tool.dlconform]\nformat = 'json'\n")

    assert json.loads(dlconform("rules", "copy").stdout)


def test_stdout_may_be_closed_early(dlconform: Run) -> None:
    """``dlconform rules | head`` ends without a traceback."""
    command = [sys.executable, "-m", "dlpack_conformance.cli", "rules", "--format", "json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert "Traceback" not in child.stderr.read()


def test_letters_that_the_output_lacks_are_replaced(dlconform: Run, tmp_path: Path) -> None:
    """An ASCII stdout gets the summary and its exit code, not a traceback."""
    records = report_synthetic.write(tmp_path / "run.ndjson")

    done = dlconform("report", records, PYTHONIOENCODING="ascii")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "? not-run" in done.stdout


def test_claims_of_an_incomplete_file_say_so(dlconform: Run, tmp_path: Path) -> None:
    """Like every reader of records: said on stderr, exit 7."""
    records = report_synthetic.write(tmp_path / "run.ndjson", footer=False)

    done = dlconform("claims", records)

    assert done.returncode == 7
    assert "incomplete" in done.stderr


@pytest.mark.parametrize("option", ["--html", "--junit", "--markdown", "--csv"])
def test_output_in_a_missing_folder_is_refused_before_the_run(
    dlconform: Run, tmp_path: Path, option: str
) -> None:
    """A run of minutes must not end with the news that its page can't be written."""
    done = dlconform("run", option, "missing/page")

    assert done.returncode == 4
    assert f"{option} missing/page" in done.stderr
    assert not (tmp_path / "dlconform.ndjson").exists()


def test_progress_keeps_its_counts_on_a_narrow_terminal() -> None:
    """The note behind the counts is cut; the counts never are."""
    code = (
        "from dlpack_conformance.cli.output import Progress\n"
        "with Progress() as progress:\n"
        "    progress(12345, 143309, 'a note that is longer than the line ' * 4)"
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "60"}
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        subprocess.run([sys.executable, "-c", code], stderr=theirs, env=environment, check=True)
        os.close(theirs)
        shown = terminal.read(65536).decode()

    assert "12345/143309" in shown
