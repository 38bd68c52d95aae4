"""Exports as valid tensors, asked for directly: group T, the fields of the struct."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exports import ASKED, dtypes, exporting, offer

__all__ = ["PROBES"]

_SLICES = {
    "offset-one": "starts at element 1",
    "column-6x1": "starts at element 2",
    "reversed-columns": "starts at element 3",
    "offset-odd": "starts at element 7",
    "inner": "a window that starts at element 9",
}
_IDLE = ("one", "one-odd", "one-negative", "row-1x6", "middle-2x1x3", "column-6x1")
_EMPTY = ("empty-0", "empty-0x3", "empty-3x0", "empty-2x0x3", "empty-reversed")
_SHAPES = ("scalar", *_IDLE, *_EMPTY, "vector", "cube", "columns", "rank-8", "rank-32", "rank-64")
_COPIES: dict[str, dict[str, Any]] = {
    **{name: dict(keywords) for name, keywords in ASKED.items()},
    "copy-true": {"max_version": (1, 3), "copy": True},
    "copy-false": {"max_version": (1, 3), "copy": False},
}


def _export(rule: str, variant: str, text: str, **options: Any) -> Probe:
    """Return the probe of one export, for the libraries that can make its source."""
    makes = (
        options.get("dtype", "float32"),
        options.get("layout", "matrix"),
        options.get("source", "plain"),
    )
    return Probe(rule, variant, exporting(**options), text, needs="export", makes=makes)


def _each(rule: str, variant: str, text: str, **options: Any) -> Iterator[Probe]:
    """One legacy and one versioned export."""
    for asked, keywords in ASKED.items():
        yield _export(rule, f"{variant}-{asked}", f"{text}, {asked}", keywords=keywords, **options)


def _written(dtype: str, layout: str, source: str) -> Probe:
    """Element 0 is where the library says, and a write on either side is read on the other."""

    def run(observer: Observer) -> None:
        x, capsule = offer(observer, dtype, layout, source)
        facts = observer.facts
        row = dtypes()[dtype]
        if facts.get("export.dtype") != (row["code"], row["bits"], row["lanes"]):
            return
        if facts["export.address"] in ("elsewhere", "null"):
            return
        try:
            b = observer.instrument.from_capsule(capsule)
        except (BufferError, ValueError):
            return  # not to be taken: the facts of the export say why
        library, index = observer.library, tuple(extent - 1 for extent in b.shape)
        old = observer.core.values(dtype, layout)[-1]
        new = observer.core.other_value(dtype, old)
        observer.step("write")
        if facts["source.writable"]:
            library.write(x, index, new, observer.instrument.encode(dtype, new))
            facts["proof.forward"] = "seen" if b.get(index) == new else "unseen"
            library.write(x, index, old, observer.instrument.encode(dtype, old))
        if facts["source.writable"] and not b.readonly:
            b.set(index, new)
            facts["proof.backward"] = "seen" if library.get(x, index) == new else "unseen"
            b.set(index, old)

    return Probe(
        "T-01",
        f"{layout}-{dtype}-{source}",
        run,
        f"where element 0 of {layout} lies, and whether writes show",
        needs="export",
        makes=(dtype, layout, source),
    )


def _placed(layout: str, asked: str) -> Probe:
    """Which part of a slice's offset stands where, and how data is aligned."""

    def run(observer: Observer) -> None:
        _, capsule = offer(observer, layout=layout, keywords=ASKED[asked])
        if capsule is not None and "export.address" in observer.facts:
            data = observer.instrument.inspect(capsule).data
            observer.facts["export.alignment"] = min(256, data & -data)

    return Probe(
        "T-03",
        f"{layout}-{asked}",
        run,
        f"data and byte_offset of a slice that {_SLICES[layout]}, {asked}",
        needs="export",
        makes=("float32", layout, "plain"),
    )


def _addresses() -> Iterator[Probe]:
    for layout in (*_SLICES, "scalar", "matrix", "fortran", "columns", "reversed", "rank-8"):
        yield _written("float32", layout, "plain")
    for dtype in ("bool", "int8", "uint16", "int64", "complex128"):
        yield _written(dtype, "offset-one", "plain")
    for source in ("owned", "odd-element", "carried-offset", "memmap", "subclass"):
        yield _written("int32", "matrix", source)
    for layout in _SLICES:
        for asked in ASKED:
            yield _placed(layout, asked)


