"""An object that shows ``__array_interface__`` and nothing else."""

from __future__ import annotations

from dlpack_conformance.libraries import Promise
from dlpack_conformance.routes._bind import COPY_KINDS, only_route

__all__ = ["ROUTE"]

ROUTE = only_route(
    "array-interface",
    "__array_interface__",
    "InterfaceOnly",
    "a.__array_interface__",
    Promise("shares-if-possible", "AI", "data", by_request=COPY_KINDS),
)
