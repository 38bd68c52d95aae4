"""numba.cuda: its device arrays by its own API, and the routes that it owns."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dlpack_conformance.libraries import (
    Description,
    Entry,
    Library,
    Makes,
    NotMadeError,
    Promise,
    Route,
    Source,
    Usage,
    _cuda_host,
)
from dlpack_conformance.libraries import _shared as shared

__all__ = ["immutable_arrays", "name", "readonly_arrays"]

name = "numba.cuda"
readonly_arrays = False
immutable_arrays = False

_LEGACY, _PER_THREAD = 1, 2
_INTERFACE = "__cuda_array_interface__"
_VIEW = Promise("shares", "NB:as_cuda_array", "second paragraph")

_cuda: Any = None
_makers: dict[tuple[str, str, str], Callable[[], Any]] = {}


def _load() -> Any:
    global _cuda  # one module a process, as the interpreter has it
    if _cuda is None:
        from numba import cuda

        _cuda = cuda
    return _cuda


def probe() -> str | None:
    """None where its CUDA target can be imported, which needs no driver, else why not."""
    for module in ("numba", "numba_cuda"):
        if importlib.util.find_spec(module) is None:
            return f"no module named '{module}'"
    try:
        _load()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from importing is the reason
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return None


def versions() -> dict[str, str]:
    """Versions of the CUDA target and of Numba."""
    import numba
    import numba_cuda

    return {"numba-cuda": str(numba_cuda.__version__), "numba": str(numba.__version__)}


def prepare() -> None:
    """Import it; the driver is first asked when a case needs it."""
    _load()


def types() -> tuple[type, ...]:
    """Numba's array type on the device."""
    return (_load().devicearray.DeviceNDArray,)


def makes() -> list[Makes]:
    """Its own allocations on the device, in C or in Fortran order, as ``to_device`` gives them."""
    return _cuda_host.makes(
        tuple(
            layout.name
            for layout in shared.layouts()
            if layout.name in _cuda_host.layouts(32)
            and layout.offset == 0
            and layout.shape
            and layout.strides
            in (shared.compact(layout.shape), shared.compact_fortran(layout.shape))
        )
    )


def make(source: Source) -> Any:
    """Make one source by a copy from the host."""
    key = (source.source, source.dtype, source.layout)
    maker = _makers.get(key)
    if maker is None:
        maker = _makers[key] = _maker(_load(), source)
    return maker()


def _maker(cuda: Any, source: Source) -> Callable[[], Any]:
    if (source.source, source.device) != ("owned", _cuda_host.DEVICE):
        raise NotMadeError(
            f"numba.cuda makes no arrays of the source {source.source} on {source.device}"
        )
    host = _on_host(source)

    def made() -> Any:
        x = cuda.to_device(host)
        cuda.synchronize()
        return x

    return made


def _on_host(source: Source) -> Any:
    import numpy as np

    row_major = source.strides == shared.compact(source.shape)
    numbers = np.array(list(source.values), source.dtype).reshape(source.shape)
    return numbers if row_major else np.asfortranarray(numbers)


def describe(x: Any) -> Description:
    """Read shape, strides, dtype, device and address from the array's own attributes."""
    return Description(
        x.shape,
        _cuda_host.elements(x.strides, x.dtype.itemsize),
        x.dtype.name,
        f"cuda-{_load().get_current_device().id}",
        x.device_ctypes_pointer.value or None,
        True,
    )


def read(x: Any) -> list[Any]:
    """All elements in C order, by a copy to the host for which it waits."""
    return _cuda_host.numbers(x.copy_to_host())


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element."""
    return x.copy_to_host()[index].item()


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Assign one element by ``x[index] = value``, and wait: another library's stream reads it."""
    x[index] = value
    _load().synchronize()


def offers() -> Mapping[str, str | None]:
    """What a device array shows to other libraries; of DLPack only what this release has."""
    kind = types()[0]
    return {name: None for name in ("__dlpack__", _INTERFACE) if hasattr(kind, name)}


def accepts() -> Mapping[str, Entry]:
    """Numba's function that takes foreign arrays by a protocol."""
    return {"cuda-array-interface": Entry(_load().as_cuda_array, promise=_VIEW)}


def script_calls() -> Mapping[str, str]:
    """Return this function as a user writes it."""
    return {"cuda-array-interface": "cuda.as_cuda_array({})"}


