"""The proof: all faults, all mutants of the judgement, and the file that says what came of them.

The file is `reports/published/proof.json`; `dlconform rules --proof` and the report print it. It is
right as long as the digest of what it is about is.
"""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
from dlpack_conformance import modules
from dlpack_conformance.engine.discover import find_libraries, find_probes
from dlpack_conformance.errors import ConformanceError
from dlpack_faults import _all
from dlpack_faults._run import HARDWARE, Observed, Result, cores, observe, result_of, run_fault
from dlpack_faults._survivors import SURVIVORS

__all__ = ["COMMAND", "Proof", "digest", "prove", "published"]

COMMAND = "PYTHONPATH=build/dev/python build/venv/bin/python -m dlpack_faults --write"
"""Writes the file anew."""

_ROOT = Path(__file__).resolve().parents[2]
_ABOUT = (
    "conformance/catalogue",
    "conformance/dlpack_conformance/probes",
    "dlpack_impl/faults",
)
_SUFFIXES = {".py", ".h", ".cpp", ".def"}
_STRICT = {"must", "derived"}
_DECLARED = (None, "2021.12", "2022.12", "2023.12")
"""Array API versions that cases are judged with again: who is bound depends on them."""

Mutant = tuple[str, str]


def published() -> Path:
    """Place of the file in the source tree."""
    return _ROOT / "reports" / "published" / "proof.json"


