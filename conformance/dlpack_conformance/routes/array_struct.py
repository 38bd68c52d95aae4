"""An object that shows ``__array_struct__`` and nothing else."""

from __future__ import annotations

from dlpack_conformance.libraries import Promise
from dlpack_conformance.routes._bind import COPY_KINDS, only_route

__all__ = ["ROUTE"]

ROUTE = only_route(
    "array-struct",
    "__array_struct__",
    "StructOnly",
    "a.__array_struct__",
    Promise("shares-if-possible", "AI", "__array_struct__", by_request=COPY_KINDS),
)
