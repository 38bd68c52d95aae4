"""PyTorch: its tensors by its own API, and the routes that it owns."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from itertools import chain
from typing import Any

from dlpack_conformance.libraries import (
    LONG_ELEMS,
    Description,
    Entry,
    Makes,
    Route,
    Source,
    Usage,
    _torch_cuda,
    _torch_device,
    _torch_dtypes,
    _torch_in_place,
    _torch_numbers,
    _torch_probes,
    _torch_routes,
    _torch_scripts,
    _torch_sources,
    _torch_usage,
)
from dlpack_conformance.probes import Probe

__all__ = ["captures", "immutable_arrays", "name", "promises", "readonly_arrays"]

name = "torch"
readonly_arrays = False
immutable_arrays = False
captures = True

_COPY = "An optional boolean indicating whether or not to copy"
# PyTorch declares no array API version; its own reference text says the same as these rules.
promises = {
    "P-29": f"Tensor.__dlpack__, copy: {_COPY} self",
    "P-30": f"Tensor.__dlpack__, copy: {_COPY} self",
    "P-31": "Tensor.__dlpack__, copy: If None, PyTorch will copy only if necessary",
    "C-30": "from_dlpack, device: If None, the new tensor will be on the same device as ext_tensor",
    "C-34": f"from_dlpack, copy: {_COPY} self",
    "C-35": f"from_dlpack, copy: {_COPY} self",
    "C-36": "from_dlpack, copy: If None, PyTorch will copy only if necessary",
    "C-57": "from_dlpack: Converts a tensor from an external library into a torch.Tensor",
}

_torch: Any = None
_makers: dict[tuple[str, str, str, str], _torch_sources.Maker] = {}
# Filled when PyTorch is imported. Keys are dtype and device objects, of which there is one each.
_names: dict[Any, str] = {}
_seen_as: dict[Any, Any] = {}
_devices: dict[Any, str] = {}
_strided: Any = None
_EXTENSION = "privateuseone"  # DLPack's extension device, as which a simulated one shows itself


def _load() -> Any:
    global _torch, _strided  # one module a process, as the interpreter has it
    if _torch is None:
        import torch

        _names.update(_torch_dtypes.names(torch))
        unsigned = {1: torch.uint8, 2: getattr(torch, "uint16", torch.int16)}
        _seen_as.update(
            (dtype, unsigned[size])
            for dtype, known in _names.items()
            if (size := _torch_dtypes.BYTES_ONLY.get(known))
        )
        _devices[torch.device("cpu")] = "cpu"
        _strided = torch.strided
        _torch = torch
    return _torch


def probe() -> str | None:
    """None where PyTorch can be imported, else why not."""
    if importlib.util.find_spec("torch") is None:
        return "no module named 'torch'"
    try:
        _load()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from importing is the reason
        return f"{type(error).__name__}: {error}"
    return None


def versions() -> dict[str, str]:
    """Version of the distribution, with its build tag."""
    return {"torch": str(_load().__version__)}


def prepare() -> None:
    """One thread, as the process may be forked, and each warning each time."""
    torch = _load()
    torch.set_num_threads(1)
    torch.set_warn_always(True)


def types() -> tuple[type, ...]:
    """PyTorch's array type."""
    return (_load().Tensor,)


def item_bytes(x: Any) -> int | None:
    """Bytes of an element of any tensor; None of what is none."""
    torch = sys.modules.get(name)
    return int(x.element_size()) if torch is not None and isinstance(x, torch.Tensor) else None


def makes() -> list[Makes]:
    """Sources that this release makes."""
    sources = _torch_sources.makes(_load())
    owned = next(entry for entry in sources if entry.source == "owned")
    return [*sources, _torch_cuda.makes(owned.excluded)]


def make(source: Source) -> Any:
    """Make one source; what is the same for all cases of its dtype and layout is made once."""
    key = (source.source, source.dtype, source.layout, source.device)
    maker = _makers.get(key)
    if maker is None:
        maker = _torch_sources.maker(_load(), source)
        if source.device == _torch_cuda.DEVICE:
            maker = _torch_cuda.moved(source, maker)
        _makers[key] = maker
    return maker(source.memory)


def describe(x: Any) -> Description:
    """Read shape, strides, dtype, device and address from the tensor's own methods.

    PyTorch has no read-only tensors: writable is every tensor whose elements can be reached.
    """
    device = _devices.get(x.device) or _device(x.device)
    dtype = _names.get(x.dtype) or str(x.dtype).removeprefix("torch.")
    if x.layout is not _strided:
        return Description(tuple(x.shape), None, dtype, device, None, False)
    if device == "meta":
        return Description(tuple(x.shape), x.stride(), dtype, device, None, False)
    return Description(tuple(x.shape), x.stride(), dtype, device, x.data_ptr() or None, True)


