"""Imports of valid tensors that some consumers stumble over: group T, the consumer's side."""

from __future__ import annotations

from collections.abc import Iterator

from dlpack_conformance.probes import Probe
from dlpack_conformance.probes._exports import dtypes, importing

__all__ = ["PROBES"]

_ALIGNED = {"uint8": 1, "int16": 2, "float32": 4, "float64": 8, "complex128": 16}
"""Dtype -> its size in bytes: the least alignment that its elements have by themselves."""

_LANE = tuple(
    name
    for name, row in dtypes().items()
    if row["dlpack"] and row["bits"] >= 8 and row["lanes"] == 1
)


def _alignments() -> Iterator[Probe]:
    for dtype, least in _ALIGNED.items():
        alignment = 128
        while alignment >= least:
            for layout in ("vector", "columns"):
                run = importing(dtype, layout, alignment=2 * alignment, skew=alignment)
                text = f"{dtype} aligned to {alignment} bytes and no more"
                yield Probe("T-02", f"{dtype}-{alignment}-{layout}", run, text, needs="from_dlpack")
            alignment //= 2


def _sizes() -> Iterator[Probe]:
    for dtype in _LANE:
        for layout in ("vector", "matrix"):
            run = importing(dtype, layout, kind="guard-after")
            text = f"{layout} of {dtype} that ends where its page does"
            yield Probe("T-22", f"{dtype}-{layout}", run, text, needs="from_dlpack")
    for layout in ("scalar", "one", "cube", "rank-8"):
        run = importing("float64", layout, kind="guard-after")
        text = f"{layout} that ends where its page does"
        yield Probe("T-22", f"float64-{layout}", run, text, needs="from_dlpack")
    for dtype in ("uint8", "float32", "float64"):
        run = importing(dtype, "matrix", kind="guard-before")
        text = "matrix that begins where its page does"
        yield Probe("T-22", f"{dtype}-before", run, text, needs="from_dlpack")
        run = importing(dtype, "matrix", {"copy": True}, kind="guard-after")
        text = "a copy of a matrix that ends where its page does"
        yield Probe("T-22", f"{dtype}-copy", run, text, needs="from_dlpack")


def _strides() -> Iterator[Probe]:
    for layout in ("reversed", "reversed-rows", "reversed-columns", "reversed-cube"):
        text = f"layout {layout}"
        yield Probe("T-10", f"import-{layout}", importing(layout=layout), text, needs="from_dlpack")
    for layout in ("broadcast-vector", "broadcast", "broadcast-rows", "broadcast-columns"):
        text = f"layout {layout}"
        yield Probe("T-11", f"import-{layout}", importing(layout=layout), text, needs="from_dlpack")
    for layout in ("one-odd", "row-1x6", "middle-2x1x3", "column-6x1", "empty-3x0"):
        text = f"strides of {layout}"
        yield Probe("T-12", f"import-{layout}", importing(layout=layout), text, needs="from_dlpack")


PROBES = [*_alignments(), *_sizes(), *_strides()]
