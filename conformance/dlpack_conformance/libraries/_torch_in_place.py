"""PyTorch's operations that change a tensor's own shape, strides or memory: T-27."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Probe
from dlpack_conformance.probes._in_place import changing

__all__ = ["probes"]

_CODE = {
    "t": "a.t_()",
    "transpose": "a.transpose_(0, 1)",
    "unsqueeze": "a.unsqueeze_(0)",
    "squeeze": "a.squeeze_()",
    "as-strided": "a.as_strided_((2,), (1,))",
    "resize-smaller": "a.resize_(2, 2)",
    "resize-larger": "a.resize_(100, 100)",
    "set": "a.set_(torch.zeros(5, dtype=a.dtype))",
    "data": "a.data = torch.zeros(5, dtype=a.dtype)",
    "requires-grad": "a.requires_grad_()",
}
"""Operation -> its line in a script."""


def probes(load: Callable[[], Any]) -> list[Probe]:
    """Return an export's cases, one an operation, all documented methods of a tensor."""

    def set_data(x: Any) -> None:
        x.data = load().zeros(5, dtype=x.dtype)

    operations: dict[str, tuple[Callable[[Any], Any], str]] = {
        "t": (lambda x: x.t_(), "x.t_()"),
        "transpose": (lambda x: x.transpose_(0, 1), "x.transpose_(0, 1)"),
        "unsqueeze": (lambda x: x.unsqueeze_(0), "x.unsqueeze_(0)"),
        "squeeze": (lambda x: x.squeeze_(), "x.squeeze_(), which changes nothing here"),
        "as-strided": (lambda x: x.as_strided_((2,), (1,)), "x.as_strided_((2,), (1,))"),
        "resize-smaller": (lambda x: x.resize_(2, 2), "x.resize_(2, 2)"),
        "resize-larger": (lambda x: x.resize_(100, 100), "x.resize_(100, 100)"),
        "set": (lambda x: x.set_(load().zeros(5, dtype=x.dtype)), "x.set_(another tensor)"),
        "data": (set_data, "x.data = another tensor"),
        "requires-grad": (lambda x: x.requires_grad_(), "x.requires_grad_()"),
    }
    return [
        probe
        for operation, (change, text) in operations.items()
        for probe in changing(operation, change, text, code=_CODE.get(operation, ""))
    ]
