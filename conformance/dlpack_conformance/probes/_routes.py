"""What the probes of other routes share: what a library lacks, calls, and addresses."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer

__all__ = ["SIZES", "address_of", "given_back", "has_keyword", "living", "take", "where"]

_WAITS, _WAIT_SECONDS = 10, 0.005

SIZES = (
    ("whole", 24, -1, 0, "float32"),
    ("part", 24, 5, 0, "float32"),
    ("one", 24, 1, 0, "float64"),
    ("part-after-offset", 24, 2, 8, "float32"),
    ("rest-after-offset", 24, -1, 8, "float32"),
    ("bytes-after-offset", 24, 3, 5, "uint8"),
    ("all-with-count", 24, 6, 0, "float32"),
    ("all-after-offset", 24, 4, 8, "float32"),
    ("last-byte", 24, 1, 23, "uint8"),
    ("one-too-many", 24, 7, 0, "float32"),
    ("one-too-many-after-offset", 24, 5, 8, "float32"),
    ("half-an-element", 26, 7, 0, "float32"),
    ("item-larger-than-buffer", 4, 1, 0, "float64"),
    ("no-multiple", 25, -1, 0, "float32"),
    ("no-multiple-after-offset", 24, -1, 2, "float32"),
    ("no-count", 24, 0, 0, "float32"),
    ("offset-behind-end", 24, -1, 32, "float32"),
    ("product-overflows", 24, 2**61, 0, "float64"),
    ("sum-overflows", 24, 2**60, 8, "float64"),
    ("count-below-minus-one", 24, -5, 0, "float32"),
    ("nothing-left", 24, -1, 24, "float32"),
    ("empty", 0, -1, 0, "float32"),
)
"""Pieces of a buffer: variant, bytes of the buffer, count, offset, dtype."""


def has_keyword(entry: str, keyword: str) -> Callable[[Library], str | None]:
    """Return what says why an entry point lacks a keyword, or None."""

    def absent(library: Library) -> str | None:
        return library.accepts()[entry].lacks.get(keyword)

    return absent


def take(observer: Observer, entry: str, x: Any, dtype: str = "float32", **keywords: Any) -> Any:
    """Hand ``x`` to the library's entry point, with the dtype where it has to be told."""
    taker = observer.library.accepts()[entry]
    if taker.wants_dtype:
        keywords["dtype"] = dtype
    return observer.call(taker.call, x, **keywords)


def living(observer: Observer) -> int:
    """Count the memories of the suite that are alive in this process."""
    return int(observer.instrument.totals()["live_memories"])


def given_back(observer: Observer, before: int) -> bool:
    """Whether no more memories are alive than ``before``, when cycles were collected.

    A library may let go on a thread of its own, a moment later: also of what was counted before.
    """
    for _ in range(_WAITS):
        if living(observer) <= before:
            return True
        gc.collect()
        time.sleep(_WAIT_SECONDS)
    return living(observer) <= before


def address_of(observer: Observer, x: Any) -> int:
    """Address at which an object has its buffer."""
    return int(observer.instrument.request_buffer(x, "simple")["address"])


def where(observer: Observer, address: int) -> str:
    """Say where an address is, in bytes from the first element of the last array made."""
    memory = observer.memory
    if not address:
        return "null"
    offset = address - memory.first
    inside = -memory.first_offset <= offset < memory.nbytes - memory.first_offset
    return str(offset) if inside or offset == 0 else "elsewhere"
