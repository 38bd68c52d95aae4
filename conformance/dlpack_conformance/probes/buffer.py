"""The buffer protocol, a library's arrays as exporters: R-33, R-34, R-36 and R-37."""

from __future__ import annotations

from functools import partial

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._routes import given_back, living, where

__all__ = ["PROBES"]

_WRITING = ("writable", "contig", "strided", "records", "full")
_READING = ("simple", "nd", "strides", "records-ro", "full-ro")
_COMPACT = (
    "vector",
    "matrix",
    "cube",
    "scalar",
    "one",
    "empty-0",
    "empty-0x3",
    "rank-8",
    "rank-32",
)
_STRIDED = (
    "fortran",
    "permuted",
    "step",
    "columns",
    "reversed",
    "reversed-rows",
    "offset-odd",
    "column-6x1",
)
_DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)


def _request(dtype: str, layout: str, source: str, kind: str, observer: Observer) -> None:
    """Ask once and read the members."""
    x = observer.source(dtype, layout, source)
    got = observer.call(observer.instrument.request_buffer, x, kind)
    seen = observer.facts
    seen["buffer.asked"] = [kind]
    if got is None:
        return
    for name in ("nbytes", "item_bytes", "ndim", "shape", "strides", "format", "readonly"):
        if got[name] is not None:
            seen[f"buffer.{name}"] = got[name]
    seen["buffer.nulls"] = got["nulls"]
    seen["buffer.address"] = where(observer, got["address"])


def _agree(layout: str, source: str, observer: Observer) -> None:
    """Ask several times, never for a writable one, and compare the answers."""
    x = observer.source("float32", layout, source)
    choices = []
    for kind in (*_READING, *_READING):
        got = observer.call(observer.instrument.request_buffer, x, kind)
        if got is not None:
            choices.append(got["readonly"])
    seen = observer.facts
    seen["buffer.asked"] = [*_READING, *_READING]
    if choices:
        seen["buffer.readonly"] = choices[0]
        seen["buffer.agree"] = len(set(choices)) == 1


def _outlives(layout: str, views: int, observer: Observer) -> None:
    """Hold buffers while the array's own name goes away."""
    before = living(observer)
    x = observer.source("float32", layout)
    held = [memoryview(x) for _ in range(views)]
    asked = held[0].tobytes()
    del x
    observer.forget()
    seen = observer.facts
    seen["life.held"] = living(observer) > before
    if seen["life.held"]:
        seen["life.right"] = held[0].tobytes() == asked
    while held:
        held.pop().release()
    seen["life.freed"] = given_back(observer, before)


def _refused(kind: str, layout: str, observer: Observer) -> None:
    """Count references around a request that cannot be met."""
    before = living(observer)
    x = observer.source("float32", layout)
    for _ in range(3):
        observer.call(observer.instrument.request_buffer, x, kind)
    del x
    observer.forget()
    observer.facts["life.freed"] = given_back(observer, before)


def _probe(
    rule: str, variant: str, text: str, source: str, dtype: str, layout: str, kind: str
) -> Probe:
    return Probe(
        rule,
        variant,
        partial(_request, dtype, layout, source, kind),
        text,
        needs="buffer",
        makes=(dtype, layout, source),
    )


PROBES = [
    *(
        _probe(
            "R-33",
            f"{source}-{kind}",
            f"a buffer to write, over a {source} array",
            source,
            "float32",
            layout,
            kind,
        )
        for source in ("readonly", "mapped-readonly", "plain")
        for kind in _WRITING
        for layout in ("matrix",)
    ),
    _probe(
        "R-33",
        "readonly-scalar",
        "a buffer to write, over a scalar",
        "readonly",
        "float64",
        "scalar",
        "writable",
    ),
    _probe(
        "R-33",
        "readonly-empty",
        "a buffer to write, over no elements",
        "readonly",
        "float32",
        "empty-0x3",
        "full",
    ),
    _probe(
        "R-33", "readonly-step", "a strided buffer to write", "readonly", "int16", "step", "strided"
    ),
    *(
        _probe(
            "R-34",
            f"{layout}-{kind}",
            f"a buffer of the kind {kind}",
            "plain",
            "float32",
            layout,
            kind,
        )
        for layout in _COMPACT
        for kind in ("simple", "nd", "strides", "full-ro")
    ),
    *(
        _probe(
            "R-34", f"{layout}-full-ro", "a strided buffer", "plain", "float32", layout, "full-ro"
        )
        for layout in _STRIDED
    ),
    *(
        _probe(
            "R-34",
            f"{dtype}-full-ro",
            "a buffer of this dtype",
            "plain",
            dtype,
            "matrix",
            "full-ro",
        )
        for dtype in _DTYPES
    ),
    _probe(
        "R-34", "rank-64-full-ro", "a buffer of 64 axes", "plain", "float32", "rank-64", "full-ro"
    ),
    *(
        Probe(
            "R-36",
            f"exporter-{layout}-{views}",
            partial(_outlives, layout, views),
            "a buffer that outlives the array's name",
            needs="buffer",
        )
        for layout in ("vector", "matrix", "scalar", "fortran", "reversed")
        for views in (1, 3)
    ),
    Probe(
        "R-36",
        "exporter-refused",
        partial(_refused, "simple", "columns"),
        "a request that cannot be met",
        needs="buffer",
    ),
    *(
        Probe(
            "R-37",
            f"{source}-{layout}",
            partial(_agree, layout, source),
            "several requests for one array",
            needs="buffer",
            makes=("float32", layout, source),
        )
        for source in ("plain", "readonly", "mapped-readonly")
        for layout in ("matrix", "scalar", "step")
    ),
]
