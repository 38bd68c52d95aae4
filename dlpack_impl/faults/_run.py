"""Runs the cases of a fault and of its harmless twin, and says which rules fell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from dlpack_conformance import modules
from dlpack_conformance.engine.census import take
from dlpack_conformance.engine.discover import find_probes
from dlpack_conformance.engine.settle import Settler
from dlpack_conformance.probes import Need
from dlpack_faults import Fault, Planted, _all
from dlpack_faults._lane import ForkedLane

__all__ = ["HARDWARE", "Answer", "Observed", "Result", "cores", "observe", "result_of", "run_fault"]

REFERENCE = "reference"
_FILE = str(Path(__file__).with_name("_libraries.py"))
_PROFILE = "quick"
_TIMEOUT_SECONDS = 3.0
_IMPORT, _EXPORT = {"import", "table", "other"}, {"export", "table", "other"}
_PARTS = {
    "abi": {"abi", "other"},
    "exchange-api": {"export", "table", "other"},
    "from_dlpack": {"import", "other"},
    "capsule": {"import", "other"},
}
"""What a probe needs -> parts of a fault that it may meet; see `Fault.touches`."""
_MAX_SAID = 160
HARDWARE = "cuda"
"""Ends the names of devices, and of variants, that no machine without that device can observe."""
_SELF = "~"
"""Stands for the library's own name in ids, so that those of a fault and its twin compare."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule said of one case."""

    verdict: str
    reason: str
    blame: str


