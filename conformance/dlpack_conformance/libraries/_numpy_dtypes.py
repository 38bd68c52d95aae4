"""NumPy's dtypes in the catalogue's words, and numbers for those that hold something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Codec", "codec", "missing", "name_of", "spec_of"]

_NATIVE = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
_SPECS: dict[str, Any] = {
    **{name: name for name in _NATIVE},
    "longdouble": "g",
    "clongdouble": "G",
    "object": "O",
    "str": "U4",
    "bytes": "S4",
    "datetime64-ns": "M8[ns]",
    "timedelta64-ns": "m8[ns]",
    "record": [("count", "i4"), ("weight", "f4")],
    "void": "V8",
}


class Codec(NamedTuple):
    """``into``: the catalogue's number to an element; ``back``: an array to a list of numbers."""

    into: Callable[[Any], Any]
    back: Callable[[Any], list[Any]]


def _back_from_record(x: Any) -> list[Any]:
    """Give the number where both fields hold it, else the pair."""
    return [pair[0] if pair[0] == pair[1] else pair for pair in x.tolist()]


_CODECS = {
    "longdouble": Codec(lambda n: n, lambda x: [float(number) for number in x]),
    "clongdouble": Codec(lambda n: n, lambda x: [complex(number) for number in x]),
    "str": Codec(str, lambda x: [int(text) if text.isdigit() else text for text in x.tolist()]),
    "bytes": Codec(
        lambda n: str(n).encode(),
        lambda x: [int(text) if text.isdigit() else text for text in x.tolist()],
    ),
    "datetime64-ns": Codec(lambda n: n, lambda x: x.astype("i8").tolist()),
    "timedelta64-ns": Codec(lambda n: n, lambda x: x.astype("i8").tolist()),
    "record": Codec(lambda n: (n, n), _back_from_record),
    "void": Codec(
        lambda n: n.to_bytes(8, "little"),
        lambda x: [int.from_bytes(item, "little") for item in x.tolist()],
    ),
}


def spec_of(np: Any, name: str) -> Any:
    """NumPy's dtype for a name of the catalogue; `KeyError` where NumPy has none."""
    if name.startswith("swapped-"):
        return np.dtype(_SPECS[name.removeprefix("swapped-")]).newbyteorder("S")
    return np.dtype(_SPECS[name])


def codec(name: str) -> Codec | None:
    """Return the codec of a dtype whose elements are no plain numbers, else None."""
    return _CODECS.get(name)


def missing(np: Any, name: str) -> str | None:
    """Why NumPy can't hold this dtype, or None where it can."""
    if name in ("longdouble", "clongdouble") and np.dtype("g").itemsize == 8:
        return "long double is float64 on this platform"
    try:
        spec_of(np, name)
    except KeyError:
        return "numpy has no such dtype"
    return None


def name_of(np: Any, dtype: Any) -> str:
    """Name of any dtype in the catalogue's words; NumPy's own word where the catalogue has none.

    Text, bytes and records of another size than the suite makes have a name of their own, so that
    nobody takes the size of their elements for known.
    """
    for name in (*_SPECS, *(f"swapped-{native}" for native in _NATIVE)):
        if dtype == spec_of(np, name):
            return name
    return f"record-{dtype.itemsize}" if dtype.names else str(dtype.name)
