"""cuda.core: its views of strided memory by their own attributes; it has no arrays besides."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from dlpack_conformance.libraries import (
    Description,
    Entry,
    Makes,
    NotMadeError,
    Promise,
    Route,
    Source,
    Usage,
    _cuda_host,
)
from dlpack_conformance.libraries import _shared as shared

__all__ = ["current_stream", "immutable_arrays", "name", "readonly_arrays"]

name = "cuda.core"
readonly_arrays = True
immutable_arrays = False
current_stream = False

_NO_ORDER = -1  # its word for "nothing to wait for"; on the host there is never anything
_VIEW = Promise("shares", "CC:StridedMemoryView", "first sentence")
_TABLE = "__dlpack_c_exchange_api__"

_core: Any = None
_makers: dict[tuple[str, str, str], Callable[[], Any]] = {}
_stream_here = _NO_ORDER


def _load() -> Any:
    global _core  # one module a process, as the interpreter has it
    if _core is None:
        import cuda.core
        import cuda.core.utils

        _core = cuda.core
    return _core


def _view() -> Any:
    return _load().utils.StridedMemoryView


def probe() -> str | None:
    """None where cuda.core can be imported, which needs no driver, else why not."""
    try:
        if importlib.util.find_spec("cuda.core") is None:
            return "no module named 'cuda.core'"
        _load()
    except ModuleNotFoundError as error:
        return str(error).replace("No module", "no module")
    except Exception as error:  # noqa: BLE001 - whatever keeps it from importing is the reason
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return None


def versions() -> dict[str, str]:
    """Version of the distribution."""
    return {"cuda-core": str(_load().__version__)}


def prepare() -> None:
    """Import it; the driver is first asked when a case needs it."""
    _load()


def types() -> tuple[type, ...]:
    """Its type of views."""
    return (_view(),)


def makes() -> list[Makes]:
    """Views of its own buffers on the device, in whatever layout a buffer has room for."""
    return _cuda_host.makes(
        tuple(
            layout.name
            for layout in shared.layouts()
            if layout.name in _cuda_host.layouts(32)
            and layout.offset == 0
            and not layout.negative
            and layout.elements
        )
    )


def make(source: Source) -> Any:
    """Make one source: a buffer, filled from the host, and a view of it."""
    key = (source.source, source.dtype, source.layout)
    maker = _makers.get(key)
    if maker is None:
        maker = _makers[key] = _maker(_load(), source)
    return maker()


def _maker(core: Any, source: Source) -> Callable[[], Any]:
    if (source.source, source.device) != ("owned", _cuda_host.DEVICE):
        raise NotMadeError(
            f"cuda.core makes no views of the source {source.source} on {source.device}"
        )
    image = _cuda_host.image(source)
    return lambda: _filled(core.Device(0), image, source.shape, source.strides)


def _filled(device: Any, image: Any, shape: Sequence[int], strides: Sequence[int]) -> Any:
    """A view of a new buffer that holds the image when this returns."""
    device.set_current()
    buffer = device.allocate(max(image.nbytes, 1), stream=device.default_stream)
    device.default_stream.sync()
    _copy(int(buffer.handle), image.ctypes.data, image.nbytes)
    return _view().from_buffer(buffer, tuple(shape), tuple(strides), dtype=image.dtype)


def _copy(to: int, source: int, size_bytes: int) -> None:
    """Copy between host and device, complete when it returns."""
    from cuda.bindings import runtime

    kind = runtime.cudaMemcpyKind.cudaMemcpyDefault
    (status,) = runtime.cudaMemcpy(to, source, size_bytes, kind)
    if int(status) != 0:
        raise RuntimeError(f"cudaMemcpy of {size_bytes} bytes: {status.name}")
    (status,) = runtime.cudaDeviceSynchronize()
    if int(status) != 0:
        raise RuntimeError(f"cudaDeviceSynchronize: {status.name}")


def describe(x: Any) -> Description:
    """Read shape, strides, dtype, device and address from the view's own attributes."""
    shape = tuple(x.shape)
    return Description(
        shape,
        shared.compact(shape) if x.strides is None else tuple(x.strides),
        "" if x.dtype is None else x.dtype.name,
        "cpu" if x.device_id < 0 else f"cuda-{x.device_id}",
        x.ptr or None,
        not x.readonly,
    )


def read(x: Any) -> list[Any]:
    """All elements in C order. A view has no reader of its own: they are read where it points."""
    return _cuda_host.numbers(_elements(x)[0])


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element, read there."""
    return _elements(x)[0][index].item()


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Write one element there."""
    host, at = _elements(x)
    host[index] = value
    if at is not None:
        whole, low = at
        _copy(low, whole.ctypes.data, whole.nbytes)


def _elements(x: Any) -> tuple[Any, tuple[Any, int] | None]:
    """NumPy's array over the elements; of a device over a copy, with it and its address there."""
    import ctypes

    import numpy as np

    if x.dtype is None:
        raise TypeError("the view has no dtype")
    shape, item = tuple(x.shape), x.dtype.itemsize
    if 0 in shape:
        return np.empty(shape, x.dtype), None
    strides = describe(x).strides or ()
    reaches = [(n - 1) * step * item for n, step in zip(shape, strides, strict=True)]
    below = -sum(reach for reach in reaches if reach < 0)
    size = below + sum(reach for reach in reaches if reach > 0) + item
    low = x.ptr - below
    at = None
    if x.device_id < 0:
        whole = np.frombuffer((ctypes.c_char * size).from_address(low), np.uint8)
    else:
        whole = np.empty(size, np.uint8)
        _copy(whole.ctypes.data, low, size)
        at = whole, low
    steps = tuple(step * item for step in strides)
    return np.ndarray(shape, x.dtype, whole.data, below, steps), at


