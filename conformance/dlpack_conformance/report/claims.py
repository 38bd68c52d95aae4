"""Claims: sentences that users believe, and what the cases of a run say about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules
from dlpack_conformance.report.expansion import Expansion

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Records

__all__ = ["claims"]


def claims(records: Records, expansion: Expansion | None = None) -> list[dict[str, Any]]:
    """Each claim with ``shown`` (true, false, mixed or not-shown) and the lines of cases behind it.

    Keys: ``id text note shown count lines``; ``count``: cases that say something; a line has
    ``pattern text yes no open first_yes first_no``, the last two ids of cases, empty where there is
    none.
    """
    expansion = expansion or Expansion(records)
    core = modules().core
    if expansion.plan is None:
        return [_row({**row, "shown": "not-shown", "cases": []}) for row in core.claims()]
    tally = core.ClaimTally(expansion.plan)
    wanted = [core.Query(line["pattern"]) for row in core.claims() for line in row["cases"]]
    for at, case in enumerate(records.cases):
        if any(query.matches(case.id) for query in wanted):
            index = expansion.index(case, at)
            if index >= 0:
                tally.add(index, expansion.facts(case, at))
    return [_row(row) for row in tally.results()]


def _row(result: Mapping[str, Any]) -> dict[str, Any]:
    lines = [dict(line) for line in result["cases"]]
    return {
        **{key: result[key] for key in ("id", "text", "note", "shown")},
        "count": sum(line["yes"] + line["no"] for line in lines),
        "lines": lines,
    }