def digest() -> str:
    """Sixteen hexadecimal digits over the files of catalogue, probes and faults."""
    total = hashlib.sha256()
    for folder in _ABOUT:
        for path in sorted((_ROOT / folder).rglob("*")):
            if path.suffix in _SUFFIXES:
                total.update(str(path.relative_to(_ROOT)).encode() + b"\0")
                total.update(path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Proof:
    """``results`` of all faults, in their order; ``killed``: mutant -> a case that shows it.

    ``mutants``: all of them; ``survivors``: those that no case shows.
    """

    results: list[Result]
    mutants: list[Mutant]
    killed: dict[Mutant, str]

    @property
    def survivors(self) -> list[Mutant]:
        """Mutants that no case kills."""
        return [mutant for mutant in self.mutants if mutant not in self.killed]

    def document(self) -> dict[str, Any]:
        """Return what the file says; the same for the same faults, wherever they ran."""
        rules = modules().core.rules()
        with_cases, without = _rules_with_cases(rules)
        musts = [row["id"] for row in rules if row["level"] in _STRICT and row["id"] in with_cases]
        caught = [result for result in self.results if result.is_caught]
        proven = {result.proves for result in caught}
        reasons = _all.unplanted()
        by_rule: dict[str, list[dict[str, Any]]] = {}
        for result in self.results:
            by_rule.setdefault(result.proves, []).append(
                {
                    "name": result.name,
                    "text": _all.faults()[result.name].text,
                    "caught": result.is_caught,
                    "case": result.by[0] if result.by else None,
                    "also": list(result.also),
                }
            )
        return {
            "digest": digest(),
            "rules": len(rules),
            "with_cases": len(with_cases),
            "musts_with_cases": len(musts),
            "musts_proven": len([rule for rule in musts if rule in proven]),
            "faults_planted": len(self.results),
            "faults_caught": len(caught),
            "twins_tripping": len([result for result in self.results if result.tripped]),
            "mutants": len(self.mutants),
            "mutants_killed": len(self.killed),
            "unproven": {
                rule: reasons.get(rule, "no fault is planted")
                for rule in musts
                if rule not in proven
            },
            "without_cases": {
                row["id"]: row["untestable"] or without.get(row["id"], "no case observes it")
                for row in rules
                if row["id"] not in with_cases
            },
            "unplanted": reasons,
            "faults_by_rule": dict(sorted(by_rule.items())),
            "survivors": [
                {"rule": rule, "change": change, "why": SURVIVORS.get((rule, change), "")}
                for rule, change in self.survivors
            ],
        }


def _rules_with_cases(rules: list[dict[str, Any]]) -> tuple[set[str], dict[str, str]]:
    """Rules that exchange cases judge, and those that a library file has a probe of.

    Probes that only a device answers are left out; second come the rules that have no others, with
    that reason. The same on every machine: no library is imported.
    """
    found = {row["id"] for row in rules if "exchange" in row["judged_in"]}
    further = set()
    for library in find_libraries().values():
        for rule, variant in find_probes(library):
            (further if variant.endswith("-" + HARDWARE) else found).add(rule)
    known = {row["id"] for row in rules}
    why = f"only cases on {HARDWARE.upper()} observe it"
    return found & known, dict.fromkeys((further - found) & known, why)


# What a worker does.

_mutation: Any = None
_shown: set[bytes] = set()


def _work(name: str) -> tuple[Result | None, dict[Mutant, str]]:
    """Run one fault with its twin, or the reference for ""; which mutants their cases killed."""
    global _mutation  # one a worker: what one fault's cases killed need not be tried again
    if _mutation is None:
        _mutation = modules().core.MutationTest()
    before = _killed()
    result, seen = None, []
    if not name:
        seen = [observe(None)]
    else:
        fault = _all.faults()[name]
        try:
            result, *seen = run_fault(fault)
        except (ConformanceError, TypeError, ValueError) as error:
            result = result_of(fault, problems=[f"{type(error).__name__}: {error}"])
    for observed in seen:
        _show(observed)
    return result, {mutant: case for mutant, case in _killed().items() if mutant not in before}


def _killed() -> dict[Mutant, str]:
    return {
        (row["rule"], row["change"]): row["killed_by"]
        for row in _mutation.rows()
        if row["killed_by"] is not None
    }


def _show(observed: Observed) -> None:
    """Judge all cases with all mutants, and those that did not conform as of other declarations."""
    fresh, broken = [], []
    for index, record in observed.records.items():
        facts = record["facts"]
        key = record["id"].replace(observed.name, "~").encode() + msgspec.json.encode(facts)
        if key not in _shown:
            _shown.add(key)
            fresh.append((index, facts))
            if record["verdict"] in ("deviates", "permitted"):
                broken.append((index, facts))
    _mutation.show(observed.plan, fresh)
    if not broken:
        return
    for declares in _DECLARED:
        libraries = {
            name: {**entry, "declares": declares}
            for name, entry in observed.spec["libraries"].items()
        }
        _mutation.show(modules().core.Plan({**observed.spec, "libraries": libraries}), broken)


def prove(told: Callable[[Result], None] = lambda result: None) -> Proof:
    """Run everything on all cores; ``told`` hears of each fault when it is done."""
    names = ["", *_all.faults()]
    results: list[Result] = []
    killed: dict[Mutant, str] = {}
    # Workers parse much and make no cycles worth the collector's time.
    context = get_context("fork")
    with ProcessPoolExecutor(cores(), mp_context=context, initializer=gc.disable) as pool:
        for result, found in pool.map(_work, names):
            killed = {**found, **killed}
            if result is not None:
                results.append(result)
                told(result)
    killed = {**dict(_by_examples()), **killed}
    mutants = [(row["rule"], row["change"]) for row in modules().core.MutationTest().rows()]
    return Proof(
        results, mutants, {mutant: killed[mutant] for mutant in mutants if mutant in killed}
    )


def _by_examples() -> Iterator[tuple[Mutant, str]]:
    """Mutants that the examples of the GoogleTest units kill; none where these are not built."""
    build = os.environ.get("DLCONFORM_BUILD_DIR")
    folder = Path(build or Path(str(modules().core.__file__)).parents[2])
    program = folder / "cpp_tests" / "cpp_tests_core"
    if not program.is_file():
        return
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "mutants"
        subprocess.run(
            [program, "--gtest_filter=Mutants.*"],
            env={**os.environ, "DLCONFORM_MUTANTS_OUT": str(out)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        for line in out.read_text().splitlines() if out.is_file() else []:
            rule, change, example = line.split("\t")
            yield (rule, change), f"example: {example}"