def _shapes() -> Iterator[Probe]:
    for layout in ("columns", "rows", "fortran", "permuted", "diagonal", "block", "reversed-rows"):
        yield from _each("T-04", layout, f"strides of {layout}", layout=layout)
    for dtype in ("bool", "int16", "float64", "complex128"):
        text = f"strides of columns of {dtype}"
        yield from _each("T-04", f"columns-{dtype}", text, layout="columns", dtype=dtype)
    for layout in ("columns", "fortran", "inner"):
        text = f"strides of {layout}, made by the library"
        yield from _each("T-04", f"{layout}-owned", text, layout=layout, source="owned")
    for layout in ("vector", "matrix", "cube", "fortran", "one", "empty-0x3", "rank-8"):
        for minor in (2, 3):
            keywords = {"max_version": (1, minor)}
            text = f"strides of {layout}, asked for with 1.{minor}"
            yield _export("T-05", f"{layout}-1.{minor}", text, layout=layout, keywords=keywords)
    for source in ("plain", "owned"):
        yield from _each("T-07", f"export-{source}", "a scalar", layout="scalar", source=source)
        for layout in _EMPTY:
            text = f"data of {layout}"
            yield from _each("T-08", f"{layout}-{source}", text, layout=layout, source=source)
    for dtype in ("bool", "int64", "complex128"):
        text = f"a scalar of {dtype}"
        yield from _each("T-07", f"export-{dtype}", text, layout="scalar", dtype=dtype)
    for layout in _SHAPES:
        yield from _each("T-09", layout, f"shape of {layout}", layout=layout)
    for layout in ("reversed", "reversed-rows", "reversed-columns", "reversed-cube"):
        yield from _each("T-10", f"export-{layout}", f"layout {layout}", layout=layout)
    for layout in ("broadcast-vector", "broadcast", "broadcast-rows", "broadcast-columns"):
        for source in ("plain", "expanded"):
            text = f"layout {layout}, source {source}"
            yield from _each(
                "T-11", f"export-{layout}-{source}", text, layout=layout, source=source
            )
    for layout in (*_IDLE, *_EMPTY):
        yield from _each("T-12", f"export-{layout}", f"strides of {layout}", layout=layout)
    for layout in ("windows", "windows-step", "rank-33", "rank-64"):
        yield from _each("T-31", f"export-{layout}", f"layout {layout}", layout=layout)
    for layout in ("huge", "huge-rows"):
        yield from _each(
            "T-31", f"export-{layout}", f"layout {layout}", layout=layout, source="expanded"
        )
    for dtype in ("int16", "float32", "float64", "complex128"):
        text = f"{dtype} at an odd address"
        yield from _each("T-32", f"export-{dtype}", text, dtype=dtype, source="odd-byte")


def _copied(rule: str, dtype: str, layout: str, source: str, text: str) -> Iterator[Probe]:
    """One export for each way to ask for a copy or for none."""
    for asked, keywords in _COPIES.items():
        yield _export(
            rule,
            f"{dtype}-{layout}-{asked}",
            f"{text}, {asked}",
            dtype=dtype,
            layout=layout,
            source=source,
            keywords=keywords,
        )


def _unsayable() -> Iterator[Probe]:
    for dtype in ("int16", "int32", "float64", "complex64"):
        for layout in ("vector", "matrix"):
            text = f"a field of packed records of {dtype}"
            yield from _copied("T-13", dtype, layout, "packed-field", text)
    for dtype, row in dtypes().items():
        if row["swapped"]:
            yield from _copied("T-18", dtype, "vector", "owned", "foreign byte order")
    yield from _copied("T-18", "swapped-int32", "columns", "owned", "foreign byte order")


def _long_doubles() -> Iterator[Probe]:
    for asked, keywords in _COPIES.items():

        def run(observer: Observer, keywords: Any = keywords) -> None:
            observer.facts["source.digits"] = observer.core.long_double_digits()
            offer(observer, "longdouble", "vector", "owned", keywords)

        yield Probe(
            "T-34",
            asked,
            run,
            f"the platform's long double, {asked}",
            needs="export",
            makes=("longdouble", "vector", "owned"),
        )


PROBES = [*_addresses(), *_shapes(), *_unsayable(), *_long_doubles()]
