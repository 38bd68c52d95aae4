"""NumPy: its arrays by its own API, and the routes that it owns."""

from __future__ import annotations

import importlib.util
import sys
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
    _numpy_dtypes,
    _numpy_in_place,
    _numpy_probes,
    _numpy_routes,
    _numpy_scripts,
    _numpy_sources,
    _numpy_usage,
)
from dlpack_conformance.probes import Probe

__all__ = ["immutable_arrays", "name", "readonly_arrays"]

name = "numpy"
readonly_arrays = True
immutable_arrays = False

_np: Any = None
_makers: dict[tuple[str, str, str], _numpy_sources.Maker] = {}
# Filled as dtypes are met. Keys are dtype objects, whose hash NumPy keeps.
_names: dict[Any, str] = {}
_codecs: dict[Any, _numpy_dtypes.Codec | None] = {}
_elements: dict[tuple[tuple[int, ...], int], tuple[int, ...] | None] = {}


def _load() -> Any:
    global _np  # one module a process, as the interpreter has it
    if _np is None:
        import numpy

        _np = numpy
    return _np


def probe() -> str | None:
    """None where NumPy can be imported, else why not."""
    if importlib.util.find_spec("numpy") is None:
        return "no module named 'numpy'"
    try:
        _load()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from importing is the reason
        return f"{type(error).__name__}: {error}"
    return None


def versions() -> dict[str, str]:
    """Version of the distribution."""
    return {"numpy": str(_load().__version__)}


def declares() -> str | None:
    """Array API version that NumPy's main namespace declares."""
    version = getattr(_load(), "__array_api_version__", None)
    return None if version is None else str(version)


def prepare() -> None:
    """Import it; NumPy has no threads or once-only switches that a case could see."""
    _load()


def types() -> tuple[type, ...]:
    """NumPy's array type."""
    return (_load().ndarray,)


def item_bytes(x: Any) -> int | None:
    """Bytes of an element of any ndarray; None of what is none."""
    np = sys.modules.get(name)
    return int(x.itemsize) if np is not None and isinstance(x, np.ndarray) else None


def makes() -> list[Makes]:
    """Sources that this release makes."""
    return _numpy_sources.makes(_load())


def make(source: Source) -> Any:
    """Make one source; what is the same for all cases of its dtype and layout is made once."""
    key = (source.source, source.dtype, source.layout)
    maker = _makers.get(key)
    if maker is None:
        maker = _makers[key] = _numpy_sources.maker(_load(), source)
    return maker(source.memory)


def describe(x: Any) -> Description:
    """Read shape, strides, dtype, address and writability from the array's own attributes."""
    dtype = x.dtype
    strides = x.strides
    key = (strides, dtype.itemsize)
    elements = _elements[key] if key in _elements else _in_elements(key)
    return Description(
        x.shape,
        elements,
        _names.get(dtype) or _name(dtype),
        "cpu",
        x.__array_interface__["data"][0],
        x.flags.writeable,
        None if elements is not None else strides,
    )


def read(x: Any) -> list[Any]:
    """All elements in C order as Python numbers."""
    array = (_np or _load()).ndarray
    plain = x if type(x) is array else x.view(array)
    if plain.size > LONG_ELEMS:
        return [get(plain, (0,) * plain.ndim), get(plain, (-1,) * plain.ndim)]
    dtype = plain.dtype
    codec = _codecs[dtype] if dtype in _codecs else _codec(dtype)
    flat = plain.reshape(-1)
    result: list[Any] = flat.tolist() if codec is None else codec.back(flat)
    return result


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element as a Python number."""
    dtype = x.dtype
    codec = _codecs[dtype] if dtype in _codecs else _codec(dtype)
    if codec is None:
        return x.item(*index)
    return codec.back(x.view(_np.ndarray)[index].reshape(-1))[0]


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Assign one element by ``x[index] = value``."""
    dtype = x.dtype
    codec = _codecs[dtype] if dtype in _codecs else _codec(dtype)
    x[index] = value if codec is None else codec.into(value)


def _name(dtype: Any) -> str:
    found = _names[dtype] = _numpy_dtypes.name_of(_load(), dtype)
    return found


def _codec(dtype: Any) -> _numpy_dtypes.Codec | None:
    _load()
    found = _codecs[dtype] = _numpy_dtypes.codec(_names.get(dtype) or _name(dtype))
    return found


def _in_elements(key: tuple[tuple[int, ...], int]) -> tuple[int, ...] | None:
    """Strides in elements, None where one is no multiple of the item size."""
    strides, itemsize = key
    fits = itemsize > 0 and not any(stride % itemsize for stride in strides)
    found = _elements[key] = tuple(stride // itemsize for stride in strides) if fits else None
    return found


def offers() -> Mapping[str, str | None]:
    """What an ndarray shows to other libraries."""
    return _numpy_routes.offers(_load())


def accepts() -> Mapping[str, Entry]:
    """NumPy's functions that take foreign arrays by a protocol."""
    return _numpy_routes.accepts(_load())


def script_calls() -> Mapping[str, str]:
    """Return these functions as a user writes them."""
    return _numpy_routes.CALLS


def routes() -> list[Route]:
    """Routes that NumPy owns."""
    return _numpy_routes.routes(_load)


def usages() -> list[Usage]:
    """Topics of NumPy alone."""
    return _numpy_usage.usages(_load)


def probes() -> list[Probe]:
    """Protocol cases of NumPy's own functions."""
    return [*_numpy_probes.probes(_load), *_numpy_in_place.probes()]


def script_make(source: Source) -> list[str]:
    """Lines that make the source as ``a`` with NumPy alone."""
    return _numpy_scripts.make(source)


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at an ndarray."""
    return _numpy_scripts.api(dtype)
