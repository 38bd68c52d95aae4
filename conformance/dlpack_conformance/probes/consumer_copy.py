"""Consumers and what may be shared, copied and written: copy, device, READ_ONLY, IS_COPIED."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    COPY_FALSE,
    COPY_TRUE,
    LEGACY,
    VERSIONS,
    Giver,
    close,
    immutable,
    offer,
    probe,
    taking,
    twin,
    with_readonly,
    without_readonly,
)

__all__ = ["PROBES"]

_CPU: dict[str, Any] = {"device": "cpu"}
_STANDARD = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
)
_VERSIONED = ("1.0", "1.1", "1.3")
_IS_COPIED = 2
_STATED = {"cuda": (2, 0), "rocm": (10, 0), "oneapi": (14, 0), "type-99": (99, 0)}
"""Devices that the reference states; asked for the CPU it copies, as a device library does."""


def _to_cpu(
    device: tuple[int, int], layout: str, ask: dict[str, Any]
) -> Callable[[Observer], None]:
    """The source lies on another device, and its producer can give it on the CPU."""

    def run(observer: Observer) -> None:
        if not twin(observer, layout=layout, keywords=_CPU):
            return
        giver = Giver(observer.crafted("float32", layout, device=device))
        ledger = giver.array.ledger
        held = [offer(observer, giver, **ask)]
        observer.step("release")
        held.clear()
        del giver
        close(observer, ledger)

    return run


def _copies_unless_false(ask: dict[str, Any]) -> Callable[[Observer], None]:
    """Tell whether copy=False is passed on: the producer copies unless it is forbidden."""

    def answer(array: Any, keywords: dict[str, Any]) -> Any:
        copy = keywords.pop("copy", None)
        return array.__dlpack__(**keywords, copy=copy is not False)

    def run(observer: Observer) -> None:
        giver = Giver(observer.crafted("float32", "matrix"), answer)
        result = offer(observer, giver, **ask)
        if result is not None and "result.values" in observer.facts:
            observer.prove(giver.array, result)

    return run


_COPIED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "vector": ("float32", "vector", {}),
    "columns": ("float64", "columns", {}),
    "fortran": ("int16", "fortran", {}),
    "reversed": ("int32", "reversed", {}),
    "broadcast": ("float32", "broadcast-columns", {}),
    "scalar": ("complex128", "scalar", {}),
    "bool": ("bool", "matrix", {}),
    "readonly": ("float32", "matrix", {"readonly": True}),
    "version-1.0": ("float32", "matrix", {"version": (1, 0)}),
    "legacy": ("float32", "matrix", dict(LEGACY)),
    "offset": ("float32", "offset-odd", {"offset_in": "byte_offset"}),
}
_FORBIDDEN: dict[str, tuple[str, str, dict[str, Any]]] = {
    **_COPIED,
    "misaligned": ("float64", "vector", {"skew": 1}),
    "align-16": ("float32", "matrix", {"skew": 16}),
    "align-8": ("float64", "vector", {"skew": 8}),
    "rank-8": ("float32", "rank-8", {}),
    "fp8": ("float8_e4m3fn", "vector", {}),
    "bfloat16": ("bfloat16", "vector", {}),
    "float16": ("float16", "vector", {}),
    "complex32": ("complex32", "vector", {}),
}

PROBES: list[Probe] = [
    *(
        probe(
            "C-25",
            f"{dtype}-{layout}-{version}",
            "an array that says READ_ONLY",
            taking(dtype, layout, readonly=True, with_twin=True, **VERSIONS[version]),
            absent=with_readonly,
        )
        for dtype, layout in (
            ("float32", "matrix"),
            ("int8", "vector"),
            ("float64", "scalar"),
            ("float32", "empty-0"),
            ("bool", "matrix"),
        )
        for version in _VERSIONED
    ),
    probe(
        "C-25",
        "flag-on-writable",
        "READ_ONLY, though the source may be written",
        taking(flags=1, with_twin=True),
        absent=with_readonly,
    ),
    *(
        probe(
            "C-26",
            f"{dtype}-{layout}-{version}",
            "an array that says READ_ONLY",
            taking(dtype, layout, readonly=True, **VERSIONS[version]),
            absent=without_readonly,
        )
        for dtype, layout in (
            ("float32", "matrix"),
            ("int8", "vector"),
            ("float64", "columns"),
            ("complex64", "scalar"),
        )
        for version in _VERSIONED
    ),
    probe(
        "C-26",
        "with-copied",
        "READ_ONLY and IS_COPIED",
        taking(flags=1 | _IS_COPIED),
        absent=without_readonly,
    ),
    probe(
        "C-26",
        "with-unknown-flags",
        "READ_ONLY among others",
        taking(flags=1 | 1 << 40),
        absent=without_readonly,
    ),
    probe(
        "C-26",
        "copy-false",
        "READ_ONLY, and no copy allowed",
        taking(readonly=True, ask=COPY_FALSE),
        keywords=("copy",),
        absent=without_readonly,
    ),
    *(
        probe(
            "C-27",
            f"{name}-{layout}",
            "a legacy import and writing",
            taking(
                layout=layout, readonly=readonly, legacy_readonly="export", proves=True, **LEGACY
            ),
        )
        for name, readonly in (("writable", False), ("readonly", True))
        for layout in ("vector", "matrix", "scalar")
    ),
    *(
        probe(
            "C-30",
            f"{name}-{kind}",
            "the device of the result",
            taking(layout=layout, ask=ask, **options),
            keywords=tuple(ask),
        )
        for kind, options in (("versioned", {}), ("legacy", dict(LEGACY)))
        for name, layout, ask in (
            ("absent", "matrix", {}),
            ("device-none", "matrix", {"device": None}),
            ("device-none-copy-true", "vector", {"device": None, **COPY_TRUE}),
            ("scalar", "scalar", {}),
            ("empty", "empty-0", {}),
        )
    ),
    *(
        probe(
            "C-31",
            f"{name}-{layout}",
            "from another device to the CPU",
            _to_cpu(device, layout, _CPU),
            keywords=("device",),
        )
        for name, device in _STATED.items()
        for layout in ("matrix", "columns")
    ),
    *(
        probe(
            "C-33",
            name,
            "from another device to the CPU, and no copy allowed",
            _to_cpu(device, "matrix", {**_CPU, **COPY_FALSE}),
            keywords=("device", "copy"),
        )
        for name, device in _STATED.items()
    ),
    *(
        probe(
            "C-34",
            name,
            "copy=True",
            taking(dtype, layout, ask=COPY_TRUE, proves=True, **options),
            keywords=("copy",),
        )
        for name, (dtype, layout, options) in _COPIED.items()
    ),
    probe(
        "C-34",
        "device-cpu",
        "copy=True and the source's own device",
        taking(ask={**COPY_TRUE, **_CPU}, proves=True),
        keywords=("copy", "device"),
    ),
    *(
        probe(
            "C-35",
            name,
            "copy=False",
            taking(dtype, layout, ask=COPY_FALSE, proves=True, **options),
            keywords=("copy",),
        )
        for name, (dtype, layout, options) in _FORBIDDEN.items()
    ),
    *(
        probe("C-36", dtype, "a plain source", taking(dtype, "matrix", proves=True))
        for dtype in _STANDARD
    ),
    *(
        probe(
            "C-36",
            f"{layout}-{version}",
            "a plain source",
            taking(layout=layout, proves=True, **VERSIONS[version]),
        )
        for layout in ("vector", "cube", "one", "scalar")
        for version in ("legacy", "1.0", "1.3")
    ),
    probe(
        "C-36",
        "copy-none",
        "a plain source, copy=None",
        taking(ask={"copy": None}, proves=True),
        keywords=("copy",),
    ),
    probe(
        "C-36",
        "device-cpu",
        "a plain source, its own device named",
        taking(ask=_CPU, proves=True),
        keywords=("device",),
    ),
    *(
        probe(
            "C-37",
            name,
            "writing to what copy=True gave",
            taking(dtype, layout, ask=COPY_TRUE, proves=True, **options),
            keywords=("copy",),
            absent=immutable,
        )
        for name, (dtype, layout, options) in {
            **_COPIED,
            "readonly-mapped": ("float32", "matrix", {"kind": "mapped-readonly", "readonly": True}),
        }.items()
    ),
    *(
        probe(
            "C-40",
            f"{layout}-{version}",
            "memory that says IS_COPIED",
            taking(layout=layout, flags=_IS_COPIED, proves=True, **VERSIONS[version]),
            absent=immutable,
        )
        for layout in ("vector", "matrix", "scalar")
        for version in _VERSIONED
    ),
    *(
        probe(
            "C-41",
            f"{name}-{version}",
            "the producer takes copy=True and shares",
            taking(
                layout=layout, ask=COPY_TRUE, honours_copy=False, proves=True, **VERSIONS[version]
            ),
            keywords=("copy",),
        )
        for name, layout in (("matrix", "matrix"), ("columns", "columns"))
        for version in ("legacy", "1.0", "1.3")
    ),
    *(
        probe(
            "C-41",
            f"copies-unless-false-{name}",
            "the producer copies unless it is forbidden",
            _copies_unless_false(ask),
            keywords=tuple(ask),
        )
        for name, ask in (("plain", {}), ("copy-false", dict(COPY_FALSE)))
    ),
    *(
        probe(
            "C-56",
            f"{layout}-{version}",
            "copy=False answered with IS_COPIED",
            taking(
                layout=layout, flags=_IS_COPIED, ask=COPY_FALSE, proves=True, **VERSIONS[version]
            ),
            keywords=("copy",),
        )
        for layout in ("vector", "matrix")
        for version in _VERSIONED
    ),
]
