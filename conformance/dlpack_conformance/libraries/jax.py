"""JAX: its arrays by its own API, and the routes that it owns."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from typing import Any

from dlpack_conformance.libraries import (
    LONG_ELEMS,
    Description,
    Entry,
    Makes,
    Route,
    Source,
    Usage,
    _jax_device,
    _jax_routes,
    _jax_sources,
)

__all__ = ["immutable_arrays", "name", "readonly_arrays", "start"]

name = "jax"
readonly_arrays = True
immutable_arrays = True
start = "fresh"  # its backends have threads, which no fork takes along

_jax: Any = None
_makers: dict[tuple[str, str, str, str], _jax_sources.Maker] = {}
_devices: dict[Any, str] = {}


def _load() -> Any:
    global _jax  # one module a process, as the interpreter has it
    if _jax is None:
        # It would take three quarters of a GPU's memory; read when its backends start.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        import jax
        import jax.dlpack
        import jax.numpy

        _jax = jax
    return _jax


def probe() -> str | None:
    """None where JAX can be imported, else why not."""
    if importlib.util.find_spec("jax") is None:
        return "no module named 'jax'"
    try:
        _load()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from importing is the reason
        return f"{type(error).__name__}: {error}"
    return None


def versions() -> dict[str, str]:
    """Versions of JAX and of its compiled half."""
    import jaxlib

    return {"jax": str(_load().__version__), "jaxlib": str(jaxlib.__version__)}


def declares() -> str | None:
    """Array API version that JAX's main namespace declares."""
    version = getattr(_load().numpy, "__array_api_version__", None)
    return None if version is None else str(version)


def prepare() -> None:
    """Arrays are made on the host unless a case says otherwise, as on machines without a GPU."""
    jax = _load()
    jax.config.update("jax_default_device", jax.devices("cpu")[0])


def types() -> tuple[type, ...]:
    """JAX's array type."""
    return (_load().Array,)


def makes() -> list[Makes]:
    """Sources that this release makes."""
    return _jax_sources.makes(_load())


def make(source: Source) -> Any:
    """Make one source; its image is made once for all cases of its dtype and layout."""
    key = (source.source, source.dtype, source.layout, source.device)
    maker = _makers.get(key)
    if maker is None:
        maker = _makers[key] = _jax_sources.maker(_load(), source)
    return maker()


def describe(x: Any) -> Description:
    """Read shape, layout, dtype, device and address from the array's own attributes.

    JAX has no strides: they follow from the order of the axes in memory, which it says.
    """
    device = next(iter(x.devices()))
    return Description(
        x.shape,
        _jax_sources.strides(x),
        x.dtype.name,
        _devices.get(device) or _device(device),
        x.unsafe_buffer_pointer() or None,
        False,
    )


def _device(device: Any) -> str:
    kind = "cuda" if device.platform in ("gpu", "cuda") else device.platform
    found = _devices[device] = "cpu" if kind == "cpu" else f"{kind}-{device.id}"
    return found


def read(x: Any) -> list[Any] | bytes:
    """All elements in C order as Python numbers; bytes of a dtype that has no Python numbers."""
    host = _jax_sources.on_host(x)
    if host.size > LONG_ELEMS:
        return [get(x, (0,) * host.ndim), get(x, (-1,) * host.ndim)]
    result: list[Any] = host.reshape(-1).tolist()
    return result


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element as a Python number."""
    return _jax_sources.on_host(x)[index].tolist()


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Raise JAX's own error: its arrays never change. `describe` says so, and nobody comes here."""
    x[index] = value


def offers() -> Mapping[str, str | None]:
    """What a JAX array shows to other libraries."""
    return _jax_routes.offers(_load())


def accepts() -> Mapping[str, Entry]:
    """JAX's functions that take foreign arrays by a protocol."""
    return _jax_routes.accepts(_load())


def script_calls() -> Mapping[str, str]:
    """Return these functions as a user writes them."""
    return _jax_routes.CALLS


def routes() -> list[Route]:
    """Routes that JAX owns."""
    return _jax_routes.routes(_load)


def usages() -> list[Usage]:
    """None so far."""
    return []


def reaches(kind: str) -> str | None:
    """Say why there is no CUDA device; it has no arrays on simulated ones."""
    if kind != "cuda":
        raise NotImplementedError(f"JAX has no arrays on {kind} devices")
    return _jax_device.no_cuda(_load())


def on_device(accelerator: Any) -> _jax_device.JaxOnDevice:
    """Return its arrays on CUDA."""
    return _jax_device.JaxOnDevice(_load(), accelerator)


def script_make(source: Source) -> list[str]:
    """Lines that make the source as ``a`` with JAX alone."""
    return _jax_sources.written(source)


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at a JAX array; a new one each time, as JAX keeps what it read once."""
    return {
        "import": "import jax, jax.dlpack, jax.numpy as jnp",
        "values": "jnp.ravel({x}).tolist()",
        "address": "{x}.unsafe_buffer_pointer()",
        "writable": "False",
        "dtype": "{x}.dtype",
        "shape": "{x}.shape",
        "type": "jax.Array",
    }
