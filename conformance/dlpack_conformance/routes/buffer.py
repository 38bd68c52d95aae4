"""The buffer protocol: an object that shows it and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library, Promise, Route
from dlpack_conformance.routes._bind import (
    BUFFER_REQUESTS,
    COPY_KINDS,
    REFERENCE,
    call_of,
    written,
)

__all__ = ["ROUTE"]

_NAME = "buffer"


def _bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
    only = modules().instrument.BufferOnly

    def wrap(x: Any) -> Any:
        memoryview(x).release()  # a refusal here; a consumer may take one for "no buffer at all"
        return only(x)

    return call_of(producer, "buffer", consumer, _NAME, request, wrap)


def _script(producer: Library, consumer: Library, request: str) -> str:
    return f"{REFERENCE}\n{written(consumer, _NAME, 'ref.BufferOnly(a)', request)}"


ROUTE = Route(
    name=_NAME,
    requests=BUFFER_REQUESTS,
    promise=Promise("shares-if-possible", "BUF", "Buffer Protocol", by_request=COPY_KINDS),
    bind=_bind,
    script=_script,
    dlpack=False,
)
