"""Allocator and stream query of an exchange table: protocol cases of group X."""

from __future__ import annotations

from functools import partial
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exchange_table import Table, table_of

__all__ = ["PROBES"]

_UNKNOWN = (200, 8, 1)
_SHAPES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("scalar", ()),
    ("empty", (0, 3)),
    ("one", (1,)),
    ("vector", (7,)),
    ("cube", (2, 3, 4)),
    ("rank-8", (1, 2, 1, 2, 1, 2, 1, 2)),
    ("large", (1000, 1000)),
)
_DTYPES = (
    *("bool", "int8", "int32", "int64", "uint8", "uint16", "float16", "bfloat16", "float64"),
    *("complex64", "complex128"),
)
_USUAL: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("float32-matrix", "float32", (3, 4)),
    *((f"{dtype}-matrix", dtype, (3, 4)) for dtype in _DTYPES),
    *((f"float32-{name}", "float32", shape) for name, shape in _SHAPES),
)
# What no allocator has to give: dtype, shape, device.
_UNUSUAL: tuple[tuple[str, tuple[int, int, int], tuple[int, ...], tuple[int, int]], ...] = (
    ("unknown-dtype", _UNKNOWN, (3, 4), (1, 0)),
    ("odd-width", (0, 7, 1), (3, 4), (1, 0)),
    ("four-lanes", (2, 32, 4), (3, 4), (1, 0)),
    ("fp4", (17, 4, 1), (3, 4), (1, 0)),
    ("unknown-device", (2, 32, 1), (3, 4), (99, 0)),
    ("extension-device", (2, 32, 1), (3, 4), (12, 0)),
    ("second-cpu", (2, 32, 1), (3, 4), (1, 1)),
    ("too-large", (2, 32, 1), (2**50,), (1, 0)),
    ("overflow", (2, 32, 1), (2**40, 2**40), (1, 0)),
)
_FLOAT32 = (2, 32, 1)


def _numbers(observer: Observer, dtype: str) -> tuple[int, int, int]:
    code, bits, lanes, _ = observer.instrument.dtypes()[dtype]
    return code, bits, lanes


def _table(observer: Observer) -> Table | None:
    """The table of the library's array type."""
    return table_of(observer, observer.library.types()[0])


def _allocate(observer: Observer, dtype: str, shape: tuple[int, ...]) -> None:
    """Allocate, look, write, free."""
    table = _table(observer)
    if table is None:
        return
    capsule = table.call("allocate", _numbers(observer, dtype), shape)
    observer.step("release")
    if capsule is not None:
        observer.instrument.call_deleter(capsule, thread="main", gil=True)


def _poisoned(observer: Observer, dtype: str, shape: tuple[int, ...]) -> None:
    """Allocate from a prototype whose other fields are unusable, where one with zeros does."""
    table = _table(observer)
    if table is None:
        return
    numbers = _numbers(observer, dtype)
    if table.call("allocate", numbers, shape) is None:
        table.forget()
    else:
        table.call("allocate", numbers, shape, poisoned=True)


def _elsewhere(
    observer: Observer, numbers: tuple[int, int, int], thread: str, *, fails: bool = False
) -> None:
    """Allocate and free on a thread that Python does not know, where it works on this one."""
    table = _table(observer)
    if table is None:
        return
    if not fails and table.call("allocate", numbers, (3, 4)) is None:
        table.forget()
        return
    capsule = table.call("allocate", numbers, (3, 4), thread=thread)
    observer.step("release")
    if capsule is not None:
        observer.instrument.call_deleter(capsule, thread="t1")


def _ask(observer: Observer, dtype: Any, shape: tuple[int, ...], device: tuple[int, int]) -> None:
    table = _table(observer)
    if table is not None:
        table.call("allocate", dtype, shape, device=device)


def _stream(observer: Observer, device: tuple[int, int]) -> None:
    table = _table(observer)
    if table is not None:
        table.call("stream", device)


PROBES = [
    *(
        Probe(
            "X-23",
            variant,
            partial(_allocate, dtype=dtype, shape=shape),
            "an allocated tensor: its fields, and each element written",
            "exchange-api",
        )
        for variant, dtype, shape in _USUAL
    ),
    *(
        Probe(
            "X-21",
            variant,
            partial(_poisoned, dtype=dtype, shape=shape),
            "a prototype whose other fields are unusable",
            "exchange-api",
        )
        for variant, dtype, shape in _USUAL
        if variant.startswith("float32") or variant == "bool-matrix"
    ),
    Probe(
        "X-22",
        "float32-matrix",
        partial(_ask, dtype=_FLOAT32, shape=(3, 4), device=(1, 0)),
        "SetError of an allocation that works",
        "exchange-api",
    ),
    *(
        Probe(
            rule,
            prefix + variant,
            partial(_ask, dtype=dtype, shape=shape, device=device),
            "an allocation that may be refused",
            "exchange-api",
        )
        for rule, prefix in (("X-11", "allocate-"), ("X-22", ""))
        for variant, dtype, shape, device in _UNUSUAL
    ),
    Probe(
        "X-24",
        "foreign-thread",
        partial(_elsewhere, numbers=_FLOAT32, thread="t1"),
        "an allocation on a thread that Python does not know",
        "exchange-api",
    ),
    Probe(
        "X-24",
        "gil-held-elsewhere",
        partial(_elsewhere, numbers=_FLOAT32, thread="t1-gil-held"),
        "the same while another thread holds the GIL",
        "exchange-api",
    ),
    Probe(
        "X-24",
        "failure",
        partial(_elsewhere, numbers=_UNKNOWN, thread="t1", fails=True),
        "an allocation on such a thread that is refused",
        "exchange-api",
    ),
    Probe("X-27", "cpu", partial(_stream, device=(1, 0)), "the stream of the CPU", "exchange-api"),
    *(
        Probe(
            rule,
            f"stream-{variant}",
            partial(_stream, device=device),
            "the stream of a device",
            "exchange-api",
        )
        for rule in ("X-11", "X-12")
        for variant, device in (
            ("cpu", (1, 0)),
            ("second-cpu", (1, 1)),
            ("unknown-device", (99, 0)),
            ("extension-device", (12, 0)),
        )
    ),
]