@dataclass(slots=True)
class Observed:
    """All cases of one library: ``answers`` by case and rule, with `_SELF` for its name.

    ``plan``, ``spec``: of its cases; ``records``: by index in the plan; ``troubles``: what makes
    the observation itself worthless, each with its cases.
    """

    name: str
    plan: Any
    spec: dict[str, Any]
    records: dict[int, dict[str, Any]]
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    troubles: dict[str, list[str]] = field(default_factory=dict)

    def trouble(self, what: str, case: str) -> None:
        """Note what went wrong in a case."""
        self.troubles.setdefault(what, []).append(case)

    @property
    def problems(self) -> list[str]:
        """Troubles as sentences."""
        return [
            f"{what} in {len(cases)} cases, first {cases[0]}"
            for what, cases in self.troubles.items()
        ]

    def falls(self, verdict: str = "deviates") -> dict[str, list[str]]:
        """Rules that answered so, each with its cases."""
        found: dict[str, list[str]] = {}
        for (case, rule), answer in self.answers.items():
            if answer.verdict == verdict:
                found.setdefault(rule, []).append(case)
        return found


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one fault; its functions are left out, so that the result can cross processes.

    ``by``: cases in which the proved rule answered as it has to, and did not of the twin; ``fell``:
    further rules that deviate, with a case each; ``missing``: rules of ``also`` that did not;
    ``tripped``: rules that deviate of the twin, with a case each; ``problems``: the rest.
    """

    name: str
    proves: str
    verdict: str
    also: tuple[str, ...]
    by: list[str]
    fell: dict[str, str]
    missing: list[str]
    tripped: dict[str, str]
    problems: list[str]

    @property
    def is_caught(self) -> bool:
        """The rule that it proves saw it."""
        return bool(self.by)

    def wrong(self) -> list[str]:
        """All that is not as the fault states, as sentences."""
        found = list(self.problems)
        if not self.by:
            found.append(f"{self.proves} is {self.verdict} in no case")
        surplus = {rule: case for rule, case in self.fell.items() if rule not in self.also}
        found += [f"{rule} falls, too: {case}" for rule, case in surplus.items()]
        found += [f"{rule} of `also` does not fall" for rule in self.missing]
        found += [f"the twin trips {rule}: {case}" for rule, case in self.tripped.items()]
        return found


def cores() -> int:
    """How many processes may work at a time."""
    return len(os.sched_getaffinity(0))


def observe(
    library: Planted | None,
    wanted: Callable[[str, Need], bool] = lambda rule, need: True,
    touches: frozenset[str] = frozenset({"other"}),
) -> Observed:
    """Run the protocol cases of a library, and the quick profile with the reference both ways.

    ``library``: None for the reference itself; ``wanted(rule, need)``: which protocol cases;
    ``touches``: parts that are not the reference's own, which say which ways. Cases run in runners
    of their own, so that a lost process is an answer.
    """
    if library is not None:
        _all.chosen(library)
    name = REFERENCE if library is None else library.name
    files = [] if library is None else [_FILE]
    found = take(list(dict.fromkeys([REFERENCE, name])), files)
    if library is not None:
        found["libraries"][REFERENCE]["protocol"] = []
        needs = {key: probe.needs for key, probe in find_probes(library).items()}
        entry = found["libraries"][name]
        entry["protocol"] = [
            row for row in entry["protocol"] if wanted(row[0], needs[row[0], row[1]])
        ]
    for entry in found["libraries"].values():
        _leave_out_hardware(entry)
    spec = {
        "profile": _PROFILE,
        "filters": [],
        "target": name,
        "libraries": found["libraries"],
        "ways": [way for way in found["ways"] if _is_way(way, name, touches)],
    }
    plan = modules().core.Plan(spec)
    judge = modules().core.Judge(plan)
    lines: dict[int, bytes] = {}
    for producer, consumer, begin, end in plan.pairs:
        if name in (producer, consumer):
            _run_pair(spec, plan, judge, (producer, consumer), range(begin, end), lines, files)
    records = {index: msgspec.json.decode(line) for index, line in lines.items()}
    observed = Observed(name, plan, spec, records)
    for record in records.values():
        _read(observed, record)
    return observed


def _leave_out_hardware(entry: dict[str, Any]) -> None:
    """Drop what only some machines have: the proof is the same on all."""
    entry["makes"] = [m for m in entry["makes"] if not m["device"].startswith(HARDWARE)]
    entry["protocol"] = [row for row in entry["protocol"] if not row[1].endswith("-" + HARDWARE)]


def _is_way(way: dict[str, Any], name: str, touches: frozenset[str]) -> bool:
    """Whether a way leads between the reference and the library, by a part that it touches."""
    ends = (way["producer"], way["consumer"])
    if ends == (name, REFERENCE):
        return not touches.isdisjoint(_EXPORT)
    return ends == (REFERENCE, name) and not touches.isdisjoint(_IMPORT)


def _run_pair(
    spec: dict[str, Any],
    plan: Any,
    judge: Any,
    names: tuple[str, str],
    batch: range,
    lines: dict[int, bytes],
    files: list[str],
) -> None:
    pair = {
        "spec": spec,
        "producer_name": names[0],
        "consumer_name": names[1],
        "begin": batch.start,
        "end": batch.stop,
        "files": files,
    }
    lane = ForkedLane(
        pair, timeout_s=_TIMEOUT_SECONDS, keep=lines.__setitem__, stopped=lambda: False
    )
    settler = Settler(lane, plan, judge)
    try:
        while batch:
            loss = lane.run(batch)
            if loss is None:
                return
            ran = range(batch.start, loss.index + 1)
            lines[loss.index], _ = settler.settle(loss, ran)
            batch = range(loss.index + 1, batch.stop)
    finally:
        lane.close()


def _read(observed: Observed, record: dict[str, Any]) -> None:
    """Take the answers of one record; what blames the reference is a problem."""
    case = record["id"].replace(observed.name, _SELF)
    if record["verdict"] == "suite-fault":
        said = str(record["facts"].get("suite.fault")).splitlines()[0]
        observed.trouble(f"suite fault: {said[:_MAX_SAID]}", case)
    parts = case.split("/")
    innocent = ""
    if parts[0] == "exchange":
        innocent = "consumer" if parts[1] == _SELF else "producer"
    for entry in _entries(record["judged"]):
        if entry["rule"]:
            answer = Answer(entry["verdict"], entry["reason"], entry["blame"])
            observed.answers[case, entry["rule"]] = answer
            if entry["verdict"] == "deviates" and entry["blame"] == innocent:
                observed.trouble(f"{entry['rule']} blames the reference", case)


def _entries(judged: list[Any]) -> Iterator[dict[str, str]]:
    for entry in judged:
        if isinstance(entry, str):
            yield {"rule": entry, "verdict": "conforms", "reason": "", "blame": "none"}
        else:
            yield {"rule": "", "reason": "", "blame": "none", **entry}


def _may_meet(need: Need, touches: frozenset[str]) -> bool:
    """Whether a probe of this need may meet what a fault touches."""
    if need == "nothing":
        return True
    usual = {"import", "other"} if need.startswith("take-") else {"export", "other"}
    return not touches.isdisjoint(_PARTS.get(need, usual))


def result_of(fault: Fault, **found: Any) -> Result:
    """Return a result with what was found, and nothing else."""
    empty: dict[str, Any] = {"by": [], "fell": {}, "missing": [], "tripped": {}, "problems": []}
    return Result(fault.name, fault.proves, fault.verdict, fault.also, **{**empty, **found})


def run_fault(fault: Fault) -> tuple[Result, Observed, Observed]:
    """Observe a fault and its twin, and compare.

    Left out are cases that only meet the reference's own code: of parts that the fault does not
    touch, and of the twin protocol cases of rules that neither fell nor are to fall.
    """
    named = {fault.proves, *fault.also}
    touches = fault.touches
    broken = observe(
        fault.library(defect=True),
        lambda rule, need: rule in named or _may_meet(need, touches),
        touches,
    )
    fallen = {*named, *broken.falls()}
    twin = observe(fault.library(defect=False), lambda rule, need: rule in fallen, touches)
    by = [
        case
        for (case, rule), answer in broken.answers.items()
        if rule == fault.proves
        and answer.verdict == fault.verdict
        and getattr(twin.answers.get((case, rule)), "verdict", None) != fault.verdict
    ]
    fell = {rule: cases[0] for rule, cases in broken.falls().items() if rule != fault.proves}
    result = result_of(
        fault,
        by=by,
        fell=fell,
        missing=[rule for rule in fault.also if rule not in fell],
        tripped={rule: cases[0] for rule, cases in twin.falls().items()},
        problems=[*broken.problems, *(f"the twin: {problem}" for problem in twin.problems)],
    )
    return result, broken, twin
