"""An object that shows ``__cuda_array_interface__`` and nothing else; arrays on devices alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Library, Promise, Route
from dlpack_conformance.routes._bind import call_of, written

__all__ = ["ROUTE"]

_NAME = "cuda-array-interface"
_ATTRIBUTE = "__cuda_array_interface__"


class _Only:
    """Shows the interface as its array did when it was made, and holds the array."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.__cuda_array_interface__ = array.__cuda_array_interface__


def _bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
    return call_of(producer, _ATTRIBUTE, consumer, _NAME, request, _Only)


def _script(producer: Library, consumer: Library, request: str) -> str:
    body = f'Only = type("Only", (), {{"{_ATTRIBUTE}": a.{_ATTRIBUTE}}})'
    return f"{body}\n{written(consumer, _NAME, 'Only()', request)}"


ROUTE = Route(
    name=_NAME,
    requests=("plain",),
    promise=Promise("shares-if-possible", "CAI", "data"),
    bind=_bind,
    script=_script,
    dlpack=False,
    devices=True,
    host=False,
)
