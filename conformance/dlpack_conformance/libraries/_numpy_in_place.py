"""NumPy's operations that change an array's own shape, strides, type or memory: T-27."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Probe
from dlpack_conformance.probes._in_place import changing

__all__ = ["probes"]


def probes() -> list[Probe]:
    """Return an export's cases, one an operation, all documented of an ndarray."""

    def set_shape(x: Any) -> None:
        x.shape = (12,)

    def set_strides(x: Any) -> None:
        x.strides = (8, 24)

    def set_dtype(x: Any) -> None:
        x.dtype = "int32"

    operations: dict[str, tuple[Callable[[Any], Any], str]] = {
        "resize": (lambda x: x.resize((100, 100)), "x.resize((100, 100)), which counts references"),
        "shape": (set_shape, "x.shape = (12,)"),
        "strides": (set_strides, "x.strides = (8, 24)"),
        "dtype": (set_dtype, "x.dtype = 'int32'"),
        "read-only": (lambda x: x.setflags(write=False), "x.setflags(write=False)"),
    }
    return [
        probe
        for operation, (change, text) in operations.items()
        for probe in changing(operation, change, text)
    ]
