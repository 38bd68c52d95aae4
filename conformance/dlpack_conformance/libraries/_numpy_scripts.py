"""NumPy as text: lines that make a source, and how a script looks at an array."""

from __future__ import annotations

from collections.abc import Mapping

from dlpack_conformance.libraries import Source
from dlpack_conformance.libraries import _shared as shared

__all__ = ["api", "dtype_text", "make"]

_IMPORT = "import numpy as np"
_TEXTS = {
    "longdouble": "np.longdouble",
    "clongdouble": "np.clongdouble",
    "object": "object",
    "str": '"U4"',
    "bytes": '"S4"',
    "datetime64-ns": '"M8[ns]"',
    "timedelta64-ns": '"m8[ns]"',
    "record": '[("count", "i4"), ("weight", "f4")]',
    "void": '"V8"',
    "bool": "bool",
}
_FRESH = ("owned", "subclass", "masked")
_VALUES = {
    "str": "[str(n) for n in {}]",
    "bytes": "[str(n).encode() for n in {}]",
    "record": "[(n, n) for n in {}]",
    "void": '[n.to_bytes(8, "little") for n in {}]',
}
_READ = {
    "str": "[int(text) for text in {x}.ravel().tolist()]",
    "bytes": "[int(text) for text in {x}.ravel().tolist()]",
    "record": '{x}["count"].ravel().tolist()',
    "void": '[int.from_bytes(item, "little") for item in {x}.ravel().tolist()]',
    "datetime64-ns": '{x}.astype("i8").ravel().tolist()',
    "timedelta64-ns": '{x}.astype("i8").ravel().tolist()',
}
_WRITE = {
    "str": "{x}[{index}] = str({value})",
    "bytes": "{x}[{index}] = str({value}).encode()",
    "record": "{x}[{index}] = ({value}, {value})",
    "void": '{x}[{index}] = ({value}).to_bytes(8, "little")',
}


def dtype_text(name: str) -> str:
    """Return the dtype as a user writes it."""
    if name.startswith("swapped-"):
        return f'np.dtype("{name.removeprefix("swapped-")}").newbyteorder("S")'
    return _TEXTS.get(name) or f"np.{name}"


def api(dtype: str) -> Mapping[str, str]:
    """How a script looks at an ndarray."""
    return {
        "import": _IMPORT,
        "values": _READ.get(dtype, "{x}.ravel().tolist()"),
        "address": "{x}.ctypes.data",
        "writable": "{x}.flags.writeable",
        "dtype": "{x}.dtype",
        "shape": "{x}.shape",
        "type": "np.ndarray",
        "write": _WRITE.get(dtype, "{x}[{index}] = {value}"),
    }


def make(source: Source) -> list[str]:
    """Lines that make the source as ``a`` with NumPy alone."""
    dtype = dtype_text(source.dtype)
    if source.source == "expanded":
        small = shared.collapsed(source)
        base = _array(source.dtype, list(small.values), dtype)
        return [_IMPORT, f"a = np.broadcast_to({base}.reshape({small.shape}), {source.shape})"]
    if source.source == "packed-field":
        return [
            _IMPORT,
            f'records = np.zeros({source.shape}, [("tag", "i1"), ("value", {dtype})])',
            f'records["value"].flat = {list(source.values)}',
            'a = records["value"]',
        ]
    lines = [_IMPORT, *_base(source, dtype)]
    if source.source.startswith("memmap"):
        mode = "r" if source.source.endswith("readonly") else "r+"
        lines = [
            "import tempfile",
            *lines,
            "with tempfile.TemporaryFile() as file:",
            "    base.tofile(file)",
            f'    base = np.memmap(file, base.dtype, "{mode}")',
        ]
    lines.append(_view(source, dtype))
    if source.source in ("readonly", "mapped-readonly"):
        lines.append("a.flags.writeable = False")
    elif source.source == "subclass":
        lines.append('a = a.view(type("Subclass", (np.ndarray,), {}))')
    elif source.source == "masked":
        lines.append("mask = np.zeros(a.shape, bool)")
        lines.append(
            f"mask[{(-1,) * len(source.shape) if 0 not in source.shape else '...'}] = True"
        )
        lines.append("a = np.ma.MaskedArray(a, mask=mask)")
    return lines


def _array(name: str, values: list[object], dtype: str) -> str:
    shown = _VALUES.get(name, "{}").format(values)
    return f"np.array({shown}, {dtype})"


def _base(source: Source, dtype: str) -> list[str]:
    """One axis under the source; a misaligned one starts a byte after the start of a buffer."""
    values = shared.flat_image(source)
    if source.source != "odd-byte":
        return [f"base = {_array(source.dtype, values, dtype)}"]
    return [
        f"values = {_array(source.dtype, values, dtype)}",
        'base = bytearray(b"\\0" + values.tobytes())',
    ]


def _view(source: Source, dtype: str) -> str:
    if source.source == "odd-byte":
        item = shared.dtypes()[source.dtype]["item_bits"] // 8
        strides = tuple(stride * item for stride in source.strides)
        return (
            f"a = np.ndarray({source.shape}, {dtype}, base, {1 + source.offset * item}, {strides})"
        )
    if (
        source.offset == 0
        and source.strides == shared.compact(source.shape)
        and 0 not in source.shape
    ):
        return "a = base" if len(source.shape) == 1 else f"a = base.reshape({source.shape})"
    if source.source in _FRESH and shared.overlapping_windows(source):
        windows = f"np.lib.stride_tricks.sliding_window_view(base, {source.shape[1]})"
        return f"a = {windows}[::{source.strides[0]}]"
    in_bytes = f"tuple(s * base.itemsize for s in {source.strides})"
    subok = ", subok=True" if source.source.startswith("memmap") else ""
    base = f"base[{source.offset}:]"
    return f"a = np.lib.stride_tricks.as_strided({base}, {source.shape}, {in_bytes}{subok})"
