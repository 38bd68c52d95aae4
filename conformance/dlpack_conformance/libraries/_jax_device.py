"""JAX on CUDA: whether it is there, and its arrays as a consumer has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dlpack_conformance.libraries import NotMadeError

__all__ = ["JaxOnDevice", "no_cuda"]


def no_cuda(jax: Any) -> str | None:
    """Say why JAX has no CUDA device here, None where it has one."""
    try:
        jax.devices("cuda")
    except RuntimeError as error:
        return f"no CUDA device: jax {jax.__version__}: {str(error).splitlines()[0]}"
    return None


class JaxOnDevice:
    """`OnDevice` of JAX on a CUDA device of the instrument.

    Its user can't choose the stream: an array is read on a stream of JAX's own, which it hands to
    the producer and orders its work after.
    """

    def __init__(self, jax: Any, accelerator: Any) -> None:
        self._jax = jax
        self._device = jax.devices("cuda")[accelerator.device[1]]

    def make(self, dtype: str, values: Sequence[Any], step: int = 1, pool: str = "device") -> Any:
        """Make an array of one axis, complete on return; it has no other step than 1."""
        if step != 1 or pool != "device":
            raise NotMadeError(f"JAX has no arrays of step {step} in {pool} memory")
        jax = self._jax
        made = jax.numpy.array(list(values), dtype=getattr(jax.numpy, dtype))
        return jax.device_put(made, self._device).block_until_ready()

    def writer(self, x: Any, values: Sequence[Any]) -> Callable[[int], None]:
        """Raise: its arrays never change."""
        raise NotMadeError("arrays of JAX are immutable")

    def on(self, stream: int) -> AbstractContextManager[Any]:
        """Nothing: JAX chooses its streams."""
        return nullcontext()

    def read(self, x: Any, stream: int) -> list[Any]:
        """Copy to the host as JAX's own work, for which it waits."""
        elements: list[Any] = self._jax.device_put(x, self._jax.devices("cpu")[0]).tolist()
        return elements
