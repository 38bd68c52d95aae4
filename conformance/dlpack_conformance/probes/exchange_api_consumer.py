"""Consumers that meet an array with an exchange table: protocol cases of group X.

A library whose entry ``exchange-api`` or ``from_dlpack`` never uses a table of major version 1 has
no way to use one wrongly: the proof is taken in each case.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exchange_table import ATTRIBUTE

__all__ = ["PROBES"]

_FUNCTIONS = ("managed_tensor_from_py_object_no_sync", "dltensor_from_py_object_no_sync")


@cache
def _offering(
    instrument: Any, versions: tuple[tuple[int, int], ...], missing: tuple[str, ...] = ()
) -> type:
    """A class of arrays with a table of the first version, which leads to those of the others."""
    capsule = None
    for version in reversed(versions):
        functions = missing if version[0] == 1 else ()
        capsule = instrument.make_exchange_table(version=version, prev=capsule, missing=functions)
    return type("Offering", (instrument.Array,), {ATTRIBUTE: capsule})


def _takes(library: Library) -> Any:
    accepted = library.accepts()
    return accepted.get("exchange-api", accepted["from_dlpack"]).call


def _uses(observer: Observer, kind: type) -> tuple[Any, bool]:
    """An array of the class, taken by the library, and whether that called the table."""
    x = observer.crafted(array=kind)
    result = observer.call(_takes(observer.library), x)
    if result is not None:
        observer.look(result)
    return x, any(call.method in _FUNCTIONS for call in x.calls)


def _uses_no_table(observer: Observer) -> bool:
    """Set the proof of absence where a plain table of version 1.3 is left alone."""
    _, used = _uses(observer, _offering(observer.instrument, ((1, 3),)))
    if not used:
        observer.facts["route.absent"] = "the function that takes foreign arrays uses no table"
    return not used


def _other_major(observer: Observer, versions: tuple[tuple[int, int], ...]) -> None:
    if _uses_no_table(observer):
        return
    before = observer.instrument.stray_table_calls()
    _uses(observer, _offering(observer.instrument, versions))
    observer.facts["table.stray_calls"] = observer.instrument.stray_table_calls() - before


def _older_behind(observer: Observer, versions: tuple[tuple[int, int], ...]) -> None:
    if not _uses_no_table(observer):
        _, used = _uses(observer, _offering(observer.instrument, versions))
        observer.facts["table.used"] = used


def _with_gil(observer: Observer, missing: tuple[str, ...] = ()) -> None:
    if not _uses_no_table(observer):
        x, used = _uses(observer, _offering(observer.instrument, ((1, 3),), missing))
        observer.facts["table.used"] = used
        observer.calls(x)


def _without_table(observer: Observer) -> None:
    """An object that shows the two methods alone."""
    x = observer.crafted()
    result = observer.call(_takes(observer.library), observer.instrument.MethodsOnly(x))
    if result is not None:
        observer.look(result)


PROBES = [
    *(
        Probe(
            "X-07",
            variant,
            partial(_other_major, versions=versions),
            "an array whose type offers a table of another major version",
            "from_dlpack",
        )
        for variant, versions in (
            ("major-2", ((2, 0),)),
            ("major-0", ((0, 9),)),
            ("majors-3-2", ((3, 1), (2, 4))),
            ("major-2-before-1.3", ((2, 0), (1, 3))),
        )
    ),
    *(
        Probe(
            "X-09",
            variant,
            partial(_older_behind, versions=versions),
            "a table of a newer major version that leads to an older one",
            "from_dlpack",
        )
        for variant, versions in (
            ("major-2-before-1.3", ((2, 0), (1, 3))),
            ("majors-3-2-before-1.2", ((3, 0), (2, 0), (1, 2))),
        )
    ),
    Probe(
        "X-28",
        "methods-only",
        _without_table,
        "an object whose type offers no table",
        "from_dlpack",
    ),
    Probe("X-33", "plain", _with_gil, "an array whose type offers a table of 1.3", "from_dlpack"),
    Probe(
        "X-33",
        "no-borrowing",
        partial(_with_gil, missing=("dltensor_from_py_object_no_sync",)),
        "a table without the non-owning export, which may be missing",
        "from_dlpack",
    ),
]
