"""What probes of exports share: ask for a capsule, read it, and let its source go."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer

__all__ = [
    "ASKED",
    "NEWEST",
    "ask",
    "capsule_name",
    "churn",
    "dtypes",
    "exporting",
    "importing",
    "offer",
    "read",
]

NEWEST = (1, 3)
"""The newest version whose fields this suite knows."""

ASKED: dict[str, Mapping[str, Any]] = {"legacy": {}, "versioned": {"max_version": NEWEST}}
"""How a capsule is asked for: without a word, or with the newest version."""


@cache
def dtypes() -> dict[str, dict[str, Any]]:
    """Rows of the dtype table by name."""
    return {row["name"]: row for row in modules().core.dtypes()}


_MOVED = ("error", "error_bases", "message")


def ask(observer: Observer, x: Any, keywords: Mapping[str, Any]) -> Any:
    """Ask ``x`` for a capsule; what was raised becomes facts ``export``, and None is returned.

    A producer that lacks ``max_version`` is asked without it, as consumers do.
    """
    facts = observer.facts
    device = observer.call(x.__dlpack_device__)
    if device is not None:
        facts["export.dlpack_device"] = tuple(int(number) for number in device)
    capsule = observer.call(x.__dlpack__, **keywords)
    if facts.get("route.error") == "TypeError" and set(keywords) == {"max_version"}:
        keywords = {}
        capsule = observer.call(x.__dlpack__)
    facts["export.keywords"] = ", ".join(f"{name}={value!r}" for name, value in keywords.items())
    for name in _MOVED:
        if f"route.{name}" in facts:
            facts[f"export.{name}"] = facts.pop(f"route.{name}")
    del facts["route.returned"]
    return capsule


def read(observer: Observer, capsule: Any) -> Any:
    """Read a capsule of the observer's source into facts ``export``; None where that can't be."""
    facts = observer.facts
    if type(capsule).__name__ != "PyCapsule":
        facts["export.capsule"] = "no capsule"
        return None
    name = capsule_name(capsule)
    if name not in ("dltensor", "dltensor_versioned"):
        facts["export.capsule"] = name
        return None
    reading = observer.instrument.inspect(capsule)
    if reading.version is None or reading.version[0] == 1:
        # Before the elements are touched: should that end the process, these say of what it was.
        facts["export.device"] = reading.device
        facts["export.ndim"] = reading.ndim
        facts["export.shape_null"] = reading.shape is None
    observer.step("read")
    observer.read_export(capsule)
    return reading


def offer(
    observer: Observer,
    dtype: str = "float32",
    layout: str = "matrix",
    source: str = "plain",
    keywords: Mapping[str, Any] = ASKED["versioned"],
) -> tuple[Any, Any]:
    """Make a source, ask it for a capsule and read that: source and capsule, None if there is none.

    Elements of a dtype that DLPack does not have are compared as numbers.
    """
    x = observer.source(dtype, layout, source)
    observer.step("export")
    capsule = ask(observer, x, keywords)
    if capsule is None:
        return x, None
    reading = read(observer, capsule)
    if reading is not None and "export.values" not in observer.facts:
        try:
            got = reading.values()
        except (BufferError, ValueError):
            return x, capsule  # not to be read: the other facts say why
        observer.facts["export.values"] = got == list(observer.core.values(dtype, layout))
    return x, capsule


def exporting(
    dtype: str = "float32",
    layout: str = "matrix",
    source: str = "plain",
    keywords: Mapping[str, Any] = ASKED["versioned"],
) -> Callable[[Observer], None]:
    """Return a probe that makes a source and reads one export of it."""

    def run(observer: Observer) -> None:
        offer(observer, dtype, layout, source, keywords)

    return run


def importing(
    dtype: str = "float32",
    layout: str = "matrix",
    keywords: Mapping[str, Any] | None = None,
    **crafted: Any,
) -> Callable[[Observer], None]:
    """Return a probe that lets the library take an array of the reference and looks at it."""

    def run(observer: Observer) -> None:
        result = observer.consume(observer.crafted(dtype, layout, **crafted), **(keywords or {}))
        if result is not None:
            observer.look(result)

    return run


def capsule_name(capsule: Any) -> str:
    """Read the name of a capsule, whatever it is; empty where it is NULL."""
    function = ctypes.pythonapi.PyCapsule_GetName
    function.restype, function.argtypes = ctypes.c_char_p, [ctypes.py_object]
    name: bytes | None = function(capsule)
    return "" if name is None else name.decode("latin-1")


def _ordinary(library: Library) -> list[tuple[str, str, str]]:
    """Dtype, layout and source of some arrays that the library makes, of its own memory if it can.

    Integers where it has them; a library may have other dtypes alone.
    """
    made = {makes.source: makes for makes in library.makes() if makes.device == "cpu"}
    makes = made.get("owned") or made.get("plain")
    if makes is None:
        return []
    integers = [dtype for dtype in ("int8", "int32", "int64") if dtype in makes.dtypes]
    layouts = [
        layout
        for layout in ("vector", "matrix", "cube")
        if makes.layouts is None or layout in makes.layouts
    ]
    excluded = {(dtype, layout) for dtype, layout, _ in makes.excluded}
    return [
        (dtype, layout, makes.source)
        for dtype in integers or makes.dtypes[:3]
        for layout in layouts
        if excluded.isdisjoint({(dtype, layout), ("*", layout), (dtype, "*")})
    ]


def churn(observer: Observer) -> None:
    """Collect, then fill freed memory with other bytes: Python's, and the library's own."""
    gc.collect()
    kept: list[Any] = [bytearray(b"\xa5" * size) for size in range(16, 2048, 16)]
    facts = dict(observer.facts)
    kept += [observer.source(*source) for source in _ordinary(observer.library)]
    observer.facts.clear()
    observer.facts.update(facts)
    kept.clear()
    gc.collect()
