"""A ``memoryview`` of the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Library, Promise, Route
from dlpack_conformance.routes._bind import BUFFER_REQUESTS, COPY_KINDS, call_of, written

__all__ = ["ROUTE"]

_NAME = "memoryview"


def _bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
    return call_of(producer, "buffer", consumer, _NAME, request, memoryview)


def _script(producer: Library, consumer: Library, request: str) -> str:
    return written(consumer, _NAME, "memoryview(a)", request)


ROUTE = Route(
    name=_NAME,
    requests=BUFFER_REQUESTS,
    promise=Promise("shares-if-possible", "BUF", "Buffer Protocol", by_request=COPY_KINDS),
    bind=_bind,
    script=_script,
    dlpack=False,
)
