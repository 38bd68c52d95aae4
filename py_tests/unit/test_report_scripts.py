"""Scripts for everything that the installed libraries can do: they compile and keep to 25 lines."""

from __future__ import annotations

from collections import Counter

from dlpack_conformance import modules
from dlpack_conformance.engine.census import census
from dlpack_conformance.engine.discover import find_libraries, find_routes
from dlpack_conformance.report import Case, Scripts
from dlpack_conformance.report.repro import MAX_LINES

# Facts that make a script take another way than the plain outcome.
WAYS: dict[str, tuple[str, dict[str, object]]] = {
    "shared": ("", {}),
    "refused": ("", {"route.error": "numpy.exceptions.DTypePromotionError"}),
    "crashed": (
        "process-lost",
        {"crash.how": "signal", "crash.signal": "SIGSEGV", "crash.step": "read"},
    ),
    "copied": ("readonly-lost", {"result.writable": True, "source.writable": False}),
}


def test_scripts_of_all_planned_cases_compile_and_are_short() -> None:
    """Every case of the quick profile has a script.

    Unless its source is too large to write down.
    """
    libraries = find_libraries()
    scripts = Scripts(libraries, find_routes(libraries))
    plan = modules().core.Plan(census().spec("quick"))
    layouts = {row["name"]: row for row in modules().core.layouts()}
    without: Counter[str] = Counter()
    for at in range(len(plan)):
        case_id = plan.id(at)
        outcome, (reason, facts) = list(WAYS.items())[at % len(WAYS)]
        judged = f'[{{"rule":"C-36","verdict":"deviates","reason":"{reason}","blame":"consumer"}}]'
        case = Case(case_id, outcome, (), "deviates", "consumer", "", judged.encode(), b"{}")
        make, rest = scripts.pieces(case, facts)
        if not rest:
            axes = case.axes
            without[axes["case"] if axes["case"] == "usage" else axes["layout"]] += 1
            continue
        text = "\n".join(["# title", *make, *rest])
        compile(text, case_id, "exec")
        assert len(text.splitlines()) <= MAX_LINES, text

    assert len(plan) > 1000
    assert all("huge" in layouts[name]["tags"] for name in without)
