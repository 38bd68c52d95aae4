"""CuPy: its arrays on CUDA by its own API, and the routes that it owns."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
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
from dlpack_conformance.libraries._shared import keywords

__all__ = ["captures", "immutable_arrays", "name", "readonly_arrays"]

name = "cupy"
readonly_arrays = False
immutable_arrays = False
captures = True

_LEGACY, _PER_THREAD = 1, 2
_CPU = (1, 0)
_MOST_AXES = 25  # of its kernels
_BY_COPY = {"copy-false": "shares", "copy-none": "shares-if-possible", "copy-true": "copies"}
_INTERFACE = "__cuda_array_interface__"

_cupy: Any = None
_makers: dict[tuple[str, str, str], Callable[[], Any]] = {}


def _load() -> Any:
    global _cupy  # one module a process, as the interpreter has it
    if _cupy is None:
        import cupy

        _cupy = cupy
    return _cupy


def probe() -> str | None:
    """None where CuPy can be imported, which needs no driver, else why not."""
    if importlib.util.find_spec("cupy") is None:
        return "no module named 'cupy'"
    try:
        _load()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from importing is the reason
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return None


def versions() -> dict[str, str]:
    """Version of the distribution."""
    return {"cupy": str(_load().__version__)}


def declares() -> str | None:
    """Array API version that CuPy's main namespace declares."""
    version = getattr(_load(), "__array_api_version__", None)
    return None if version is None else str(version)


def prepare() -> None:
    """Import it; the driver is first asked when a case needs it."""
    _load()


def types() -> tuple[type, ...]:
    """CuPy's array type."""
    return (_load().ndarray,)


def makes() -> list[Makes]:
    """Its own allocations on the device."""
    return _cuda_host.makes(_cuda_host.layouts(_MOST_AXES))


def make(source: Source) -> Any:
    """Make one source: the whole allocation goes to the device, the array is a view of it."""
    key = (source.source, source.dtype, source.layout)
    maker = _makers.get(key)
    if maker is None:
        maker = _makers[key] = _maker(_load(), source)
    return maker()


def _maker(cupy: Any, source: Source) -> Callable[[], Any]:
    if (source.source, source.device) != ("owned", _cuda_host.DEVICE):
        raise NotMadeError(f"cupy makes no arrays of the source {source.source} on {source.device}")
    image = _cuda_host.image(source)
    strides = tuple(stride * image.itemsize for stride in source.strides)
    view = cupy.lib.stride_tricks.as_strided

    def made() -> Any:
        base = cupy.array(image)
        cupy.cuda.get_current_stream().synchronize()
        return view(base[source.offset :], source.shape, strides)

    return made


def describe(x: Any) -> Description:
    """Read shape, strides, dtype, device and address from the array's own attributes."""
    return Description(
        x.shape,
        _cuda_host.elements(x.strides, x.itemsize),
        x.dtype.name,
        f"cuda-{x.device.id}",
        x.data.ptr or None,
        True,
    )


def read(x: Any) -> list[Any]:
    """All elements in C order, by a copy to the host for which it waits."""
    return _cuda_host.numbers(x.get())


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element."""
    return x[index].item()


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Assign one element by ``x[index] = value``, and wait: another library's stream reads it."""
    x[index] = value
    x.device.synchronize()


def offers() -> Mapping[str, str | None]:
    """What an ndarray shows to other libraries; no release shows a buffer of the device."""
    return {name: None for name in ("__dlpack__", _INTERFACE) if hasattr(_load().ndarray, name)}


def accepts() -> Mapping[str, Entry]:
    """CuPy's functions that take foreign arrays by a protocol."""
    cupy = _load()
    return {
        "from_dlpack": Entry(partial(_from_dlpack, cupy), _lacks(cupy)),
        "capsule": Entry(
            cupy.from_dlpack, promise=Promise("shares", "CP:from_dlpack", "first sentence")
        ),
        "cuda-array-interface": Entry(
            cupy.asarray,
            promise=Promise("shares-if-possible", "CP:asarray", "Returns", by_request=_BY_COPY),
        ),
    }


def _from_dlpack(cupy: Any, x: Any, **given: Any) -> Any:
    """``cupy.from_dlpack``, which names devices as DLPack does."""
    if given.get("device") == "cpu":
        given["device"] = _CPU
    return cupy.from_dlpack(x, **given)


def _lacks(cupy: Any) -> dict[str, str]:
    """Keywords that this release's text does not have; a compiled function has no signature."""
    text = (cupy.from_dlpack.__doc__ or "").strip().splitlines()
    shown = text[0] if text else "from_dlpack()"
    return {
        key: f"cupy {cupy.__version__}: {shown} takes no {key}"
        for key in ("copy", "device")
        if f"{key}=" not in shown
    }


def script_calls() -> Mapping[str, str]:
    """Return these functions as a user writes them."""
    return {
        "from_dlpack": "cupy.from_dlpack({})",
        "capsule": "cupy.from_dlpack({})",
        "cuda-array-interface": "cupy.asarray({})",
        "device": repr(_CPU),
    }


