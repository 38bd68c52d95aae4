"""An object that shows ``__array__`` and nothing else; it passes on what it is called with."""

from __future__ import annotations

from dlpack_conformance.libraries import Promise
from dlpack_conformance.routes._bind import COPY_KINDS, only_route

__all__ = ["ROUTE"]

ROUTE = only_route(
    "array-method",
    "__array__",
    "ArrayMethodOnly",
    "lambda self, *given, **keywords: a.__array__(*given, **keywords)",
    Promise("shares-if-possible", "NI", "__array__", by_request=COPY_KINDS),
    rules=("R-22", "R-24"),
)
