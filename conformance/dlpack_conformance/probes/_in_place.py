"""Exports while their source is changed in place; library files say which operations do that."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe, Script
from dlpack_conformance.probes._exports import ASKED, ask, read

__all__ = ["changing"]

_SOURCE = ("float64", "matrix", "owned")


def changing(
    operation: str,
    change: Callable[[Any], Any],
    text: str,
    absent: Callable[[Library], str | None] | None = None,
    code: str = "",
) -> list[Probe]:
    """Return the cases of one operation that changes an array's own shape, strides or memory.

    ``change(x)`` may refuse; then the export has to read as before, too. What it leaves behind is
    read in a process of its own. ``code``: the same as a user writes it, with ``a`` for the array.
    """
    return [
        Probe(
            "T-27",
            f"{operation}-{asked}",
            lambda observer, asked=asked: _run(observer, change, asked),  # type: ignore[misc]
            f"a {asked} export after {text}",
            needs="export",
            makes=_SOURCE,
            absent=absent,
            script=_script(code, asked) if code else None,
            forks=True,
        )
        for asked in ASKED
    ]


def _script(code: str, asked: str) -> Script:
    """A capsule is read as its consumer would, before and after; ``life.stays``."""
    given = ", ".join(f"{name}={value!r}" for name, value in ASKED[asked].items())
    lines = [
        "from dlpack_conformance import _instrument as ref",
        f"capsule = a.__dlpack__({given})",
        "struct = ref.inspect(capsule)  # reads what a consumer would",
        "before = struct.data, struct.shape, struct.strides",
        code,
        "seen = (struct.data, struct.shape, struct.strides) == before",
    ]
    return Script("life.stays", lambda _: lines, _SOURCE)


def _run(observer: Observer, change: Callable[[Any], Any], asked: str) -> None:
    x = observer.source(*_SOURCE)
    observer.step("export")
    capsule = ask(observer, x, ASKED[asked])
    reading = None if capsule is None else read(observer, capsule)
    if reading is None or observer.facts.get("export.values") is not True:
        return
    before, raw = _fields(reading), reading.raw()

    def look() -> dict[str, Any]:
        with contextlib.suppress(Exception):  # a refusal leaves the array as it was
            change(x)
        if _fields(reading) != before:
            return {"life.stays": False}  # nobody knows what lies where it now points
        return {"life.stays": True, "life.right": reading.raw() == raw}

    seen = observer.apart(look)
    if seen["life.exit"] != 0:
        seen["life.right"] = False
    observer.facts.update(seen)


def _fields(reading: Any) -> tuple[Any, ...]:
    return reading.data, reading.byte_offset, reading.ndim, reading.shape, reading.strides
