"""Arrays of the reference on an accelerator; its subclasses are made the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from dlpack_conformance import modules

__all__ = ["SCRIPT", "ReferenceOnDevice", "no_cuda"]

SCRIPT: Mapping[str, str] = {
    "import": "from dlpack_conformance import _instrument as ref",
    "make": 'ref.Array(ref.Template("int32", (64,), (1,), 0, old, device=device).make(), '
    '"int32", (64,), (1,))',
    "prepare": "",
    "write": "a.write(new, {stream})",
    "use": "device.current_stream = {stream}",
    "read": "b.read({stream})",
}
"""Lines of a script, as `Library.script_on_device` has them."""


@cache
def no_cuda() -> str | None:
    """Say why the reference has no CUDA device here, None where it has one."""
    instrument = modules().instrument
    try:
        instrument.cuda()
    except instrument.DeviceError as error:
        return str(error)
    return None


class ReferenceOnDevice:
    """`OnDevice` of the reference. ``array``: its class of arrays; ``options``: of every array."""

    def __init__(
        self,
        accelerator: Any,
        array: Callable[..., Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._accelerator = accelerator
        self._instrument = modules().instrument
        self._array = array or self._instrument.Array
        self._options = dict(options or {})

    def make(self, dtype: str, values: Sequence[Any], step: int = 1, pool: str = "device") -> Any:
        """Make an array of one axis."""
        shape, strides = (len(values),), (step,)
        template = self._instrument.Template(
            dtype, shape, strides, 0, list(values), device=self._accelerator, pool=pool
        )
        return self._array(template.make(), dtype, shape, strides, **self._options)

    def writer(self, x: Any, values: Sequence[Any]) -> Callable[[int], None]:
        """Return what queues the writing of all elements."""
        wanted = list(values)
        return lambda stream: x.write(wanted, stream)

    @contextmanager
    def on(self, stream: int) -> Iterator[None]:
        """Make the stream the current one of this thread."""
        before = self._accelerator.current_stream
        self._accelerator.current_stream = stream
        try:
            yield
        finally:
            self._accelerator.current_stream = before

    def read(self, x: Any, stream: int) -> list[Any]:
        """All elements as the stream sees them."""
        return list(x.read(stream))
