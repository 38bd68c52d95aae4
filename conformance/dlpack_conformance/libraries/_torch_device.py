"""PyTorch on CUDA: whether it is there, streams, and cases of its own functions: R-07, R-49."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from dlpack_conformance.libraries import Library, NotMadeError
from dlpack_conformance.libraries._torch_dtypes import dtype_of
from dlpack_conformance.probes import Observer, Probe

__all__ = ["SCRIPT", "TorchOnDevice", "no_cuda", "probes"]

SCRIPT: Mapping[str, str] = {
    "import": "import torch",
    "make": 'torch.tensor(old, dtype=torch.int32, device="cuda")',
    "prepare": 'other = torch.tensor(new, dtype=torch.int32, device="cuda")',
    "write": "a.copy_(other, non_blocking=True)",
    "use": "torch.cuda.set_stream(torch.cuda.ExternalStream({stream}))",
    "use-legacy": "torch.cuda.set_stream(torch.cuda.default_stream())",
    "read": "b.tolist()",
}
"""Lines of a script, as `Library.script_on_device` has them."""

_LEGACY = 1
_NAME = "__cuda_array_interface__"
_VALUES = (1, 2, 3, 4, 5, 6)


def no_cuda(torch: Any) -> str | None:
    """Say why this build or machine has no CUDA device, None where it has one."""
    if torch.version.cuda is None:
        return f"no CUDA device: torch {torch.__version__} was built without CUDA"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return f"no CUDA device: {str(error).splitlines()[0]}"
    return None


class TorchOnDevice:
    """`OnDevice` of PyTorch on a CUDA device of the instrument."""

    def __init__(self, torch: Any, accelerator: Any) -> None:
        self._torch = torch
        self._device = torch.device("cuda", accelerator.device[1])

    def make(self, dtype: str, values: Sequence[Any], step: int = 1, pool: str = "device") -> Any:
        """Make a tensor of one axis, complete on return."""
        torch = self._torch
        numbers = torch.tensor(list(values), dtype=dtype_of(torch, dtype))
        memory = torch.zeros(len(numbers) * step, dtype=numbers.dtype)
        if pool == "pinned":
            memory = memory.pin_memory()
        elif pool == "device":
            memory = memory.to(self._device)
        else:
            raise NotMadeError(f"PyTorch has no {pool} memory")
        x = memory[::step]
        x.copy_(numbers)
        torch.cuda.synchronize(self._device)
        return x

    def writer(self, x: Any, values: Sequence[Any]) -> Callable[[int], None]:
        """Return what queues a copy from other memory of the device: nothing waits for that."""
        other = self._torch.tensor(list(values), dtype=x.dtype, device=self._device)
        self._torch.cuda.synchronize(self._device)

        def queue(stream: int) -> None:
            with self.on(stream):
                x.copy_(other, non_blocking=True)

        return queue

    def on(self, stream: int) -> AbstractContextManager[Any]:
        """PyTorch's current stream of this thread."""
        context: AbstractContextManager[Any] = self._torch.cuda.stream(self._stream(stream))
        return context

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Capture on a stream that PyTorch chooses; the graph is never run."""
        with self._torch.cuda.graph(self._torch.cuda.CUDAGraph()):
            yield

    def read(self, x: Any, stream: int) -> list[Any]:
        """Copy to the host on the stream; PyTorch waits for that copy alone."""
        with self.on(stream):
            elements: list[Any] = x.to("cpu").tolist()
        return elements

    def _stream(self, stream: int) -> Any:
        cuda = self._torch.cuda
        if stream == _LEGACY:  # it has a name of its own: the number 1 is no handle there
            return cuda.default_stream(self._device)
        return cuda.ExternalStream(stream, device=self._device)


class _Shows:
    """Shows the interface of an array of the reference alone, and holds it."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.__cuda_array_interface__ = array.__cuda_array_interface__


def probes(load: Callable[[], Any]) -> list[Probe]:
    """Return the probes of a module with PyTorch's functions."""

    def absent(_: Library) -> str | None:
        return no_cuda(load())

    def as_tensor(observer: Observer) -> None:
        accelerator, instrument = observer.accelerator("cuda"), observer.instrument
        place = ("int32", (len(_VALUES),), (1,))
        memory = instrument.Template(*place, 0, list(_VALUES), device=accelerator).make()
        shown = _Shows(instrument.Array(memory, *place))
        observer.facts["source.device"] = accelerator.name
        result = observer.call(load().as_tensor, shown)
        if result is not None:
            observer.step("read")
            observer.facts["result.device"] = observer.library.describe(result).device

    def interface(observer: Observer) -> None:
        tensor = TorchOnDevice(load(), observer.accelerator("cuda")).make("int32", _VALUES)
        shown = observer.call(getattr, tensor, _NAME)
        if shown is not None:
            observer.facts["interface.keys"] = sorted(shown)
            observer.facts["interface.version"] = shown["version"]

    return [
        Probe(
            "R-07",
            "as-tensor-cuda",
            as_tensor,
            "torch.as_tensor of what shows the interface",
            absent=absent,
        ),
        Probe(
            "R-49", "interface-cuda", interface, "the interface of a tensor on CUDA", absent=absent
        ),
    ]
