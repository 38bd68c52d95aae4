"""Which deviations count: all, or those of a target, its pairs and its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlpack_conformance.report.records import axes_of

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Judged, Records

__all__ = ["Counting"]


class Counting:
    """Says of a judged entry whether it counts. ``target``: None where all do."""

    def __init__(self, records: Records, target: str | None) -> None:
        self._target = target
        ways = records.census.get("ways", [])
        self._owners = {
            (way["producer"], way["consumer"], way["route"]): way["owner"] for way in ways
        }

    def counts(self, case: Case, judged: Judged) -> bool:
        """Whether what is blamed on somebody is blamed on the target, too."""
        if self._target is None:
            return True
        if judged.blame == "pair":
            return self.touches(case.id)
        axes = case.axes
        if judged.blame != "route":
            return self._target == axes.get(judged.blame, axes.get("library"))
        way = (axes.get("producer", ""), axes.get("consumer", ""), axes.get("route", ""))
        return self._owners.get(way) == self._target

    def touches(self, case_id: str) -> bool:
        """Whether the target takes part in a case."""
        if self._target is None:
            return True
        axes = axes_of(case_id)
        return self._target in (axes.get("producer"), axes.get("consumer"), axes.get("library"))
