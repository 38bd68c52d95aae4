"""PyTorch's dtypes in the catalogue's words, and what this release can do with each."""

from __future__ import annotations

from typing import Any

__all__ = ["BYTES_ONLY", "attribute", "dtype_of", "names"]

_SAME = [
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
    "bfloat16",
    "complex32",
    "complex64",
    "complex128",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "qint8",
    "quint8",
    "qint32",
    "bits8",
    "bits16",
]
_OTHER = {"float4_e2m1fnx2": "float4_e2m1fn_x2"}

BYTES_ONLY = {"float4_e2m1fnx2": 1, "bits8": 1, "bits16": 2}
"""Dtypes that PyTorch can't read or write as numbers, with the bytes of one element."""


def attribute(name: str) -> str:
    """Return the name in PyTorch's namespace."""
    return _OTHER.get(name, name)


def dtype_of(torch: Any, name: str) -> Any:
    """PyTorch's dtype; a name that PyTorch lacks raises its own `AttributeError`."""
    return getattr(torch, attribute(name))


def names(torch: Any) -> dict[Any, str]:
    """Every dtype of this release that the catalogue knows: dtype -> name."""
    known = (*_SAME, *_OTHER)
    return {getattr(torch, attribute(n)): n for n in known if hasattr(torch, attribute(n))}
