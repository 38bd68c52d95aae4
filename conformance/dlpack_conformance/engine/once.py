"""One case by its id, run now: for scripts that show what a crafted tensor does to a library."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from dlpack_conformance.engine.options import Options
from dlpack_conformance.engine.supervisor import run

__all__ = ["look"]


def look(case_id: str, *files: str) -> str:
    """Run a protocol case in a process of its own and say what was seen.

    ``files``: library files from outside.

    Returns the outcome, and the deciding rule's verdict and reason; the facts go to stdout, one a
    line, as they were seen.

    Raises
    ------
    LookupError
        The installed libraries have no such case.
    """
    _, library, *_ = case_id.split("/")
    with tempfile.TemporaryDirectory(prefix="dlconform-") as folder:
        path = Path(folder, "run.ndjson")
        libraries = tuple(dict.fromkeys([library, "reference"]))
        options = Options(
            profile="full", filters=(case_id,), libraries=libraries, files=files, out=str(path)
        )
        run(options)
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines:
        if line["kind"] == "case":
            for name, value in line["facts"].items():
                print(f"  {name} = {value!r}")
            return said(line["outcome"], line["judged"])
    raise LookupError(f"{case_id}: the installed libraries have no such case")


def said(outcome: str, judged: list[Any]) -> str:
    """What a record says of a protocol case, as a script compares it."""
    if not judged:
        return outcome
    entry = judged[0]
    if isinstance(entry, str):
        return f"{outcome}, {entry} conforms"
    words = (entry["rule"], entry["verdict"], entry["reason"])
    return f"{outcome}, {' '.join(word for word in words if word)}"
