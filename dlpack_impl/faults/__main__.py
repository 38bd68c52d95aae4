"""Runs faults and prints what fell: ``python -m dlpack_faults [NAME | RULE | GROUP]...``.

``--write`` runs all of them, and all mutants, and writes the published proof.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from dlpack_faults import Fault, _all
from dlpack_faults._proof import prove, published
from dlpack_faults._run import Result, cores, run_fault
from dlpack_faults._survivors import SURVIVORS


def _wanted(words: list[str]) -> list[Fault]:
    known = _all.faults().values()
    return [
        fault
        for fault in known
        if not words or any(word in (fault.name, fault.proves, fault.proves[0]) for word in words)
    ]


def _result(name: str) -> Result:
    return run_fault(_all.faults()[name])[0]


def _say(result: Result) -> None:
    wrong = result.wrong()
    print(
        f"{'WRONG' if wrong else 'ok   '} {result.name} proves {result.proves} "
        f"in {len(result.by)} cases",
        flush=True,
    )
    if wrong:
        print(f"      also={tuple(sorted(result.fell))!r}")
    for sentence in wrong:
        print(f"      {sentence}")


def _write() -> int:
    """Run everything and write the proof; 1 where a fault is not as it states."""
    bad: list[str] = []

    def told(result: Result) -> None:
        if result.wrong():
            bad.append(result.name)
            _say(result)

    proof = prove(told)
    document = proof.document()
    published().write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for rule, change in proof.survivors:
        print(f"no case shows {rule}, {change}: {SURVIVORS.get((rule, change), 'unexplained')}")
    print(", ".join(f"{key} {value}" for key, value in document.items() if type(value) is int))
    return 1 if bad else 0


def main() -> int:
    """Print a paragraph a fault; 1 where one is not as it states."""
    if sys.argv[1:] == ["--write"]:
        return _write()
    names = [fault.name for fault in _wanted(sys.argv[1:])]
    bad = 0
    workers = min(cores(), len(names) or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        for result in pool.map(_result, names):
            _say(result)
            bad += bool(result.wrong())
    print(f"{len(names)} faults, {bad} not as they state")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
