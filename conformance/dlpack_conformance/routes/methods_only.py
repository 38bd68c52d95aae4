"""``from_dlpack`` of an object that shows the two DLPack methods and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library, Promise, Route
from dlpack_conformance.routes._bind import COPY_KINDS, call_of, written

__all__ = ["ROUTE"]

_WRAPPER = (
    'Only = type("Only", (), {"__dlpack__": lambda self, **keywords: a.__dlpack__(**keywords),\n'
    '                         "__dlpack_device__": lambda self: a.__dlpack_device__()})'
)


def _bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
    only = modules().instrument.MethodsOnly
    return call_of(producer, "__dlpack__", consumer, "from_dlpack", request, only)


def _script(producer: Library, consumer: Library, request: str) -> str:
    return f"{_WRAPPER}\n{written(consumer, 'from_dlpack', 'Only()', request)}"


ROUTE = Route(
    name="methods-only",
    requests=("plain", "copy-false", "copy-none", "copy-true"),
    promise=Promise("shares-if-possible", "FD", "copy", by_request=COPY_KINDS),
    bind=_bind,
    script=_script,
)
