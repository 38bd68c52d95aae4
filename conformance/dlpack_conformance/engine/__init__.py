"""Runs cases: census, plan, nurseries, runners, record. Nothing here imports an array library."""

from __future__ import annotations

from dlpack_conformance.engine.census import Census, census
from dlpack_conformance.engine.discover import find_libraries, find_routes
from dlpack_conformance.engine.merge import merged_lines
from dlpack_conformance.engine.options import Options, Progress, Summary
from dlpack_conformance.engine.records import judge_file
from dlpack_conformance.engine.supervisor import list_cases, run

__all__ = [
    "Census",
    "Options",
    "Progress",
    "Summary",
    "census",
    "find_libraries",
    "find_routes",
    "judge_file",
    "list_cases",
    "merged_lines",
    "run",
]