def routes() -> list[Route]:
    """Routes that CuPy owns: what is on the device already, and the way back to the host."""
    return [
        Route(
            "cupy.asarray",
            ("plain", "copy-false", "copy-none", "copy-true"),
            Promise("shares-if-possible", "CP:asarray", "Returns", by_request=_BY_COPY),
            _bind_asarray,
            _script_asarray,
            consumers=("cupy",),
            dlpack=False,
            devices=True,
            host=False,
        ),
        Route(
            "cupy.ndarray.get",
            ("plain",),
            Promise("copies", "CP:ndarray.get", "first sentence", device="cpu"),
            lambda producer, consumer, request: _load().ndarray.get,
            lambda producer, consumer, request: "b = a.get()",
            producers=("cupy",),
            consumers=("numpy",),
            dlpack=False,
            devices=True,
            host=False,
        ),
    ]


def _bind_asarray(producer: Library, _: Library, request: str) -> Callable[[Any], Any]:
    proof = producer.offers().get(_INTERFACE, "lacks")
    if proof == "lacks":
        raise NotImplementedError(f"arrays of {producer.name} have no {_INTERFACE}")
    if proof is not None:
        raise LookupError(proof)
    return partial(_load().asarray, **keywords(request))


def _script_asarray(producer: Library, _: Library, request: str) -> str:
    given = "".join(f", {key}={value}" for key, value in keywords(request).items())
    return f"b = cupy.asarray(a{given})"


def usages() -> list[Usage]:
    """None so far."""
    return []


def reaches(kind: str) -> str | None:
    """Say why there is no CUDA device; it has no arrays on simulated ones."""
    if kind != "cuda":
        raise NotImplementedError(f"CuPy has no arrays on {kind} devices")
    cupy = _load()
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as error:
        return f"no CUDA device: cupy {cupy.__version__}: {str(error).splitlines()[0]}"
    return None if count else f"no CUDA device: cupy {cupy.__version__} counts none"


class _OnDevice:
    """`OnDevice` of CuPy on a CUDA device of the instrument."""

    def __init__(self, accelerator: Any) -> None:
        self._cupy = _load()
        self._number = accelerator.device[1]

    def make(self, dtype: str, values: Sequence[Any], step: int = 1, pool: str = "device") -> Any:
        """Make an array of one axis, complete on return."""
        if pool != "device":
            raise NotMadeError(f"CuPy has no arrays in {pool} memory")
        cupy = self._cupy
        with cupy.cuda.Device(self._number):
            x = cupy.zeros(len(values) * step, dtype)[::step]
            x[...] = cupy.array(list(values), dtype)
            cupy.cuda.Device(self._number).synchronize()
        return x

    def writer(self, x: Any, values: Sequence[Any]) -> Callable[[int], None]:
        """Return what queues a copy from other memory of the device: nothing waits for that."""
        other = self.make(x.dtype.name, values)

        def queue(stream: int) -> None:
            with self.on(stream):
                x[...] = other

        return queue

    def on(self, stream: int) -> AbstractContextManager[Any]:
        """CuPy's current stream of this thread."""
        cuda = self._cupy.cuda
        if stream == _LEGACY:  # it has names of its own: the numbers are no handles there
            context: AbstractContextManager[Any] = cuda.Stream.null
        elif stream == _PER_THREAD:
            context = cuda.Stream.ptds
        else:
            context = cuda.ExternalStream(stream, self._number)
        return context

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Capture on a stream of its own; the graph is never run."""
        with self._cupy.cuda.Stream(non_blocking=True) as stream:
            stream.begin_capture()
            try:
                yield
            finally:
                stream.end_capture()

    def read(self, x: Any, stream: int) -> list[Any]:
        """Copy to the host on the stream; CuPy waits for that stream alone."""
        with self.on(stream):
            found: list[Any] = x.get().tolist()
        return found


def on_device(accelerator: Any) -> _OnDevice:
    """Return its arrays on CUDA."""
    return _OnDevice(accelerator)


def script_make(source: Source) -> list[str]:
    """Lines that make the source as ``a`` with CuPy alone."""
    image = _cuda_host.image(source)
    strides = tuple(stride * image.itemsize for stride in source.strides)
    return [
        "import cupy",
        f'base = cupy.array({image.tolist()}, dtype="{source.dtype}")',
        "view = cupy.lib.stride_tricks.as_strided",
        f"a = view(base[{source.offset}:], {source.shape}, {strides})",
    ]


def script_on_device(kind: str) -> Mapping[str, str]:
    """Lines of scripts on CUDA."""
    if kind != "cuda":
        raise NotImplementedError(f"CuPy has no arrays on {kind} devices")
    return {
        "import": "import cupy",
        "make": 'cupy.array(old, "int32")',
        "prepare": 'other = cupy.array(new, "int32")',
        "write": "a[...] = other",
        "use": "cupy.cuda.ExternalStream({stream}).use()",
        "use-legacy": "cupy.cuda.Stream.null.use()",
        "use-per-thread": "cupy.cuda.Stream.ptds.use()",
        "read": "b.get().tolist()",
    }


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at an ndarray."""
    return {
        "import": "import cupy",
        "values": "{x}.get().reshape(-1).tolist()",
        "address": "{x}.data.ptr",
        "writable": "True",
        "dtype": "{x}.dtype",
        "shape": "{x}.shape",
        "type": "cupy.ndarray",
        "write": "{x}[{index}] = {value}; {x}.device.synchronize()",
    }
