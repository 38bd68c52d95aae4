"""The import of an exchange table: protocol cases of group X, against tensors of the reference."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exchange_table import NEWEST, Table, table_of

__all__ = ["PROBES"]

_DTYPES = (
    *("bool", "int8", "int64", "uint8", "uint32", "float16", "bfloat16", "float64", "complex64"),
    "float8_e4m3fn",
)
_LAYOUTS = (
    *("scalar", "empty-0x3", "one", "vector", "cube", "offset-one", "permuted", "columns"),
    *("step", "block", "broadcast-rows", "reversed", "rank-8", "one-odd"),
)
_USUAL = (
    ("float32-matrix", "float32", "matrix"),
    *((f"{dtype}-matrix", dtype, "matrix") for dtype in _DTYPES),
    *((f"float32-{layout}", "float32", layout) for layout in _LAYOUTS),
)
# The same said in other ways.
_SAID: Mapping[str, dict[str, Any]] = {
    "byte-offset": {"offset_in": "byte_offset", "layout": "offset-one"},
    "version-1.0": {"version": (1, 0)},
    "null-strides": {"version": (1, 1), "null_strides": True},
    "null-shape": {"layout": "scalar", "null_shape": True, "null_strides": True},
    "null-data": {"layout": "empty-0x3", "null_data": True},
    "newer-minor": {"version": (1, 99)},
    "read-only": {"readonly": True},
    "unaligned": {"alignment": 32, "skew": 16},
}

# Valid tensors that a library may refuse: arguments of `Observer.crafted`.
_UNUSUAL: Mapping[str, dict[str, Any]] = {
    "other-major": {"version": (2, 0)},
    "unknown-dtype": {"version": (1, 99), "states": {"dtype": (200, 8, 1)}},
    "unknown-device": {"version": (1, 99), "device": (99, 0)},
    "extension-device": {"device": (12, 0)},
    "four-lanes": {"dtype": "float32x4", "layout": "vector"},
    "fp4": {"dtype": "float4_e2m1fn", "layout": "vector"},
    "negative-strides": {"layout": "reversed"},
    "rank-64": {"layout": "rank-64"},
    "read-only": {"readonly": True},
    "newer-minor": {"version": (1, 99)},
    "byte-offset": {"offset_in": "byte_offset", "layout": "offset-one"},
    "null-deleter": {"deleter": "null"},
}


def _table(observer: Observer) -> Table | None:
    """The table of the library's array type."""
    return table_of(observer, observer.library.types()[0])


def _capsule(observer: Observer, options: Mapping[str, Any]) -> tuple[Any, Any]:
    """A capsule of the reference, and the counts of its exports."""
    x = observer.crafted(**options)
    return x.__dlpack__(max_version=NEWEST), x.ledger


def _import(observer: Observer, options: Mapping[str, Any]) -> None:
    """Import, look at the array, let it go; count the deleter's calls."""
    seen = observer.facts
    table = _table(observer)
    if table is None:
        return
    capsule, ledger = _capsule(observer, options)
    result = table.call("take", capsule)
    if result is not None:
        observer.look(result)
        shares = seen.get("proof.address") in ("same", "overlap")
        seen["end.early"] = shares and ledger.deleter_calls > 0
        observer.step("release")
        del result
    observer.count(ledger)


def _try_import(observer: Observer, options: Mapping[str, Any]) -> None:
    """Import and record how the function ended."""
    table = _table(observer)
    if table is not None:
        table.call("take", _capsule(observer, options)[0])


def _refused_import(observer: Observer, options: Mapping[str, Any]) -> None:
    """Import what may be refused, and count the deleter's calls."""
    table = _table(observer)
    if table is not None:
        capsule, ledger = _capsule(observer, options)
        table.call("take", capsule)
        observer.step("release")
        del capsule
        observer.count(ledger)


PROBES = [
    *(
        Probe(
            "X-19",
            variant,
            partial(_import, options={"dtype": dtype, "layout": layout}),
            "a tensor that the table's import takes over",
            "exchange-api",
        )
        for variant, dtype, layout in _USUAL
    ),
    *(
        Probe(
            "X-19",
            variant,
            partial(_import, options=options),
            "a tensor said in another way, which the table's import takes over",
            "exchange-api",
        )
        for variant, options in _SAID.items()
    ),
    *(
        Probe(
            rule,
            f"import-{variant}",
            partial(_try_import, options=options),
            "a valid tensor that the table's import may refuse",
            "exchange-api",
        )
        for rule in ("X-11", "X-12")
        for variant, options in (("plain", {}), *_UNUSUAL.items())
    ),
    *(
        Probe(
            "X-20",
            variant,
            partial(_refused_import, options=options),
            "deleter calls after the table's import refused a tensor",
            "exchange-api",
        )
        for variant, options in _UNUSUAL.items()
        if variant not in ("read-only", "newer-minor", "byte-offset", "null-deleter")
    ),
    *(
        Probe(
            "X-32",
            variant,
            partial(_refused_import, options={"version": (2, 0), **states}),
            "a tensor of major version 2, of which all after the deleter may be anything",
            "exchange-api",
        )
        for variant, states in (
            ("intact", {}),
            ("poisoned", {"states": {"tail": "poisoned"}}),
            ("unreadable", {"states": {"tail": "unreadable"}}),
        )
    ),
]
