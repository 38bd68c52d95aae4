"""Library file of tinyct: dlconform run --library dlconform_tinyct.py --target tinyct."""

from __future__ import annotations

import importlib.util
from itertools import product
from typing import Any

from dlpack_conformance.libraries import Description, Entry, Makes, Route, Source

name = "tinyct"
readonly_arrays = True
immutable_arrays = False
DTYPES = ("float32", "float64", "int32", "int64", "uint8")
ROW_MAJOR = ("scalar", "empty-0", "empty-2x0x3", "one", "vector", "matrix", "cube", "images")


def _tinyct() -> Any:
    return importlib.import_module(name)


def probe() -> str | None:
    """None where tinyct is on the path."""
    return None if importlib.util.find_spec(name) else f"no module named {name!r}"


def versions() -> dict[str, str]:
    """Version that the module states."""
    return {name: _tinyct().__version__}


def prepare() -> None:
    """Import it."""
    _tinyct()


def types() -> tuple[type, ...]:
    """Its one array type."""
    return (_tinyct().Array,)


def makes() -> list[Makes]:
    """Fresh arrays are row-major; over memory that it is given every layout."""
    fresh = Makes("owned", DTYPES, ROW_MAJOR)
    return [fresh, Makes("plain", DTYPES, None), Makes("readonly", DTYPES, None)]


def make(source: Source) -> Any:
    """An array over the memory; or zeros, then each element by assignment."""
    memory = source.memory
    if memory is not None:
        writable = source.source != "readonly"
        place = memory, memory.first, source.dtype, source.shape, source.strides
        return _tinyct().Array(*place, writable=writable)
    x = _tinyct().zeros(source.shape, source.dtype)
    for index, value in zip(product(*map(range, source.shape)), source.values, strict=True):
        x[index] = value
    return x


def describe(x: Any) -> Description:
    """Attributes of the array."""
    return Description(x.shape, x.strides, x.dtype, "cpu", x.address or None, x.writable)


def read(x: Any) -> list[Any]:
    """Its own list."""
    return list(x.tolist())


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element by indexing."""
    return x[index]


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """One element by assignment."""
    x[index] = value


def offers() -> dict[str, str | None]:
    """DLPack, and nothing else."""
    return {"__dlpack__": None}


def accepts() -> dict[str, Entry]:
    """Its from_dlpack has both keywords."""
    return {"from_dlpack": Entry(_tinyct().from_dlpack)}


def routes() -> list[Route]:
    """None of its own."""
    return []


def script_calls() -> dict[str, str]:
    """As a user writes it."""
    return {"from_dlpack": "tinyct.from_dlpack({})"}


def script_make(source: Source) -> list[str]:
    """An array over memory of the script, in any layout, then its elements."""
    reach = sum(max(0, (n - 1) * s) for n, s in zip(source.shape, source.strides, strict=True))
    place = f"ctypes.addressof(memory) + {source.offset} * ctypes.sizeof(kind)"
    return [
        "import tinyct",
        "import ctypes",
        "from itertools import product",
        f"kind = tinyct.CODES[{source.dtype!r}][2]",
        f"memory = (kind * {source.offset + reach + 1})()",
        f"a = tinyct.Array(memory, {place},",
        f"                 {source.dtype!r}, {source.shape}, {source.strides})",
        f"for index, value in zip(product(*map(range, a.shape)), {list(source.values)}):",
        "    a[index] = value",
        *(["a.writable = False"] if source.source == "readonly" else []),
    ]


def script_api(dtype: str) -> dict[str, str]:
    """Attributes and indexing."""
    return {
        "import": "import tinyct",
        "values": "{x}.tolist()",
        "address": "{x}.address",
        "writable": "{x}.writable",
        "dtype": "{x}.dtype",
        "shape": "{x}.shape",
        "type": "tinyct.Array",
        "write": "{x}[{index}] = {value}",
    }