def _device(device: Any) -> str:
    kind = "simulated" if device.type == _EXTENSION else device.type
    name = kind if device.index is None else f"{kind}-{device.index}"
    found = _devices[device] = name
    return found


def read(x: Any) -> list[Any] | bytes:
    """All elements in C order as Python numbers; bytes where PyTorch gives no numbers."""
    if x.layout is not _strided:
        x = x.to_dense()
    if x.numel() > LONG_ELEMS:
        ends = [get(x, (0,) * x.dim()), get(x, (-1,) * x.dim())]
        return b"".join(ends) if isinstance(ends[0], bytes) else ends
    if x.dtype in _seen_as:
        return _read_bytes(x)
    if x.is_quantized:
        x = x.int_repr()
    rank = x.dim()
    if rank == 1:
        return x.tolist()  # type: ignore[no-any-return]
    if rank == 0:
        return [x.item()]
    rows = x.tolist()  # no copy in C order first: PyTorch 1.12 faults in one of misaligned elements
    for _ in range(rank - 1):
        rows = chain.from_iterable(rows)
    return list(rows)


def _read_bytes(x: Any) -> list[Any] | bytes:
    """Integers of a dtype without a meaning, else raw bytes."""
    integers: list[Any] = x.contiguous().view(_seen_as[x.dtype]).reshape(-1).tolist()
    return integers if _names[x.dtype].startswith("bits") else bytes(integers)


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element as `read` gives it."""
    if x.dtype in _seen_as or x.is_quantized or x.layout is not _strided:
        one = read((x.to_dense() if x.layout is not _strided else x)[index])
        return one if isinstance(one, bytes) else one[0]
    return x[index].item()


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Assign one element by ``x[index] = value``, as history and inference tensors allow it."""
    torch = _torch
    if x.dtype in _seen_as:
        seen_as = _seen_as[x.dtype]
        number = int.from_bytes(raw, "little") if raw else value
        x.as_strided(x.shape, x.stride(), x.storage_offset()).view(seen_as)[index] = number
    elif x.requires_grad:
        with torch.no_grad():
            x[index] = value
    elif x.is_inference():
        with torch.inference_mode():
            x[index] = value
    else:
        x[index] = value
    if x.is_cuda:
        torch.cuda.synchronize()  # another library reads it on a stream of its own


def offers() -> Mapping[str, str | None]:
    """What a tensor shows to other libraries."""
    return _torch_routes.offers(_load())


def accepts() -> Mapping[str, Entry]:
    """PyTorch's functions that take foreign arrays by a protocol."""
    return _torch_routes.accepts(_load())


def script_calls() -> Mapping[str, str]:
    """Return these functions as a user writes them."""
    return _torch_routes.CALLS


def routes() -> list[Route]:
    """Routes that PyTorch owns."""
    return _torch_routes.routes(_load)


def usages() -> list[Usage]:
    """Topics of PyTorch, and of PyTorch with NumPy."""
    return _torch_usage.usages(_load)


def reaches(kind: str) -> str | None:
    """Say why there is no CUDA device; it has no arrays on simulated ones."""
    if kind != "cuda":
        raise NotImplementedError(f"PyTorch has no arrays on {kind} devices")
    return _torch_device.no_cuda(_load())


def on_device(accelerator: Any) -> _torch_device.TorchOnDevice:
    """Return its tensors on CUDA."""
    return _torch_device.TorchOnDevice(_load(), accelerator)


def probes() -> list[Probe]:
    """Protocol cases of PyTorch's own functions, with arrays of NumPy where they take such."""
    return [
        *_torch_probes.probes(_load, _load_numpy),
        *_torch_in_place.probes(_load),
        *_torch_numbers.probes(_load),
        *_torch_device.probes(_load),
    ]


def _load_numpy() -> Any:
    import numpy

    return numpy


def script_make(source: Source) -> list[str]:
    """Lines that make the source as ``a`` with PyTorch alone."""
    lines = _torch_scripts.make(source)
    return [*lines, _torch_cuda.written(source)] if source.device == _torch_cuda.DEVICE else lines


def script_on_device(kind: str) -> Mapping[str, str]:
    """Lines of scripts on CUDA."""
    if kind != "cuda":
        raise NotImplementedError(f"PyTorch has no arrays on {kind} devices")
    return _torch_device.SCRIPT


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at a tensor."""
    return _torch_scripts.api(dtype)
