"""Reproducers for the cases of a record file: the library files and routes are looked up here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlpack_conformance.report import Scripts

__all__ = ["make_scripts"]


def make_scripts(files: Sequence[str] = (), *, traced: bool = False) -> Scripts:
    """What makes scripts out of the library files at hand; no array library is imported.

    ``traced``: scripts of protocol cases come from the calls of their probes, which run once more
    in a process of their own, where the libraries are installed.
    """
    from dlpack_conformance.engine.discover import find_libraries, find_probes, find_routes
    from dlpack_conformance.report import Scripts

    libraries = find_libraries(files)
    texts = {
        f"{rule}/{variant}": probe.text
        for library in libraries.values()
        for (rule, variant), probe in find_probes(library).items()
    }
    if not traced:
        return Scripts(libraries, find_routes(libraries), probe_texts=texts)
    from dlpack_conformance.engine.protocol import protocol_cases
    from dlpack_conformance.engine.trace import trace_cases
    from dlpack_conformance.report.protocol import ProtocolScripts

    def trace(case_ids: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
        return trace_cases(case_ids, files)

    def own(library: Any) -> dict[tuple[str, str], Any]:
        probes = find_probes(library).items()
        return {key: probe.script for key, probe in probes if probe.script is not None}

    @cache
    def of_reference() -> frozenset[tuple[str, str]]:
        cases = protocol_cases(libraries["reference"])
        return frozenset((rule, variant) for rule, variant, _, absent in cases if not absent)

    def has(case_id: str) -> bool:
        _, _, rule, variant = case_id.split("/")
        return (rule, variant) in of_reference()

    protocol = ProtocolScripts(libraries, trace, own, has, files)
    return Scripts(libraries, find_routes(libraries), protocol, texts)
