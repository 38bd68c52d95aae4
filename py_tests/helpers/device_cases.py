"""Protocol cases on simulated devices, run in this process as often as a test likes."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dlpack_faults
import msgspec
from dlpack_conformance import modules
from dlpack_conformance.engine.census import take
from dlpack_conformance.engine.pair import Pair
from dlpack_conformance.engine.runner import Cases
from dlpack_faults import Planted, _all

__all__ = ["DeviceCases"]

_FILE = f"{dlpack_faults.__path__[0]}/_libraries.py"
_REFERENCE = "reference"
_END = "-simulated"


@dataclass(frozen=True, slots=True)
class Line:
    """What one run of a case gave: the record without its time."""

    rule: str
    variant: str
    record: dict[str, Any]

    @property
    def verdict(self) -> str:
        """Verdict of the case."""
        verdict: str = self.record["verdict"]
        return verdict

    def fact(self, name: str) -> Any:
        """Return a fact by its spelled name, None where nobody collected it."""
        return self.record["facts"].get(name)


class DeviceCases:
    """The cases on a simulated device of one library; ``rules``: of these alone.

    ``library``: None for the reference.
    """

    def __init__(self, library: Planted | None = None, rules: Iterable[str] | None = None) -> None:
        name = _REFERENCE if library is None else library.name
        files = [] if library is None else [_FILE]
        if library is not None:
            _all.chosen(library)
        found = take(list(dict.fromkeys([_REFERENCE, name])), files)
        wanted = None if rules is None else set(rules)
        for each, entry in found["libraries"].items():
            entry["protocol"] = [
                row
                for row in entry["protocol"]
                if each == name
                and row[1].endswith(_END)
                and not row[3]
                and (wanted is None or row[0] in wanted)
            ]
        spec = {
            "profile": "quick",
            "filters": ["protocol/**"],
            "target": name,
            "libraries": found["libraries"],
            "ways": [],
        }
        plan = modules().core.Plan(spec)
        self._rows = found["libraries"][name]["protocol"]
        self._indices = range(len(self._rows))
        pair = Pair(spec, name, "", begin=0, end=len(self._rows), files=files)
        assert len(plan) == len(self._rows)
        self._cases = Cases(pair, lambda index, number: None)

    def run(self) -> list[Line]:
        """Run each case once, in the order of the plan; as in a runner, no collector comes between.

        It would let go of memory of a device while a wait of the host is measured.
        """
        lines = []
        gc.disable()
        try:
            for index in self._indices:
                record = msgspec.json.decode(self._cases.line(index))
                record.pop("time_ns")
                lines.append(Line(record["rule"], record["variant"], record))
        finally:
            gc.enable()
        return lines
