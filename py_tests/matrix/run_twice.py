"""The fixture of the matrix: two runs of the quick profile, and the first one judged again.

``review.json`` says how the first run compares with the lists of known deviations that the suite
ships; a stale entry of theirs fails the fixture.

The second run finds other bytes in fresh memory, so that an entry fails over a line that depends on
memory which nobody wrote.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

# Deviations (1), suite faults (3) and an incomplete run (7) are told by the entries.
ACCEPTED = {0, 1, 3, 7}


def dlconform(*arguments: str | Path, preload: Path | None = None, out: Path | None = None) -> int:
    """Run the command of this build and return its exit code; ``out``: where stdout goes."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "dlpack_conformance.cli", *map(str, arguments)]
    environment = dict(os.environ)
    if preload is not None:
        environment["LD_PRELOAD"] = str(preload)
    with out.open("wb") if out is not None else nullcontext() as stdout:
        code = subprocess.run(command, check=False, env=environment, stdout=stdout).returncode
    print(
        f"exit {code}, {time.monotonic() - begin:.1f} s: dlconform {' '.join(map(str, arguments))}"
    )
    return code


def main(run_dir: Path, fresh_memory: Path) -> int:
    """Write ``first``, ``second``, ``judged`` and the review; 1 when one is missing, or stale."""
    run_dir.mkdir(parents=True, exist_ok=True)
    first, second, judged = (run_dir / f"{name}.ndjson" for name in ("first", "second", "judged"))
    reviewed = run_dir / "review.json"
    for path in (first, second, judged, reviewed):
        path.unlink(missing_ok=True)
    for path, preload in ((first, None), (second, fresh_memory)):
        code = dlconform("run", "--profile", "quick", "--out", path, preload=preload)
        if code not in ACCEPTED or not path.exists():
            return 1
    code = dlconform("judge", first, "--out", judged)
    if code not in ACCEPTED or not judged.exists():
        return 1
    known = ("--expect", "pinned", "--format", "json")
    code = dlconform("report", first, *known, out=reviewed)
    stale = json.loads(reviewed.read_text())["review"]["stale"] if code in {*ACCEPTED, 6} else None
    print(*(f"stale: {entry}" for entry in stale or ()), sep="\n")
    return 0 if stale == [] else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
