"""The GitHub Action and its recipe, as far as a machine without GitHub can run them.

The action's file is parsed, and each of its ``run`` steps is executed by the shell, with the
environment and the files that GitHub would give it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "ci" / "action"
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text())
PLANTED = Path(__file__).parents[1] / "helpers" / "planted_library.py"
FEW = "exchange/reference/reference/from_dlpack/plain/*/*/plain/cpu"
ABORTS = "exchange/reference/planted/planted.fault/plain/uint8/matrix/plain/cpu"
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
# As GitHub runs a step whose shell is bash.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
SERVER = {
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "me/mylib",
    "GITHUB_RUN_ID": "42",
}


@dataclass
class Step:
    """What a job sees of the action: exit status, its page, its outputs, what was left."""

    status: int
    stderr: str
    page: str
    outputs: dict[str, str]
    folder: Path

    def left(self, out: str = "dlconform-out") -> set[str]:
        """Names of the files in the folder of the outputs."""
        return {path.name for path in (self.folder / out).iterdir()}


def act(folder: Path, command: str = "", **inputs: str) -> Step:
    """Run the action's ``run`` steps with inputs (``_`` for ``-``); ``command``: its dlconform."""
    tools = folder / ".tools"
    tools.mkdir(exist_ok=True)
    text = command or f'exec {shlex.quote(sys.executable)} -m dlpack_conformance.cli "$@"'
    (tools / "dlconform").write_text(f"#!/bin/bash\n{text}\n")
    (tools / "dlconform").chmod(0o755)
    given = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
    given |= {"install": ""} | {name.replace("_", "-"): value for name, value in inputs.items()}
    values = {f"inputs.{name}": value for name, value in given.items()}
    values["github.action_path"] = str(FOLDER)
    files = {name: folder / f".{name}" for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for path in files.values():
        path.write_text("")
    status, stderr = 0, ""
    for step in ACTION["runs"]["steps"]:
        if "run" not in step:
            continue
        script = folder / ".step.sh"
        script.write_text(step["run"])
        env = {name: EXPRESSION.sub(lambda m: values[m[1]], v) for name, v in step["env"].items()}
        done = subprocess.run(
            [*BASH, script],
            cwd=folder,
            env={
                **os.environ,
                "NO_COLOR": "1",
                "PLANTED_DIR": str(folder),
                "PATH": f"{tools}:{os.environ['PATH']}",
                **SERVER,
                **{name: str(path) for name, path in files.items()},
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        status, stderr = done.returncode, done.stderr
    outputs = dict(
        line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines() if line
    )
    page = files["GITHUB_STEP_SUMMARY"].read_text()
    return Step(status, stderr, page, outputs, folder)


def narrow(folder: Path, case: str) -> None:
    """Let the project's own defaults choose few cases, as a project may."""
    (folder / "pyproject.toml").write_text(f"[tool.dlconform]\nfilter = ['{case}']\n")


def test_action_is_a_composite_whose_inputs_are_all_described_and_used() -> None:
    """Every input has a sentence and a use, every use an input; outputs come from a step."""
    text = (FOLDER / "action.yml").read_text()
    used = set(re.findall(r"inputs\.([\w-]+)", text))
    steps = ACTION["runs"]["steps"]
    ids = {step["id"] for step in steps if "id" in step}

    assert ACTION["runs"]["using"] == "composite"
    assert used == set(ACTION["inputs"])
    assert all(one["description"] for one in ACTION["inputs"].values())
    assert {"library-file", "target", "expect", "profile", "shard", "python-version"} <= used
    assert set(re.findall(r"steps\.(\w+)\.outputs", text)) <= ids
    assert all("uses" in step or step["shell"] == "bash" for step in steps)


def test_action_gives_inputs_as_environment_and_never_as_shell_text() -> None:
    """An expression in a script would run what a pull request wrote."""
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]

    assert scripts
    assert not [script for script in scripts if "${{" in script]


ECHO = 'printf "%s\\n" "$@" >args'


def test_action_passes_each_input_on_as_one_word(tmp_path: Path) -> None:
    """Values with blanks, quotes and commands stay values; what is empty is left out."""
    evil = "a b'\"; touch pwned #$(touch pwned)"
    step = act(tmp_path, ECHO, library_file=evil, target=evil, expect=evil, shard="2/3")
    words = (tmp_path / "args").read_text().splitlines()

    assert step.status == 0
    assert words == [
        "run", "--target", evil, "--expect", evil,
        "--link", "https://github.example/me/mylib/actions/runs/42",
        "--library", evil, "--profile", "default", "--shard", "2/3",
        "--out", "dlconform-out/run-2-of-3.ndjson.gz",
        "--junit", "dlconform-out/junit.xml", "--markdown", "dlconform-out/summary.md",
    ]  # fmt: skip
    assert not (tmp_path / "pwned").exists()


def test_action_runs_and_leaves_records_junit_summary_and_page(tmp_path: Path) -> None:
    """A clean run: exit 0, the page of the job has the summary with its link."""
    narrow(tmp_path, FEW)
    step = act(tmp_path, libraries="reference", profile="quick")

    assert step.status == 0, step.stderr
    assert step.left() == {"run.ndjson.gz", "junit.xml", "summary.md", "index.html"}
    assert step.outputs == {"records": "dlconform-out/run.ndjson.gz", "code": "0"}
    assert step.page.startswith("## ✅ All ")
    assert "(https://github.example/me/mylib/actions/runs/42)" in step.page


def test_action_fails_with_the_code_of_a_red_run_and_keeps_its_files(tmp_path: Path) -> None:
    """The step is red, and all that explains it is there."""
    (tmp_path / "died").touch()
    narrow(tmp_path, ABORTS)
    step = act(
        tmp_path, library_file=str(PLANTED), libraries="planted", target="planted", profile="full"
    )

    assert step.status == 1, step.stderr
    assert step.outputs["code"] == "1"
    assert "C-45" in step.page
    assert step.left() == {"run.ndjson.gz", "junit.xml", "summary.md", "index.html"}
    assert "<failure" in (tmp_path / "dlconform-out" / "junit.xml").read_text()


def test_action_of_shards_and_their_merge_says_what_one_run_says(tmp_path: Path) -> None:
    """Two jobs with one shard each, a third that merges what they left in one folder."""
    narrow(tmp_path, FEW)
    for number in (1, 2):
        step = act(
            tmp_path, libraries="reference", profile="quick", shard=f"{number}/2", out="parts"
        )
        assert step.status == 0, step.stderr
        assert step.page.startswith(f"## ✅ Shard {number} of 2: ")
    assert "index.html" not in step.left("parts")
    whole = act(tmp_path, merge="parts", out="all")

    assert whole.status == 0, whole.stderr
    assert whole.page.startswith("## ✅ All ")
    assert whole.left("all") == {"run.ndjson.gz", "junit.xml", "summary.md", "index.html"}


def test_action_of_a_missing_shard_fails(tmp_path: Path) -> None:
    """One of two jobs left nothing: exit 4, and its number is said."""
    narrow(tmp_path, FEW)
    act(tmp_path, libraries="reference", profile="quick", shard="1/2", out="parts")
    whole = act(tmp_path, merge="parts", out="all")
    nothing = act(tmp_path, merge="nowhere-near", out="all")

    assert whole.status == nothing.status == 4
    assert "shard 2 of 2 missing" in whole.stderr
    assert "nowhere-near" in nothing.stderr
    assert whole.page == ""


@pytest.mark.parametrize("inputs", [{"profile": "nonsense"}, {"target": "nobody"}])
def test_action_of_a_wrong_input_fails_and_shows_no_older_result(
    tmp_path: Path, inputs: dict[str, str]
) -> None:
    """Exit 4 with the cause; files of an earlier call are gone, so none is taken for its result."""
    (tmp_path / "dlconform-out").mkdir()
    (tmp_path / "dlconform-out" / "summary.md").write_text("## ✅ of yesterday")
    step = act(tmp_path, **inputs)

    assert step.status == 4
    assert next(iter(inputs.values())) in step.stderr
    assert (step.page, step.left()) == ("", set())
    assert step.outputs["code"] == "4"


def test_recipe_runs_without_github(tmp_path: Path) -> None:
    """Any other CI sets a few variables and calls it; nothing of GitHub is asked for."""
    act(tmp_path, ECHO)
    environment = {
        "PATH": f"{tmp_path / '.tools'}:{os.environ['PATH']}",
        "DLCONFORM_TARGET": "mylib",
        "DLCONFORM_OUT": "here",
    }
    done = subprocess.run(
        [FOLDER / "recipe.sh"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "args").read_text().split() == [
        "run", "--target", "mylib", "--out", "here/run.ndjson.gz",
        "--junit", "here/junit.xml", "--markdown", "here/summary.md",
    ]  # fmt: skip