def routes() -> list[Route]:
    """Routes that Numba owns: a view of another library's array, and the way back to the host."""
    return [
        Route(
            "numba.cuda.as_cuda_array",
            ("plain",),
            _VIEW,
            _bind_view,
            lambda producer, consumer, request: "b = cuda.as_cuda_array(a)",
            consumers=(name,),
            dlpack=False,
            devices=True,
            host=False,
        ),
        Route(
            "numba.cuda.DeviceNDArray.copy_to_host",
            ("plain",),
            Promise("copies", "NB:DeviceNDArray.copy_to_host", "first sentence", device="cpu"),
            lambda producer, consumer, request: types()[0].copy_to_host,  # type: ignore[attr-defined]
            lambda producer, consumer, request: "b = a.copy_to_host()",
            producers=(name,),
            consumers=("numpy",),
            dlpack=False,
            devices=True,
            host=False,
        ),
    ]


def _bind_view(producer: Library, _: Library, request: str) -> Callable[[Any], Any]:
    proof = producer.offers().get(_INTERFACE, "lacks")
    if proof == "lacks":
        raise NotImplementedError(f"arrays of {producer.name} have no {_INTERFACE}")
    if proof is not None:
        raise LookupError(proof)
    call: Callable[[Any], Any] = _load().as_cuda_array
    return call


def usages() -> list[Usage]:
    """None so far."""
    return []


def reaches(kind: str) -> str | None:
    """Say why there is no CUDA device; it has no arrays on simulated ones."""
    if kind != "cuda":
        raise NotImplementedError(f"Numba has no arrays on {kind} devices")
    try:
        count = len(_load().gpus)
    except Exception as error:  # noqa: BLE001 - its own class is not to be imported without a driver
        said = " ".join(str(error).split()).rstrip(" :")
        return f"no CUDA device: {type(error).__name__}: {said}"
    return None if count else "no CUDA device: numba.cuda counts none"


class _OnDevice:
    """`OnDevice` of Numba on a CUDA device of the instrument.

    Numba has no current stream: an array is bound to the one on which its work goes.
    """

    def __init__(self, accelerator: Any) -> None:
        self._cuda = _load()
        self._number = accelerator.device[1]

    def make(self, dtype: str, values: Sequence[Any], step: int = 1, pool: str = "device") -> Any:
        """Make an array of one axis, complete on return."""
        import numpy as np

        if pool != "device":
            raise NotMadeError(f"Numba has no arrays in {pool} memory")
        cuda = self._cuda
        host: Any = np.zeros(len(values) * step, dtype)
        host[::step] = list(values)
        with cuda.gpus[self._number]:
            x = cuda.to_device(host)
            cuda.synchronize()
        return x if step == 1 else x[::step]  # it slices nothing that is empty

    def writer(self, x: Any, values: Sequence[Any]) -> Callable[[int], None]:
        """Return what queues a copy from other memory of the device; the array says its stream."""
        other = self.make(x.dtype.name, values)

        def queue(stream: int) -> None:
            x.stream = self._stream(stream)  # what `bind` does, of this object and not of a copy
            x.copy_to_device(other, stream=x.stream)

        return queue

    def on(self, stream: int) -> AbstractContextManager[Any]:
        """Nothing: no work of Numba goes where nobody says."""
        return nullcontext()

    def read(self, x: Any, stream: int) -> list[Any]:
        """Copy to the host on the stream, and wait for it."""
        mine = self._stream(stream)
        host = x.copy_to_host(stream=mine)
        mine.synchronize()
        found: list[Any] = host.tolist()
        return found

    def _stream(self, stream: int) -> Any:
        cuda = self._cuda
        if stream == _LEGACY:
            return cuda.legacy_default_stream()
        if stream == _PER_THREAD:
            return cuda.per_thread_default_stream()
        return cuda.external_stream(stream)


def on_device(accelerator: Any) -> _OnDevice:
    """Return its arrays on CUDA."""
    return _OnDevice(accelerator)


def script_make(source: Source) -> list[str]:
    """Lines that make the source as ``a`` with Numba, and NumPy for the values."""
    values = f'np.array({list(source.values)}, dtype="{source.dtype}").reshape({source.shape})'
    row_major = source.strides == shared.compact(source.shape)
    host = values if row_major else f"np.asfortranarray({values})"
    return ["import numpy as np", "from numba import cuda", f"a = cuda.to_device({host})"]


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at a device array."""
    return {
        "import": "from numba import cuda",
        "values": "{x}.copy_to_host().reshape(-1).tolist()",
        "address": "{x}.device_ctypes_pointer.value",
        "writable": "True",
        "dtype": "{x}.dtype",
        "shape": "{x}.shape",
        "type": "cuda.devicearray.DeviceNDArray",
        "write": "{x}[{index}] = {value}; cuda.synchronize()",
    }