def offers() -> Mapping[str, str | None]:
    """What a view shows to other libraries."""
    release = f"cuda.core {_load().__version__}"
    return {
        shown: None
        if hasattr(_view(), shown)
        else f"{release}: type StridedMemoryView has no attribute {shown}"
        for shown in ("__dlpack__", _TABLE)
    }


def accepts() -> Mapping[str, Entry]:
    """Its constructors of views from foreign arrays, each for the stream that is worked on here."""
    view = _view()
    lacks = _lacks(view.from_dlpack)
    entries = {
        "from_dlpack": Entry(partial(_taken, view.from_dlpack), lacks, promise=_VIEW),
        "cuda-array-interface": Entry(
            partial(_taken, view.from_cuda_array_interface), promise=_VIEW
        ),
    }
    if hasattr(view, "from_array_interface"):
        entries["array-interface"] = Entry(view.from_array_interface, lacks, promise=_VIEW)
    return entries


def _taken(take: Callable[..., Any], x: Any, **given: Any) -> Any:
    """A view that knows its dtype: what it can't hold it refuses when that is first asked."""
    view = take(x, stream_ptr=_stream_here, **given)
    _ = view.dtype
    return view


def _lacks(function: Callable[..., Any]) -> dict[str, str]:
    """Keywords that it does not have, with its signature as proof."""
    signature = inspect.signature(function)
    return {
        key: f"cuda.core {_load().__version__}: from_dlpack{signature} takes no {key}"
        for key in ("copy", "device")
        if key not in signature.parameters
    }


def script_calls() -> Mapping[str, str]:
    """Return these functions as a user writes them."""
    view = "StridedMemoryView"
    return {
        "from_dlpack": f"{view}.from_dlpack({{}}, stream_ptr={_NO_ORDER})",
        "cuda-array-interface": f"{view}.from_cuda_array_interface({{}}, stream_ptr={_NO_ORDER})",
        "array-interface": f"{view}.from_array_interface({{}})",
    }


def routes() -> list[Route]:
    """None of its own: its constructors are entry points of the protocols."""
    return []


def usages() -> list[Usage]:
    """None so far."""
    return []


def reaches(kind: str) -> str | None:
    """Say why there is no CUDA device; it has no memory on simulated ones."""
    if kind != "cuda":
        raise NotImplementedError(f"cuda.core has no memory on {kind} devices")
    try:
        _load().Device(0).set_current()
    except Exception as error:  # noqa: BLE001 - its classes differ from release to release
        return f"no CUDA device: {type(error).__name__}: {str(error).splitlines()[0]}"
    return None


class _OnDevice:
    """`OnDevice` of cuda.core on a CUDA device of the instrument."""

    def __init__(self, accelerator: Any) -> None:
        self._core = _load()
        self._device = self._core.Device(accelerator.device[1])

    def make(self, dtype: str, values: Sequence[Any], step: int = 1, pool: str = "device") -> Any:
        """Make a view of one axis, complete on return."""
        import numpy as np

        if pool != "device":
            raise NotMadeError(f"no views of {pool} memory are made here")
        host: Any = np.zeros(max(len(values) * step, 1), dtype)
        host[: len(values) * step : step] = list(values)
        return _filled(self._device, host, (len(values),), (step,))

    def writer(self, x: Any, values: Sequence[Any]) -> Callable[[int], None]:
        """Return what queues a copy between two of its buffers: nothing waits for that."""
        other = self.make(x.dtype.name, values, x.strides[0] if x.strides else 1)
        to, source = x.exporting_obj, other.exporting_obj

        def queue(stream: int) -> None:
            to.copy_from(source, stream=self._core.Stream.from_handle(stream))

        return queue

    @contextmanager
    def on(self, stream: int) -> Iterator[None]:
        """Views are made for this stream, which their user names each time."""
        global _stream_here
        before, _stream_here = _stream_here, stream
        try:
            yield
        finally:
            _stream_here = before

    def read(self, x: Any, stream: int) -> list[Any]:
        """Wait for the stream alone, then copy to the host."""
        import numpy as np
        from cuda.bindings import runtime

        host = np.empty(x.shape, x.dtype)
        kind = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        runtime.cudaMemcpyAsync(host.ctypes.data, x.ptr, host.nbytes, kind, stream)
        runtime.cudaStreamSynchronize(stream)
        found: list[Any] = host.tolist()
        return found


def on_device(accelerator: Any) -> _OnDevice:
    """Return its views on CUDA."""
    return _OnDevice(accelerator)


def script_make(source: Source) -> list[str]:
    """Lines that make the source as ``a``; NumPy has the values, which the device copies."""
    image = _cuda_host.image(source)
    return [
        "import numpy as np",
        "from cuda.bindings import runtime",
        "from cuda.core import Device",
        "from cuda.core.utils import StridedMemoryView",
        f'host = np.array({image.tolist()}, dtype="{source.dtype}")',
        "device = Device(0)",
        "device.set_current()",
        "buffer = device.allocate(host.nbytes, stream=device.default_stream)",
        "device.default_stream.sync()",
        "how = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice",
        "runtime.cudaMemcpy(int(buffer.handle), host.ctypes.data, host.nbytes, how)",
        f"shape, strides = {source.shape}, {source.strides}",
        "a = StridedMemoryView.from_buffer(buffer, shape, strides, dtype=host.dtype)",
    ]


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at a view, which has no reader of its own."""
    return {
        "import": "from cuda.core.utils import StridedMemoryView",
        "address": "{x}.ptr",
        "writable": "(not {x}.readonly)",
        "dtype": "{x}.dtype",
        "shape": "tuple({x}.shape)",
        "type": "StridedMemoryView",
    }
