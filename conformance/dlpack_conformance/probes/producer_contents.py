"""Producers: unusual arrays, and what capsules hold; P-37 to P-39, P-42 to P-46 and P-51."""

from __future__ import annotations

from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._producing import (
    OTHERS,
    VERSIONS,
    any_source,
    asking,
    export,
    newest,
    no_consumer,
    re_imported,
)

__all__ = ["PROBES"]

_ASKED: dict[str, dict[str, Any]] = {"absent": {}, "1.0": {"max_version": (1, 0)}}
_STANDARD = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
)
_UNDESCRIBABLE = (
    "object",
    "str",
    "bytes",
    "datetime64-ns",
    "timedelta64-ns",
    "record",
    "void",
    "qint8",
    "quint8",
    "qint32",
    "bits8",
    "bits16",
)
_LAYOUTS = (
    "scalar",
    "empty-0x3",
    "one",
    "vector",
    "cube",
    "fortran",
    "permuted",
    "rows",
    "step",
    "diagonal",
    "reversed-both",
    "broadcast",
    "offset-odd",
    "rank-8",
)
_LAZY = (
    ("conj", "complex64", "matrix"),
    ("conj", "complex128", "fortran"),
    ("neg", "float32", "step"),
    ("neg", "float64", "columns"),
    ("neg", "float16", "scalar"),
)
_GRADIENTS = ("requires-grad", "parameter", "grad-history")


def _of(rule: str, name: str, source: tuple[str, str, str]) -> list[Probe]:
    """Return a probe of one source for each way to ask."""
    return [asking(rule, f"{name}+{word}", given, source=source) for word, given in _ASKED.items()]


def _chain(observer: Observer) -> None:
    """Export what came out of a chain of imports."""
    x = re_imported(observer, any_source(observer))
    if x is not None:
        export(observer, x, newest(x))


PROBES = [
    *(
        probe
        for dtype in _UNDESCRIBABLE
        for source in ("owned", "quantised")
        for probe in _of("P-37", f"{dtype}+{source}", (dtype, "vector", source))
    ),
    *_of("P-37", "packed-field", ("float32", "vector", "packed-field")),
    *(
        probe
        for source, dtype, layout in _LAZY
        for probe in (
            *_of("P-38", f"{source}-{dtype}", (dtype, layout, source)),
            asking(
                "P-38",
                f"{source}-{dtype}+copy-true",
                {"max_version": (1, 0), "copy": True},
                source=(dtype, layout, source),
            ),
        )
    ),
    *(
        probe
        for source in ("sparse", "meta")
        for probe in _of("P-39", source, ("float32", "matrix", source))
    ),
    *(
        asking("P-42", f"{dtype}+{word}", given, dtype=dtype)
        for dtype in _STANDARD
        for word, given in _ASKED.items()
    ),
    *_of("P-43", "one-masked", ("float32", "vector", "masked")),
    *(
        asking("P-44", f"{layout}+{word}", given, dtype="bool", layout=layout)
        for layout in ("scalar", "vector", "matrix", "step", "offset-one")
        for word, given in _ASKED.items()
    ),
    *(
        asking("P-46", f"{dtype}+{word}", given, dtype=dtype)
        for dtype in (*_STANDARD, "float16", "bfloat16")
        for word, given in _ASKED.items()
    ),
    *(
        asking("P-46", f"{layout}+{word}", given, layout=layout)
        for layout in _LAYOUTS
        for word, given in _ASKED.items()
    ),
    *(
        asking("P-46", f"{layout}+copy-true", {"max_version": (1, 0), "copy": True}, layout=layout)
        for layout in _LAYOUTS
    ),
    *(
        asking(
            "P-46",
            "+".join(filter(None, ("asked", version, word))),
            {**({} if number is ... else {"max_version": number}), **rest},
        )
        for version, number in VERSIONS.items()
        for word, rest in OTHERS.items()
    ),
    Probe(
        "P-46",
        "re-export",
        _chain,
        "an array imported from its own export, three times over",
        needs="export",
        absent=no_consumer,
    ),
    *(
        probe
        for source in _GRADIENTS
        for probe in _of("P-51", source, ("float32", "matrix", source))
    ),
]
