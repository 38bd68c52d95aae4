"""What libraries with arrays on CUDA alone share: images made on the host, and what they say."""

from __future__ import annotations

from typing import Any

from dlpack_conformance.libraries import LONG_ELEMS, Makes, Source
from dlpack_conformance.libraries import _shared as shared

__all__ = ["DEVICE", "NUMBERS", "elements", "image", "layouts", "makes", "numbers"]

DEVICE = "cuda-0"
NUMBERS = (
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
"""Dtypes that NumPy has by itself, through which these libraries take values from the host."""


def layouts(most_axes: int) -> tuple[str, ...]:
    """Layouts that a device has room for, with as many axes as the library's kernels take.

    Repeated axes are no allocation of one's own.
    """
    return tuple(
        layout.name
        for layout in shared.layouts()
        if layout.elements <= LONG_ELEMS and len(layout.shape) <= most_axes and not layout.repeats
    )


def makes(names: tuple[str, ...]) -> list[Makes]:
    """Fresh allocations as users have them; ``names``: of layouts."""
    return [Makes("owned", NUMBERS, names, (), DEVICE)]


def image(source: Source) -> Any:
    """One axis over which offset and strides give the source."""
    import numpy as np

    return np.array(shared.flat_image(source), source.dtype)


def elements(strides_bytes: tuple[int, ...], item_bytes: int) -> tuple[int, ...] | None:
    """Strides in elements, None where one is no multiple of the element."""
    if any(stride % item_bytes for stride in strides_bytes):
        return None
    return tuple(stride // item_bytes for stride in strides_bytes)


def numbers(host: Any) -> list[Any]:
    """All elements of NumPy's array in C order; above `LONG_ELEMS` the first and the last."""
    if host.size > LONG_ELEMS:
        return [host[(0,) * host.ndim].item(), host[(-1,) * host.ndim].item()]
    found: list[Any] = host.reshape(-1).tolist()
    return found
