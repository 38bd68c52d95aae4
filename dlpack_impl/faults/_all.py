"""All faults, and why some rules have none."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import dlpack_faults
from dlpack_conformance import modules
from dlpack_faults import Fault, Planted

__all__ = ["chosen", "faults", "libraries", "unplanted"]

_chosen: list[Planted] = []


def _modules() -> Iterator[ModuleType]:
    for info in sorted(pkgutil.iter_modules(dlpack_faults.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"dlpack_faults.{info.name}")


def faults() -> dict[str, Fault]:
    """All faults by name, in the order of their files.

    Raises
    ------
    ValueError
        A name is there twice, or the catalogue lacks a rule that a fault names.
    """
    rules = {row["id"] for row in modules().core.rules()}
    found: dict[str, Fault] = {}
    for module in _modules():
        for fault in module.FAULTS:
            if fault.name in found:
                raise ValueError(f"{module.__name__}: the fault {fault.name} is there twice")
            unknown = {fault.proves, *fault.also} - rules
            if unknown:
                raise ValueError(f"{module.__name__}: {fault.name}: no such rule: {unknown}")
            found[fault.name] = fault
    return found


def unplanted() -> dict[str, str]:
    """Rule -> why no fault can show it broken."""
    found: dict[str, str] = {}
    for module in _modules():
        found |= module.UNPLANTED
    return dict(sorted(found.items()))


def chosen(*libraries: Planted) -> None:
    """Make `libraries` return these alone, in this process and in those that it forks."""
    _chosen[:] = libraries


def libraries() -> list[Planted]:
    """Return the libraries of all faults and of their twins, or those that were chosen."""
    if _chosen:
        return list(_chosen)
    return [fault.library(defect=defect) for fault in faults().values() for defect in (True, False)]
