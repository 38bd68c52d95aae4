"""``from_dlpack`` of the consumer's namespace, with each way of passing ``copy`` and ``device``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Library, Promise, Route
from dlpack_conformance.routes._bind import COPY_KINDS, call_of, written

__all__ = ["ROUTE"]

_NAME = "from_dlpack"
_COPIES = ("copy-false", "copy-none", "copy-true")
_DEVICES = ("device-none", "device-own")
_TO_HOST = ("device-cpu", *(f"{copy}+device-cpu" for copy in _COPIES))  # of sources elsewhere
_REQUESTS = (
    "plain",
    *_COPIES,
    *_DEVICES,
    *(f"{copy}+{device}" for copy in _COPIES for device in _DEVICES),
    *_TO_HOST,
)


def _bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
    return call_of(producer, "__dlpack__", consumer, _NAME, request)


def _script(producer: Library, consumer: Library, request: str) -> str:
    return written(consumer, _NAME, "a", request)


ROUTE = Route(
    name=_NAME,
    requests=_REQUESTS,
    promise=Promise(
        "shares-if-possible",
        "FD",
        "copy",
        by_request={
            request: COPY_KINDS[request.split("+")[0]]
            for request in _REQUESTS
            if request.split("+")[0] in COPY_KINDS
        }
        | dict.fromkeys(("device-cpu", "copy-none+device-cpu"), "none"),
    ),
    bind=_bind,
    script=_script,
)
