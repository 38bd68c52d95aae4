"""``TUTORIAL.md``, followed to the letter: each block is run, in order, in one fresh folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "conformance" / "examples"
BLOCK = re.compile(r"^```(sh|text)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Step:
    """A block of commands, the exit code of the last one, and what is printed, line by line."""

    script: str
    code: int
    shown: list[str]


def steps() -> list[Step]:
    """Return the page's blocks in order."""
    found: list[Step] = []
    for kind, info, text in BLOCK.findall((EXAMPLES / "TUTORIAL.md").read_text()):
        words = dict(word.split("=") for word in info.split())
        if kind == "sh":
            found.append(Step(text, int(words.get("exit", 0)), []))
        else:
            found[-1].shown += text.splitlines()
    return found


def words(text: str) -> list[str]:
    """Words of a text, without the lines of tables and without marks of Markdown."""
    return re.sub(r"[│┃─━*]", " ", text).split()


def holds(output: str, line: str) -> bool:
    """Whether the words of ``line`` are in one line of the output, in their order."""
    wanted = words(line)
    for given in output.splitlines():
        left = iter(words(given))
        if all(word in left for word in wanted):
            return True
    return False


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a user: the command on the path, no colour."""
    tools = folder / "bin"
    tools.mkdir()
    for name, module in (("python", ""), ("dlconform", "-m dlpack_conformance.cli")):
        script = tools / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        script.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "EXAMPLES": str(EXAMPLES),
        "NO_COLOR": "1",
    }


def test_tutorial_holds_word_for_word(tmp_path: Path) -> None:
    """Exit codes and printed lines are those of the page; what a block exports stays."""
    given = environment(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    state = tmp_path / "exported"
    state.touch()
    ran = 0
    for step in steps():
        keeping = f'. "{state}"; trap \'export -p > "{state}"\' EXIT; set -uo pipefail'
        script = f"{keeping}\n{step.script}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=work,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == step.code, f"{step.script}\n{done.stdout}"
        for line in step.shown:
            assert holds(done.stdout, line), f"{line!r} is not in\n{done.stdout}"
        ran += 1

    assert ran >= 10


def test_tutorial_is_followed_word_by_word() -> None:
    """A line that is not printed is noticed, and so is another order of its words."""
    assert holds("│ 60 │ P-33 │ shared memory │\nelse", "P-33  shared memory")
    assert not holds("shared P-33", "P-33 shared")
    assert not holds("P-33\nshared", "P-33 shared")


def test_tutorial_shows_the_job_of_section_7() -> None:
    """The snippet names the library file, the target and the action."""
    text = (EXAMPLES / "TUTORIAL.md").read_text()

    for word in ("uses: OWNER/dlpack-conformance/ci/action@REF", "target: tinyct", "pytest --dl"):
        assert word in text
