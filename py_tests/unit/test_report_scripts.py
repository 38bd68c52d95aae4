"""Scripts for everything that the installed libraries can do: they compile and keep to 25 lines."""

from __future__ import annotations

from collections import Counter

import pytest
from dlpack_conformance import modules
from dlpack_conformance.engine.census import census
from dlpack_conformance.engine.discover import find_libraries, find_routes
from dlpack_conformance.report import Case, Scripts
from dlpack_conformance.report.repro import MAX_LINES

# Facts that make a script take another way than the plain outcome.
WAYS: dict[str, tuple[str, dict[str, object]]] = {
    "shared": ("", {"answer.value": "[1.0]"}),
    "refused": (
        "",
        {"route.error": "numpy.exceptions.DTypePromotionError", "answer.error": "TypeError"},
    ),
    "crashed": (
        "process-lost",
        {
            "crash.how": "signal",
            "crash.signal": "SIGSEGV",
            "crash.step": "read",
            "answer.value": "[1.0]",
        },
    ),
    "copied": (
        "readonly-lost",
        {"result.writable": True, "source.writable": False, "answer.value": "[1.0]"},
    ),
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
            without[case.axes["layout"]] += 1
            continue
        text = "\n".join(["# title", *make, *rest])
        compile(text, case_id, "exec")
        assert len(text.splitlines()) <= MAX_LINES, text

    assert len(plan) > 1000
    assert all("huge" in layouts[name]["tags"] for name in without)


def test_scripts_of_usages_tell_the_recorded_answer_from_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They run by themselves: exit 0 with the answer of the record, 1 with any other."""
    libraries = find_libraries()
    scripts = Scripts(libraries, find_routes(libraries))
    usages = [(library.name, usage) for library in libraries.values() for usage in library.usages()]
    for name, usage in usages:
        facts = usage.run()
        case = Case(
            f"usage/{name}/{usage.topic}/{usage.variant}", "answered", (), "", "", "", b"[]", b"{}"
        )
        for answer, changed in ((facts["answer.value"], False), ("another", True)):
            text = scripts.script(case, {"answer.value": answer})
            with pytest.raises(SystemExit) as ended:
                exec(compile(text, case.id, "exec"), {})
            assert bool(ended.value.code) is changed, capsys.readouterr().out

    assert usages
