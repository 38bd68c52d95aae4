"""Tells a wrong library file: asks it everything, in a process of its own that may be lost."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dlpack_conformance.engine.census import child_environment
from dlpack_conformance.engine.discover import find_libraries
from dlpack_conformance.engine.library_steps import EXPORT, LibrarySteps
from dlpack_conformance.engine.texts import normal

__all__ = ["Checked", "Complaint", "check_library"]

_SECONDS = 30.0
_MOST_LOSSES = 20


class Complaint(NamedTuple):
    """One thing that a library file says wrong. ``cases``: how often it was seen alike.

    ``method``: of the file; ``value``: what it was asked about.
    """

    method: str
    value: str
    expected: str
    got: str
    cases: int = 1


@dataclass(slots=True)
class Checked:
    """``missing``: why the library can't be imported; ``arrays``: sources that were made."""

    name: str
    missing: str | None = None
    arrays: int = 0
    complaints: list[Complaint] = field(default_factory=list)


def check_library(name: str, files: Sequence[str] = (), *, seconds: float = _SECONDS) -> Checked:
    """Ask the library file of ``name`` everything that it must answer.

    A call that ends the process, or makes no step for ``seconds``, is a complaint like another, and
    the rest is asked in a new process.
    """
    checked = Checked(name)
    skip: set[tuple[str, str]] = set()
    found: dict[tuple[str, str, str], Complaint] = {}
    for _ in range(_MOST_LOSSES):
        answer, doing, how = _ask(name, files, skip, found, seconds)
        if answer is not None:
            checked.missing, checked.arrays = answer["missing"], answer["arrays"]
            break
        skip.add(doing)
        if doing[0] != EXPORT:  # there the library acts, and a run tells more of it
            lost = Complaint(*doing, "an answer", how)
            found.setdefault((lost.method, lost.value, lost.got), lost)
    checked.complaints = list(found.values())
    return checked


def _ask(
    name: str,
    files: Sequence[str],
    skip: set[tuple[str, str]],
    found: dict[tuple[str, str, str], Complaint],
    seconds: float,
) -> tuple[dict[str, Any] | None, tuple[str, str], str]:
    """Ask in one child: its answer, or what it was doing when it was lost, and how."""
    read_fd, write_fd = os.pipe()
    order = {"name": name, "files": [*map(str, files)], "skip": sorted(skip), "fd": write_fd}
    command = [sys.executable, "-m", "dlpack_conformance.engine.library_check", json.dumps(order)]
    with subprocess.Popen(
        command,
        pass_fds=(write_fd,),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        os.close(write_fd)
        doing, how = ("process", ""), f"no step for {seconds:g} s"
        with os.fdopen(read_fd, "rb", buffering=0) as pipe:
            left = b""
            while select.select([pipe], [], [], seconds)[0]:
                chunk = pipe.read(1 << 16)
                if not chunk:
                    code = child.wait()
                    how = f"status {code}" if code >= 0 else signal.Signals(-code).name
                    how = f"ended the process: {how}"
                    break
                *lines, left = (left + chunk).split(b"\n")
                for message in map(json.loads, lines):
                    if "answer" in message:
                        child.wait()
                        return message["answer"], doing, ""
                    if "fault" in message:
                        raise RuntimeError(f"the check of {name} failed itself: {message['fault']}")
                    if "doing" in message:
                        doing = (message["doing"][0], message["doing"][1])
                    else:
                        _keep(found, Complaint(*message["complaint"]))
            child.kill()
    return None, doing, how


def _keep(found: dict[tuple[str, str, str], Complaint], one: Complaint) -> None:
    """Complaints of one method that say the same are one, by what is asked and what came."""
    raised = one.got.startswith("raised ")
    key = (one.method, "" if raised else one.expected, one.got)
    if key not in found:
        found[key] = one
    elif found[key].value != one.value:
        found[key] = found[key]._replace(cases=found[key].cases + 1)


def _main(order: str) -> None:
    asked = json.loads(order)
    with os.fdopen(asked["fd"], "w", encoding="utf-8") as pipe:

        def say(**message: Any) -> None:
            if "complaint" in message:
                message["complaint"] = [normal(text) for text in message["complaint"]]
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()

        known = find_libraries(asked["files"])
        skip = frozenset((method, value) for method, value in asked["skip"])
        steps = LibrarySteps(known[asked["name"]], known, say, skip)
        try:
            missing = steps.missing()
            if missing is None:
                steps.run()
        except Exception:  # a mistake of ours accuses no file
            say(fault=traceback.format_exc())
            raise
        say(answer={"missing": missing, "arrays": steps.arrays})


if __name__ == "__main__":
    _main(sys.argv[1])
