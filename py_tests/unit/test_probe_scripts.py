"""Scripts that probes bring themselves: each is code, short, and about a fact that there is."""

from __future__ import annotations

import pytest
from dlpack_conformance import modules
from dlpack_conformance.engine.discover import find_libraries, find_probes
from dlpack_conformance.report.made import make_lines

_MOST_LINES = 20


@pytest.mark.parametrize("name", ["numpy", "reference", "torch"])
def test_scripts_of_probes_are_code_about_a_fact(name: str) -> None:
    """``seen`` is set, the fact is in the catalogue, and the whole has 25 lines at most."""
    library = find_libraries()[name]
    facts = {row["spelled"] for row in modules().core.facts()}
    for (rule, variant), probe in find_probes(library).items():
        if probe.script is None:
            continue
        lines = probe.script.lines(library)
        if lines is None:
            continue
        make = make_lines(library, *probe.script.source) if probe.script.source else ()
        where = f"{rule}/{variant}"
        compile("\n".join([*make, *lines]), where, "exec")
        assert probe.script.fact in facts, where
        assert any(line.lstrip().startswith("seen = ") for line in lines), where
        assert len("\n".join([*make, *lines]).splitlines()) <= _MOST_LINES, where


def test_some_probes_bring_one() -> None:
    """Otherwise the test above sees nothing."""
    probes = find_probes(find_libraries()["torch"]).values()
    assert sum(probe.script is not None for probe in probes) > 10
