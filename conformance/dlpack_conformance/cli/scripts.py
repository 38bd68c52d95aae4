"""Reproducers for the cases of a record file: the library files and routes are looked up here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlpack_conformance.report import Scripts

__all__ = ["make_scripts"]


def make_scripts(files: Sequence[str] = ()) -> Scripts:
    """What makes scripts out of the library files at hand; no array library is imported."""
    from dlpack_conformance.engine.discover import find_libraries, find_routes
    from dlpack_conformance.report import Scripts

    libraries = find_libraries(files)
    return Scripts(libraries, find_routes(libraries))
