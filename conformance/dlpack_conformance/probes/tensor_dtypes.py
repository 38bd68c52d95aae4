"""Exports as valid tensors, asked for directly: group T, element types, device and version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exports import ASKED, ask, churn, dtypes, exporting, read

__all__ = ["PROBES"]

_SUB_BYTE = tuple(name for name, row in dtypes().items() if row["dlpack"] and row["bits"] < 8)
_SINCE_1_1 = tuple(name for name, row in dtypes().items() if row["dlpack"] and row["code"] > 6)
_COMPLEX = ("complex32", "complex64", "complex128")


def _export(rule: str, variant: str, text: str, **options: Any) -> Probe:
    """Return the probe of one export, for the libraries that can make its source."""
    makes = (
        options.get("dtype", "float32"),
        options.get("layout", "vector"),
        options.get("source", "plain"),
    )
    run = exporting(**{"layout": "vector", **options})
    return Probe(rule, variant, run, text, needs="export", makes=makes)


def _each(rule: str, variant: str, text: str, **options: Any) -> Iterator[Probe]:
    """One legacy and one versioned export."""
    for asked, keywords in ASKED.items():
        yield _export(rule, f"{variant}-{asked}", f"{text}, {asked}", keywords=keywords, **options)


def _codes() -> Iterator[Probe]:
    for dtype, row in dtypes().items():
        if dtype in ("qint8", "quint8", "qint32"):
            yield from _each("T-14", dtype, f"code of {dtype}", dtype=dtype, source="quantised")
        else:
            source = "plain" if row["dlpack"] else "owned"
            yield from _each("T-14", dtype, f"code of {dtype}", dtype=dtype, source=source)
        if row["dlpack"] and row["bits"] >= 8:
            yield from _each("T-15", dtype, f"bits and lanes of {dtype}", dtype=dtype)
        if row["dlpack"] and row["lanes"] == 1 and not row["padded"]:
            yield from _each("T-16", dtype, f"lanes of {dtype}", dtype=dtype)
    for source in ("plain", "owned"):
        for layout in ("scalar", "vector", "columns"):
            yield from _each(
                "T-17", f"{layout}-{source}", "booleans", dtype="bool", layout=layout, source=source
            )
        for dtype in _COMPLEX:
            yield from _each(
                "T-33", f"{dtype}-{source}", f"parts of {dtype}", dtype=dtype, source=source
            )
    for dtype in _COMPLEX:
        text = f"parts of a scalar {dtype}"
        yield from _each("T-33", f"{dtype}-scalar", text, dtype=dtype, layout="scalar")


def _sub_byte() -> Iterator[Probe]:
    for dtype in _SUB_BYTE:
        yield _export("T-19", dtype, f"bits of {dtype}", dtype=dtype)
        yield _export("T-21", dtype, f"flags and memory of {dtype}", dtype=dtype)
        yield _export("T-21", f"{dtype}-owned", f"flags of {dtype}", dtype=dtype, source="owned")
        if dtypes()[dtype]["padded"]:
            continue
        yield _export(
            "T-19", f"{dtype}-legacy", f"bits of {dtype}, legacy", dtype=dtype, keywords={}
        )
        for layout in ("scalar", "vector", "matrix", "cube"):
            yield from _each(
                "T-20", f"{dtype}-{layout}", f"order of {dtype}", dtype=dtype, layout=layout
            )


def _devices_and_versions() -> Iterator[Probe]:
    for source in ("plain", "owned"):
        yield from _each("T-23", source, "device id", source=source)
    keywords = {"max_version": (1, 3), "dl_device": (1, 0)}
    yield _export("T-23", "asked", "device id where it was asked for", keywords=keywords)
    for source in (
        "plain",
        "owned",
        "readonly",
        "mapped-readonly",
        "memmap",
        "memmap-readonly",
        "guard-before",
        "guard-after",
        "odd-element",
        "subclass",
        "inference",
    ):
        yield from _each("T-24", source, f"elements of source {source}", source=source)
    yield from _each("T-24", "expanded", "one row", layout="broadcast-rows", source="expanded")
    for version in ((1, 0), (1, 1), (1, 2), (1, 3), (1, 99), (2, 0)):
        name = f"{version[0]}.{version[1]}"
        yield _export(
            "T-28", f"asked-{name}", f"version, {name} asked", keywords={"max_version": version}
        )
    for dtype in _SINCE_1_1:
        yield _export("T-28", dtype, f"version with {dtype}, which 1.1 added", dtype=dtype)


def _outliving(layout: str, source: str, dtype: str, asked: str) -> Probe:
    """Everything that a capsule says is read, the source dropped, and everything read again."""

    def run(observer: Observer) -> None:
        facts = observer.facts
        x = observer.source(dtype, layout, source)
        observer.step("export")
        capsule = ask(observer, x, ASKED[asked])
        reading = None if capsule is None else read(observer, capsule)
        if reading is None or facts.get("export.values") is not True:
            return
        before, raw = _fields(reading), reading.raw()
        del x
        observer.forget()
        observer.step("release")
        churn(observer)
        observer.step("read")
        facts["life.stays"] = _fields(reading) == before
        facts["life.right"] = reading.raw() == raw

    return Probe(
        "T-27",
        f"{layout}-{dtype}-{source}-{asked}",
        run,
        f"a {asked} export of {layout} after its source is gone",
        needs="export",
        makes=(dtype, layout, source),
    )


def _fields(reading: Any) -> tuple[Any, ...]:
    return reading.data, reading.byte_offset, reading.ndim, reading.shape, reading.strides


def _lives() -> Iterator[Probe]:
    for asked in ASKED:
        for source in ("plain", "owned", "memmap", "guard-after"):
            yield _outliving("matrix", source, "float64", asked)
        for layout in ("scalar", "vector", "fortran", "columns", "reversed", "rank-8", "inner"):
            yield _outliving(layout, "plain", "float64", asked)
        for layout in ("vector", "cube", "images", "rank-32"):
            yield _outliving(layout, "owned", "int16", asked)


PROBES = [*_codes(), *_sub_byte(), *_devices_and_versions(), *_lives()]
