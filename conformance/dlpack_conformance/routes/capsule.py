"""A bare capsule: what ``x.__dlpack__()`` gives, handed to a consumer that takes capsules."""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from typing import Any

from dlpack_conformance.libraries import Library, Promise, Route
from dlpack_conformance.routes._bind import call_of, written

__all__ = ["ROUTE"]

_NAME = "capsule"


def _bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
    return call_of(producer, "__dlpack__", consumer, _NAME, request, methodcaller("__dlpack__"))


def _script(producer: Library, consumer: Library, request: str) -> str:
    return written(consumer, _NAME, "a.__dlpack__()", request)


ROUTE = Route(
    name=_NAME,
    requests=("plain",),
    promise=Promise("shares-if-possible", "DP", "copy"),
    bind=_bind,
    script=_script,
)
