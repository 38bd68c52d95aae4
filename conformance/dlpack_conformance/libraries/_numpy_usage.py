"""A few lines of NumPy as its users write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Usage
from dlpack_conformance.libraries._numpy_dtypes import name_of
from dlpack_conformance.libraries._shared import usage

__all__ = ["usages"]


def usages(load: Callable[[], Any]) -> list[Usage]:
    """Topics of NumPy alone."""

    def names() -> dict[str, Any]:
        return {"np": load()}

    def alone(
        topic: str,
        variant: str,
        text: str,
        answer: Callable[[dict[str, Any]], dict[str, Any]],
        value: str = "str(d.tolist())",
    ) -> Usage:
        imports = ("import numpy as np",)
        return usage(topic, variant, text, names, answer, imports=imports, value=value)

    size = "str(a.dtype.itemsize * 8)"
    return [
        alone("rebinding", "plus", "c = np.zeros(3)\nd = c\nc = c + 1", _rebound),
        alone("rebinding", "plus-equals", "c = np.zeros(3)\nd = c\nc += 1", _rebound),
        alone("rebinding", "add-out", "c = np.zeros(3)\nd = c\nnp.add(c, 1, out=c)", _rebound),
        alone("default-integer", "value", "a = np.array([1, 2, 3])", _default_integer, size),
    ]


def _rebound(scope: dict[str, Any]) -> dict[str, Any]:
    c, d = scope["c"], scope["d"]
    return {
        "seen": bool((d == 1).all()),
        "same_memory": bool(c.ctypes.data == d.ctypes.data),
        "same_object": c is d,
        "value": str(d.tolist()),
    }


def _default_integer(scope: dict[str, Any]) -> dict[str, Any]:
    a = scope["a"]
    return {"dtype": name_of(scope["np"], a.dtype), "value": str(a.dtype.itemsize * 8)}
