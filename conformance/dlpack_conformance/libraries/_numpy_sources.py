"""Sources that NumPy makes: over the suite's memory, and by itself as its users have them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Makes, Source
from dlpack_conformance.libraries import _numpy_dtypes as dtypes_
from dlpack_conformance.libraries import _shared as shared

__all__ = ["maker", "makes"]

_IN_OUR_MEMORY = [
    "plain",
    "readonly",
    "mapped-readonly",
    "guard-before",
    "guard-after",
    "align-16",
    "align-32",
    "align-64",
    "odd-element",
    "odd-byte",
]
_VIEWS = ("subclass", "masked", "memmap", "memmap-readonly")

Maker = Callable[[Any], Any]


def makes(np: Any) -> list[Makes]:
    """All sources of NumPy, and why the other combinations are left out."""
    every = tuple(shared.dtypes())
    ours = shared.dlpack_dtypes()
    ranks = _too_many_axes(np)
    result = [Makes(name, ours, None, (*_missing(np, ours), *ranks)) for name in _IN_OUR_MEMORY]
    result.append(Makes("owned", every, None, (*_missing(np, every), *ranks, *_repeats())))
    expanded = tuple(layout.name for layout in shared.layouts() if layout.repeats)
    result.append(Makes("expanded", every, expanded, (*_missing(np, every), *ranks)))
    result += [
        Makes(name, ours, None, (*_missing(np, ours), *ranks, *_repeats())) for name in _VIEWS
    ]
    result.append(
        Makes(
            "packed-field",
            ours,
            _packed_field_layouts(),
            (*_missing(np, ours), *ranks, *_bytes_wide(ours)),
        )
    )
    return [entry for entry in result if entry.source in shared.sources()]


def _missing(np: Any, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    reasons = ((name, dtypes_.missing(np, name)) for name in names)
    return [(name, "*", reason) for name, reason in reasons if reason is not None]


def _too_many_axes(np: Any) -> list[tuple[str, str, str]]:
    reason = "numpy has fewer axes"
    return [
        ("*", layout.name, reason)
        for layout in shared.layouts()
        if not _has_axes(np, len(layout.shape))
    ]


def _has_axes(np: Any, rank: int) -> bool:
    try:
        np.empty((1,) * rank)
    except ValueError:
        return False
    return True


def _repeats() -> list[tuple[str, str, str]]:
    reason = "repeated axes are the source expanded"
    return [("*", layout.name, reason) for layout in shared.layouts() if layout.repeats]


def _packed_field_layouts() -> tuple[str, ...]:
    """C order with an innermost axis: no size of a packed record is a multiple of its field's."""
    return tuple(
        layout.name
        for layout in shared.layouts()
        if layout.elements > 1
        and layout.strides == shared.compact(layout.shape)
        and layout.shape[-1] > 1
    )


def _bytes_wide(names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    reason = "every stride is a multiple of one byte"
    return [(name, "*", reason) for name in names if shared.dtypes()[name]["item_bits"] <= 8]


def maker(np: Any, source: Source) -> Maker:
    """Return what makes this source again and again, from the suite's memory or from nothing."""
    dtype = dtypes_.spec_of(np, source.dtype)
    strides = tuple(stride * dtype.itemsize for stride in source.strides)
    if source.source in _IN_OUR_MEMORY:
        return _over_memory(np, source.shape, dtype, strides)
    if source.source == "expanded":
        small = _image(np, shared.collapsed(source), dtype).reshape(shared.collapsed(source).shape)
        return lambda memory: np.broadcast_to(small.copy(), source.shape)
    if source.source == "packed-field":
        return _packed_field(np, source, dtype)
    if source.source in ("memmap", "memmap-readonly"):
        return _memmap(np, source, dtype, strides)
    fresh = _owned(np, source, dtype, strides)
    if source.source == "subclass":
        kind = _subclass(np)
        return lambda memory: fresh(memory).view(kind)
    if source.source == "masked":
        mask = np.zeros(source.shape, bool)
        mask[(-1,) * mask.ndim if mask.size else ...] = True
        return lambda memory: np.ma.MaskedArray(fresh(memory), mask=mask)
    return fresh


def _image(np: Any, source: Source, dtype: Any, values: Any = None) -> Any:
    """One axis of the source's values, written by NumPy itself."""
    codec = dtypes_.codec(source.dtype)
    numbers = source.values if values is None else values
    return np.array([codec.into(number) for number in numbers] if codec else numbers, dtype)


def _over_memory(np: Any, shape: tuple[int, ...], dtype: Any, strides: tuple[int, ...]) -> Maker:
    ndarray = np.ndarray
    return lambda memory: ndarray(shape, dtype, memory, memory.first_offset, strides)


def _owned(np: Any, source: Source, dtype: Any, strides: tuple[int, ...]) -> Maker:
    """A fresh allocation for each call; C and Fortran order own it, all else are views of it."""
    shape, offset = source.shape, source.offset
    if offset == 0 and source.strides == shared.compact(shape) and 0 not in shape:
        c_order = _image(np, source, dtype).reshape(shape)
        return lambda memory: c_order.copy()
    if offset == 0 and source.strides == shared.compact_fortran(shape) and 0 not in shape:
        fortran = np.asfortranarray(_image(np, source, dtype).reshape(shape))
        return lambda memory: fortran.copy("F")
    image = _image(np, source, dtype, shared.flat_image(source))
    if shared.overlapping_windows(source):
        step, width = source.strides[0], shape[1]
        windows = np.lib.stride_tricks.sliding_window_view
        return lambda memory: windows(image.copy(), width)[::step]
    if dtype.hasobject:
        as_strided = np.lib.stride_tricks.as_strided
        return lambda memory: as_strided(image.copy()[offset:], shape, strides)
    ndarray, offset_bytes = np.ndarray, offset * dtype.itemsize
    return lambda memory: ndarray(shape, dtype, image.copy(), offset_bytes, strides)


def _memmap(np: Any, source: Source, dtype: Any, strides: tuple[int, ...]) -> Maker:
    """A file of its own for each call, gone from its folder at once."""
    image = _image(np, source, dtype, shared.flat_image(source)).tobytes()
    mode = "r" if source.source.endswith("readonly") else "r+"

    def make(memory: Any) -> Any:
        with tempfile.TemporaryFile() as file:
            file.write(image)
            file.flush()
            base = np.memmap(file, dtype, mode)
        if (
            source.offset == 0
            and source.strides == shared.compact(source.shape)
            and 0 not in source.shape
        ):
            return base.reshape(source.shape)
        view = np.lib.stride_tricks.as_strided
        return view(base[source.offset :], source.shape, strides, subok=True, writeable=mode != "r")

    return make


def _packed_field(np: Any, source: Source, dtype: Any) -> Maker:
    """Field after a one-byte tag: each byte stride is one more than a multiple of the item size."""
    records = np.zeros(len(source.values), [("tag", "i1"), ("value", dtype)])
    records["value"] = source.values
    return lambda memory: records.copy().reshape(source.shape)["value"]


_SUBCLASSES: list[Any] = []


def _subclass(np: Any) -> Any:
    """One subclass a process, so that equal sources have equal types."""
    if not _SUBCLASSES:
        _SUBCLASSES.append(type("Subclass", (np.ndarray,), {"__doc__": "Adds nothing."}))
    return _SUBCLASSES[0]
