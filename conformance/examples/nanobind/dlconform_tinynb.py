"""Library file of tinynb: dlconform run --library dlconform_tinynb.py --target tinynb."""

from __future__ import annotations

import importlib.util
from itertools import product
from typing import Any

from dlpack_conformance.libraries import Description, Entry, Makes, Route, Source

name = "tinynb"
readonly_arrays = False
immutable_arrays = False
DTYPES = ("float32", "float64", "int32", "int64", "uint8")
ROW_MAJOR = ("scalar", "empty-0", "empty-2x0x3", "one", "vector", "matrix", "cube", "images")


def _tinynb() -> Any:
    return importlib.import_module(name)


def probe() -> str | None:
    """None where tinynb was built and is on the path."""
    return None if importlib.util.find_spec(name) else f"no module named {name!r}"


def versions() -> dict[str, str]:
    """Version that the module states."""
    return {name: _tinynb().__version__}


def prepare() -> None:
    """Import it."""
    _tinynb()


def types() -> tuple[type, ...]:
    """Its one array type."""
    return (_tinynb().Array,)


def makes() -> list[Makes]:
    """Fresh arrays are row-major; no function of tinynb takes foreign memory but from_dlpack."""
    return [Makes("owned", DTYPES, ROW_MAJOR)]


def make(source: Source) -> Any:
    """Zeros, then each element by assignment."""
    x = _tinynb().zeros(source.shape, source.dtype)
    for index, value in zip(product(*map(range, source.shape)), source.values, strict=True):
        x[index] = value
    return x


def describe(x: Any) -> Description:
    """Attributes of the array; it can always be written."""
    return Description(x.shape, x.strides, x.dtype, "cpu", x.address or None, True)


def read(x: Any) -> list[Any]:
    """Each element by indexing."""
    return [x[index] for index in product(*map(range, x.shape))]


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
    """Its from_dlpack has copy, and no device."""
    no_device = {"device": "tinynb.from_dlpack has no keyword device"}
    return {"from_dlpack": Entry(_tinynb().from_dlpack, no_device)}


def routes() -> list[Route]:
    """None of its own."""
    return []


def script_calls() -> dict[str, str]:
    """As a user writes it."""
    return {"from_dlpack": "tinynb.from_dlpack({})"}


def script_make(source: Source) -> list[str]:
    """Zeros, then the elements."""
    return [
        "import tinynb",
        "from itertools import product",
        f"a = tinynb.zeros({list(source.shape)}, {source.dtype!r})",
        f"for index, value in zip(product(*map(range, a.shape)), {list(source.values)}):",
        "    a[index] = value",
    ]


def script_api(dtype: str) -> dict[str, str]:
    """Attributes and indexing."""
    return {
        "import": "import tinynb",
        "values": "[{x}[i] for i in __import__('itertools').product(*map(range, {x}.shape))]",
        "address": "{x}.address",
        "dtype": "{x}.dtype",
        "shape": "{x}.shape",
        "type": "tinynb.Array",
        "write": "{x}[{index}] = {value}",
    }
