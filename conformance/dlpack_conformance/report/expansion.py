"""Facts of a record with those put back that its lines leave out.

Because catalogue and arithmetic give them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["Expansion"]


class Expansion:
    """Puts the left-out facts back.

    They follow from the catalogue, so only a file of the catalogue at hand can be expanded.
    ``plan``: the run's plan, or None; ``partial`` then says why.
    """

    def __init__(self, records: Records) -> None:
        core = modules().core
        self.partial = ""
        self.plan: Any = None
        written = records.header.get("catalogue", "")
        ours = core.catalogue_digest()
        if written != ours:
            self.partial = (
                f"The records were written with another catalogue ({written or 'unnamed'}), "
                f"this one is {ours}. Facts that the catalogue gives by itself are not shown."
            )
            return
        self.plan = core.Plan(records.header["census"])
        self._judge = core.Judge(self.plan)

    def index(self, case: Case, at: int) -> int:
        """Place of a case in the plan.

        Or -1; ``at``: its place in the file, which is the same in a whole one.
        """
        if at < len(self.plan) and self.plan.id(at) == case.id:
            return at
        return int(self.plan.find(case.id))

    def facts(self, case: Case, at: int) -> dict[str, Any]:
        """All collected facts of ``case``, which is the one at ``at`` in the file."""
        facts = case.facts
        index = -1 if self.plan is None else self.index(case, at)
        if index < 0:
            return facts
        expanded: dict[str, Any] = self._judge.expand(index, facts)
        return expanded
