"""The two exports of an exchange table: protocol cases of group X."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exchange_table import NEWEST, live_memories, made, table_of

__all__ = ["PROBES"]

_DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float64", "complex64", "complex128", "float8_e4m3fn"),
)
_LAYOUTS = (
    *("scalar", "empty-0x3", "one", "vector", "cube", "offset-one", "permuted", "fortran-columns"),
    *("columns", "step", "block", "broadcast-rows", "reversed", "rank-8", "one-odd"),
)
_USUAL = (
    ("float32-matrix", "float32", "matrix"),
    *((f"{dtype}-matrix", dtype, "matrix") for dtype in _DTYPES),
    *((f"float32-{layout}", "float32", layout) for layout in _LAYOUTS),
)
# What a library may refuse; each in a dtype that the libraries with such a source make it of.
_UNUSUAL = (
    ("sparse", "float32"),
    ("meta", "float32"),
    ("quantised", "qint8"),
    ("legacy-only", "float32"),
    ("masked", "float32"),
    ("conj", "complex64"),
    ("neg", "float32"),
    ("requires-grad", "float32"),
    ("grad-history", "float32"),
    ("readonly", "float32"),
    ("subclass", "float32"),
)


def _owning(
    observer: Observer, dtype: str, layout: str, *, times: int = 1, thread: str = "main"
) -> None:
    """Export ``times`` while the array lives, and once to outlive it.

    ``thread``: where the last deleter runs, on ``t1`` without the GIL.
    """
    seen, instrument = observer.facts, observer.instrument
    before = live_memories(observer)
    x = observer.source(dtype, layout)
    table = table_of(observer, type(x))
    if table is None:
        return
    references = sys.getrefcount(x)
    for _ in range(times):
        capsule = table.call("export", x)
        if capsule is None:
            return
        observer.read_export(capsule)
        observer.step("release")
        instrument.call_deleter(capsule, thread="main", gil=True)
    kept = sys.getrefcount(x) - references
    capsule = table.call("export", x)
    if capsule is None:
        return
    seen["table.refs"] = kept
    observer.read_export(capsule)
    watched = observer.memory is not None and seen["export.address"] not in ("null", "elsewhere")
    raw = observer.place()[2]
    del x
    observer.forget()
    observer.step("read")
    if watched and raw:
        seen["life.right"] = instrument.inspect(capsule).raw() == raw
        seen["life.held"] = live_memories(observer) > before
    observer.step("release")
    instrument.call_deleter(capsule, thread=thread, gil=thread == "main")
    del capsule
    if watched:
        seen["life.freed"] = live_memories(observer) <= before


def _borrowed(observer: Observer, dtype: str, layout: str) -> None:
    """Borrow beside an owning export; then from another array, which goes at once."""
    seen = observer.facts
    x = observer.source(dtype, layout)
    table = table_of(observer, type(x))
    if table is None:
        return
    owned = table.call("export", x)
    if owned is None:
        return
    references = sys.getrefcount(x)
    table.call("borrow", x, owned, *observer.place())
    seen["table.refs"] = sys.getrefcount(x) - references
    if seen.get("table.status") != 0 or observer.memory is None:
        return
    before = live_memories(observer)
    other = observer.source(dtype, layout)
    observer.step("export")
    with suppress(Exception):
        table.quietly("borrow", other)
    observer.step("release")
    del other
    observer.forget()
    seen["life.freed"] = live_memories(observer) <= before


def _export(observer: Observer, dtype: str, source: str) -> None:
    x = observer.source(dtype, "matrix", source)
    table = table_of(observer, type(x))
    if table is not None:
        table.call("export", x)


def _borrow(observer: Observer, dtype: str, source: str) -> None:
    x = observer.source(dtype, "matrix", source)
    table = table_of(observer, type(x))
    if table is not None:
        table.call("borrow", x)


def _foreign(observer: Observer, function: str, what: Callable[[Observer], Any]) -> None:
    """Hand over an object of another type; in a process of its own."""
    table = table_of(observer, type(observer.source()))
    if table is not None:
        observer.step("export")
        observer.facts.update(table.raw(function, what(observer)))


def _versions(observer: Observer) -> None:
    """Version of the table, of what it exports and of what ``__dlpack__`` gives."""
    seen = observer.facts
    x = observer.source()
    table = table_of(observer, type(x))
    if table is None:
        return
    capsule = table.call("export", x)
    method = observer.call(x.__dlpack__, max_version=NEWEST)
    if capsule is None or method is None:
        return
    read = observer.instrument.inspect
    versions = {tuple(seen["table.version"]), read(capsule).version, read(method).version}
    seen["table.versions_agree"] = len(versions) == 1
    observer.read_export(capsule)


_FOREIGN: tuple[tuple[str, Callable[[Observer], Any]], ...] = (
    ("none", lambda observer: None),
    ("int", lambda observer: 3),
    ("type", lambda observer: type(observer.source())),
    ("methods-only", lambda observer: observer.instrument.MethodsOnly(observer.source())),
)

PROBES = [
    *(
        Probe(
            rule,
            variant,
            partial(run, dtype=dtype, layout=layout),
            text,
            "exchange-api",
            absent=made("plain", dtype, layout),
        )
        for rule, run, text in (
            ("X-13", _owning, "the owning export, with the array and after it"),
            ("X-17", _borrowed, "the non-owning export beside an owning one"),
        )
        for variant, dtype, layout in _USUAL
    ),
    Probe(
        "X-13",
        "many",
        partial(_owning, dtype="float32", layout="matrix", times=100),
        "a hundred owning exports of one array",
        "exchange-api",
    ),
    Probe(
        "X-13",
        "deleted-elsewhere",
        partial(_owning, dtype="float32", layout="matrix", thread="t1"),
        "the deleter runs on a thread that Python does not know, without the GIL",
        "exchange-api",
    ),
    *(
        Probe(
            "X-18",
            variant,
            partial(_borrowed, dtype=dtype, layout=layout),
            "where shape and strides of two non-owning exports lie",
            "exchange-api",
            absent=made("plain", dtype, layout),
        )
        for variant, dtype, layout in _USUAL
        if variant in ("float32-matrix", "float32-scalar", "float32-rank-8")
    ),
    *(
        Probe(
            rule,
            f"{function}-{source}",
            partial(run, dtype=dtype, source=source),
            f"the table's {function} of the source {source}",
            "exchange-api",
            absent=made(source, dtype, "matrix"),
        )
        for rule in ("X-11", "X-12")
        for function, run in (("export", _export), ("borrow", _borrow))
        for source, dtype in (("plain", "float32"), *_UNUSUAL)
    ),
    *(
        Probe(
            "X-16",
            f"{function}-{variant}",
            partial(_foreign, function=function, what=what),
            f"the table's {function} of an object of another type",
            "exchange-api",
            malformed=True,
            forks=True,
        )
        for function in ("export", "borrow")
        for variant, what in _FOREIGN
    ),
    Probe(
        "X-30",
        "versions",
        _versions,
        "versions that table, struct and method state",
        "exchange-api",
    ),
]
