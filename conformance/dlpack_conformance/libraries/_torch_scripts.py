"""PyTorch as text: lines that make a source, and how a script looks at a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlpack_conformance.libraries import Source
from dlpack_conformance.libraries import _shared as shared
from dlpack_conformance.libraries._torch_dtypes import BYTES_ONLY, attribute

__all__ = ["api", "make"]

_IMPORT = "import torch"
_COMPLEX_OF = {"float16": "complex32", "float32": "complex64", "float64": "complex128"}


def api(dtype: str) -> Mapping[str, str]:
    """How a script looks at a tensor."""
    common = {
        "import": _IMPORT,
        "address": "{x}.data_ptr()",
        "dtype": "{x}.dtype",
        "shape": "tuple({x}.shape)",
        "type": "torch.Tensor",
    }
    if dtype in BYTES_ONLY:
        seen_as = "uint8" if BYTES_ONLY[dtype] == 1 else "uint16"
        return {
            **common,
            "values": f"{{x}}.contiguous().view(torch.{seen_as}).reshape(-1).tolist()",
        }
    if dtype.startswith("q"):
        return {
            **common,
            "values": "{x}.int_repr().reshape(-1).tolist()",
            "write": "{x}[{index}] = {value}",
        }
    return {
        **common,
        "values": "{x}.reshape(-1).tolist()",
        "writable": "True",
        "write": "{x}.detach()[{index}] = {value}",
    }


def make(source: Source) -> list[str]:
    """Lines that make the source as ``a`` with PyTorch alone."""
    dtype = f"torch.{attribute(source.dtype)}"
    if source.source == "expanded":
        small = shared.collapsed(source)
        return [
            _IMPORT,
            *_base(small, list(small.values), dtype),
            f"a = base.reshape({small.shape}).expand({source.shape})",
        ]
    if source.source == "meta":
        return [
            _IMPORT,
            f"shape, strides = {source.shape}, {source.strides}",
            f'a = torch.empty_strided(shape, strides, dtype={dtype}, device="meta")',
        ]
    if source.source == "conj":
        conjugated = source._replace(values=[complex(v).conjugate() for v in source.values])
        return [*_viewed(conjugated, dtype), "a = a.conj()"]
    if source.source == "neg":
        halves = tuple(stride // 2 for stride in source.strides)
        pairs = source._replace(
            dtype=_COMPLEX_OF[source.dtype],
            strides=halves,
            offset=source.offset // 2,
            values=[complex(1, -v) for v in source.values],
        )
        return [*_viewed(pairs, f"torch.{pairs.dtype}"), "a = a.conj().imag"]
    lines = _viewed(source, dtype)
    return [*lines, *_AFTER[source.source]] if source.source in _AFTER else lines


_FRESH = {"grad-history": "base.requires_grad_().clone()", "inference": "base.clone()"}
_AFTER = {
    "requires-grad": ["a.requires_grad_()"],
    "parameter": ["a = torch.nn.Parameter(a)"],
    "subclass": ['a = a.as_subclass(type("Subclass", (torch.Tensor,), {}))'],
    "sparse": ["a = a.to_sparse()"],
}


def _viewed(source: Source, dtype: str) -> list[str]:
    """Import, one axis, and the view on it."""
    lines = [_IMPORT, *_base(source, shared.flat_image(source), dtype)]
    if source.source == "odd-byte":
        lines.append(
            "base = torch.frombuffer(bytearray(b'\\0' + bytes(base.view(torch.uint8).tolist())), "
            "dtype=base.dtype, offset=1)"
        )
    if source.source == "memmap":
        lines = [
            "import tempfile",
            *lines,
            "with tempfile.NamedTemporaryFile() as file:",
            "    raw = base.view(torch.uint8).tolist()",
            "    file.write(bytes(raw)), file.flush()",
            "    base = torch.from_file(file.name, True, len(base), dtype=base.dtype)",
        ]
    base = _FRESH.get(source.source, "base")
    lines.append(f"a = {base}.as_strided({source.shape}, {source.strides}, {source.offset})")
    if source.source == "inference":
        lines[-1] = f"with torch.inference_mode(): {lines[-1]}"
    return lines


def _base(source: Source, values: list[Any], dtype: str) -> list[str]:
    if source.dtype in BYTES_ONLY:
        if source.dtype.startswith("bits"):
            kind = "uint8" if BYTES_ONLY[source.dtype] == 1 else "uint16"
            return [f"base = torch.tensor({values}, dtype=torch.{kind}).view({dtype})"]
        raw = shared.encode(source, values)
        return [f"base = torch.tensor({list(raw)}, dtype=torch.uint8).view({dtype})"]
    if source.source == "quantised":
        return [
            f"numbers = torch.tensor({[float(v) for v in values]})",
            f"base = torch.quantize_per_tensor(numbers, 1.0, 0, {dtype})",
        ]
    return [f"base = torch.tensor({values}, dtype={dtype})"]
