"""A few lines of PyTorch, and of PyTorch with NumPy, as users write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Usage
from dlpack_conformance.libraries._shared import usage

__all__ = ["usages"]

_MATRIX = "a = np.zeros((2, 3), dtype=np.{})"


def usages(load: Callable[[], Any]) -> list[Usage]:
    """Topics of PyTorch, and of PyTorch with NumPy."""

    def names() -> dict[str, Any]:
        return {"torch": load()}

    def names_of_both() -> dict[str, Any]:
        import numpy

        return {"np": numpy, "torch": load()}

    def alone(
        topic: str,
        variant: str,
        text: str,
        answer: Callable[[dict[str, Any]], dict[str, Any]],
        value: str = "str(d.tolist())",
    ) -> Usage:
        return usage(topic, variant, text, names, answer, imports=("import torch",), value=value)

    def both(topic: str, variant: str, text: str) -> Usage:
        imports = ("import numpy as np", "import torch")
        value = "str(t.tolist())"
        return usage(
            topic, variant, text, names_of_both, _tensor_of_array, imports=imports, value=value
        )

    def shared(topic: str, variant: str, dtype: str, *lines: str) -> Usage:
        return both(topic, variant, "\n".join((_MATRIX.format(dtype), *lines)))

    written = "a[0][0] = 10"
    return [
        shared(
            "from-numpy-shares",
            "add-out",
            "float32",
            "t = torch.from_numpy(a)",
            "np.add(a, 1, out=a)",
        ),
        shared(
            "from-numpy-shares", "setitem-keeps-dtype", "int64", "t = torch.from_numpy(a)", written
        ),
        both(
            "numpy-shares-back",
            "add-out",
            "t = torch.zeros(2, 3)\na = t.numpy()\nnp.add(a, 1, out=a)",
        ),
        alone("rebinding", "plus", "c = torch.zeros(3)\nd = c\nc = c + 1", _rebound),
        alone("rebinding", "plus-equals", "c = torch.zeros(3)\nd = c\nc += 1", _rebound),
        alone("rebinding", "add-inplace", "c = torch.zeros(3)\nd = c\nc.add_(1)", _rebound),
        shared("tensor-constructor", "int", "int64", "t = torch.Tensor(a)", written),
        shared("tensor-constructor", "float32", "float32", "t = torch.Tensor(a)", written),
        shared("torch-tensor-copies", "plain", "float32", "t = torch.tensor(a)", written),
        shared("as-tensor", "same-dtype", "float32", "t = torch.as_tensor(a)", written),
        shared(
            "as-tensor",
            "other-dtype",
            "float32",
            "t = torch.as_tensor(a, dtype=torch.float64)",
            written,
        ),
        shared("asarray", "same-dtype", "float32", "t = torch.asarray(a)", written),
        shared(
            "asarray",
            "other-dtype",
            "float32",
            "t = torch.asarray(a, dtype=torch.float64)",
            written,
        ),
        alone(
            "default-integer",
            "value",
            "t = torch.tensor([1, 2, 3])",
            _default_integer,
            "str(t.element_size() * 8)",
        ),
    ]


def _tensor_of_array(scope: dict[str, Any]) -> dict[str, Any]:
    a, t = scope["a"], scope["t"]
    return {
        "seen": bool((t != 0).any()) and t.tolist() == a.tolist(),
        "same_memory": t.data_ptr() == a.ctypes.data,
        "dtype": _word(t.dtype),
        "value": str(t.tolist()),
    }


def _rebound(scope: dict[str, Any]) -> dict[str, Any]:
    c, d = scope["c"], scope["d"]
    return {
        "seen": bool((d == 1).all()),
        "same_memory": c.data_ptr() == d.data_ptr(),
        "same_object": c is d,
        "value": str(d.tolist()),
    }


def _default_integer(scope: dict[str, Any]) -> dict[str, Any]:
    t = scope["t"]
    return {"dtype": _word(t.dtype), "value": str(t.element_size() * 8)}


def _word(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
