"""Sources that PyTorch makes: over the suite's memory, and by itself as its users have them."""

from __future__ import annotations

import ctypes
import tempfile
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from dlpack_conformance.libraries import Makes, Source
from dlpack_conformance.libraries import _shared as shared
from dlpack_conformance.libraries._torch_dtypes import BYTES_ONLY, dtype_of, names

__all__ = ["fresh_image", "maker", "makes"]

_IN_OUR_MEMORY = [
    "plain",
    "mapped-readonly",
    "guard-before",
    "guard-after",
    "align-16",
    "align-32",
    "align-64",
    "odd-element",
    "odd-byte",
]
_QUANTISED = ("qint8", "quint8", "qint32")
_NO_NUMBERS = ("qint8", "quint8", "qint32", *BYTES_ONLY)

Maker = Callable[[Any], Any]
Excluded = tuple[str, str, str]


def makes(torch: Any) -> list[Makes]:
    """All sources of PyTorch, and why the other combinations are left out."""
    every = tuple(name for name in shared.dtypes() if name not in _QUANTISED)
    ours = shared.dlpack_dtypes()
    numbers = tuple(name for name in ours if name not in BYTES_ONLY)
    signs = _negative()
    repeats = tuple(layout.name for layout in shared.layouts() if layout.repeats)
    result = [
        Makes(source, ours, None, (*_missing(torch, ours), *signs)) for source in _IN_OUR_MEMORY
    ]
    result += [
        Makes("owned", every, None, (*_missing(torch, every), *signs, *_repeats())),
        Makes("expanded", every, repeats, _missing(torch, every)),
        Makes("subclass", ours, None, (*_missing(torch, ours), *signs, *_repeats())),
        Makes("memmap", ours, None, (*_missing(torch, ours), *signs, *_repeats())),
        Makes("inference", ours, None, (*_missing(torch, ours), *signs, *_repeats())),
        Makes("meta", ours, None, (*_missing(torch, ours), *signs, *_repeats())),
        Makes("sparse", numbers, _c_order(), _unmade(torch, "sparse", numbers)),
        Makes(
            "quantised",
            _QUANTISED,
            None,
            (*_unmade(torch, "quantised", _QUANTISED), *signs, *_repeats()),
        ),
    ]
    floating = tuple(
        name for name in numbers if shared.dtypes()[name]["family"] in ("float", "complex")
    )
    for source in ("requires-grad", "grad-history", "parameter"):
        result.append(
            Makes(source, floating, None, (*_unmade(torch, source, floating), *signs, *_repeats()))
        )
    paired = tuple(name for name in numbers if shared.dtypes()[name]["family"] == "complex")
    result.append(
        Makes("conj", paired, None, (*_unmade(torch, "conj", paired), *signs, *_repeats()))
    )
    parts = tuple(name for name in ("float16", "float32", "float64") if name in numbers)
    result.append(Makes("neg", parts, _every_second(), _unmade(torch, "neg", parts)))
    return [entry for entry in result if entry.source in shared.sources()]


def _missing(torch: Any, candidates: Iterable[str]) -> tuple[Excluded, ...]:
    return _unmade(torch, "owned", tuple(candidates))


def _negative() -> tuple[Excluded, ...]:
    reason = "torch has no negative strides"
    return tuple(("*", layout.name, reason) for layout in shared.layouts() if layout.negative)


def _repeats() -> tuple[Excluded, ...]:
    reason = "repeated axes are the source expanded"
    return tuple(("*", layout.name, reason) for layout in shared.layouts() if layout.repeats)


def _c_order() -> tuple[str, ...]:
    """Layouts that a sparse tensor can stand for: one of each shape, as it has no strides."""
    return tuple(
        layout.name
        for layout in shared.layouts()
        if layout.strides == shared.compact(layout.shape) and layout.offset == 0
    )


def _every_second() -> tuple[str, ...]:
    """Layouts of the imaginary parts of complex numbers: all strides are even."""
    return tuple(
        layout.name
        for layout in shared.layouts()
        if not layout.negative
        and not layout.repeats
        and layout.elements > 0
        and all(stride % 2 == 0 for stride in layout.strides)
    )


@cache
def _unmade(torch: Any, source: str, candidates: tuple[str, ...]) -> tuple[Excluded, ...]:
    """Dtypes of which this release can't make, read or write a vector; each is tried."""
    excluded = []
    known = set(names(torch).values())
    for name in candidates:
        reason = "torch has no such dtype" if name not in known else _failure(torch, source, name)
        if reason is not None:
            excluded.append((name, "*", reason))
    return tuple(excluded)


def _failure(torch: Any, source: str, name: str) -> str | None:
    """Make, describe, read and write a vector of two; where it goes wrong is the reason."""
    values = _trial_values(name)
    stride = 2 if source == "neg" else 1
    tried = Source(name, "probe", source, "cpu", (2,), (stride,), 0, values, None, None)
    release = f"torch {torch.__version__}"
    step = ["make"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = _tried(torch, tried, step)
    except Exception as error:  # noqa: BLE001 - what this release raises is the reason
        first = "".join(str(error).strip().splitlines()[:1])
        return f"{release} can't {step[0]} it: {type(error).__name__}: {first}"
    return None if got in (None, values) else f"{release} reads {got} where {values} was written"


def _trial_values(name: str) -> list[Any]:
    if name == "float4_e2m1fnx2":
        return [(1.0, 2.0), (2.0, 1.0)]
    of_family: dict[str, list[Any]] = {
        "bool": [True, False],
        "float": [1.0, 2.0],
        "complex": [1 + 2j, 2 - 1j],
    }
    return of_family.get(shared.dtypes()[name]["family"], [1, 2])


def _tried(torch: Any, tried: Source, step: list[str]) -> list[Any] | None:
    """Return what a vector reads as, None without numbers; ``step`` says how far it came."""
    from dlpack_conformance.libraries import torch as library

    x = maker(torch, tried)(None)
    step[0] = "describe"
    library.describe(x)
    if tried.source in ("meta", "sparse"):
        return None
    step[0] = "read"
    got = library.read(x)
    step[0] = "write"
    library.write(x, (0,), tried.values[1], fresh_bytes(tried, tried.values[1]))
    return got if isinstance(got, list) else None


def fresh_bytes(source: Source, value: Any) -> bytes:
    """Bytes of one element for dtypes that PyTorch can't write as numbers; empty for the others."""
    size = BYTES_ONLY.get(source.dtype)
    if size is None:
        return b""
    if isinstance(value, int):
        return value.to_bytes(size, "little")
    return shared.encode(source, [value])


def fresh_image(torch: Any, source: Source, values: Any) -> Any:
    """One axis of the values, written by PyTorch itself where it has a writer."""
    dtype = dtype_of(torch, source.dtype)
    if source.dtype not in BYTES_ONLY:
        return torch.tensor(list(values), dtype=dtype)
    raw = bytearray(b"".join(fresh_bytes(source, value) for value in values))
    return torch.frombuffer(raw, dtype=torch.uint8).clone().view(dtype)


def maker(torch: Any, source: Source) -> Maker:
    """Return what makes this source again and again, from the suite's memory or from nothing."""
    special = _SPECIAL.get(source.source)
    if special is not None:
        return special(torch, source)
    if source.source in _IN_OUR_MEMORY:
        return _over_memory(torch, source)
    return _owned(torch, source)


def _over_memory(torch: Any, source: Source) -> Maker:
    """``frombuffer`` from the memory's origin: the layout's offset is a storage offset.

    Guarded memory has nothing before the first element: there the storage starts at it, and an
    empty tensor's at the start of the memory.
    """
    frombuffer, dtype = torch.frombuffer, dtype_of(torch, source.dtype)
    shape, strides, offset = source.shape, source.strides, source.offset
    guarded = source.source.startswith("guard-")
    if guarded:
        offset = 0
    count = max(offset + shared.reach(shape, strides), 1)
    if guarded and 0 in shape:
        return lambda memory: frombuffer(memory, dtype=dtype, count=count).as_strided(
            shape, strides
        )
    if source.source == "mapped-readonly":
        return _quietly(
            _strided_view(frombuffer, dtype, count, shape, strides, offset, _itemsize(torch, dtype))
        )
    if offset == 0 and strides == shared.compact(shape) and 0 not in shape:
        if len(shape) == 1:
            return lambda memory: frombuffer(
                memory, dtype=dtype, count=count, offset=memory.first_offset
            )
        return lambda memory: frombuffer(
            memory, dtype=dtype, count=count, offset=memory.first_offset
        ).view(shape)
    return _strided_view(frombuffer, dtype, count, shape, strides, offset, _itemsize(torch, dtype))


def _strided_view(
    frombuffer: Any, dtype: Any, count: int, shape: Any, strides: Any, offset: int, itemsize: int
) -> Maker:
    lead = offset * itemsize
    return lambda memory: frombuffer(
        memory, dtype=dtype, count=count, offset=memory.first_offset - lead
    ).as_strided(shape, strides, offset)


def _itemsize(torch: Any, dtype: Any) -> int:
    return int(torch.empty(0, dtype=dtype).element_size())


def _quietly(make: Maker) -> Maker:
    """Without the warning of the making itself: it is not the route's."""

    def quiet(memory: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make(memory)

    return quiet


def _owned(torch: Any, source: Source) -> Maker:
    """A fresh allocation for each call, seen through shape and strides."""
    shape, strides, offset = source.shape, source.strides, source.offset
    if offset == 0 and strides == shared.compact(shape) and 0 not in shape:
        dense = fresh_image(torch, source, source.values).view(shape)
        return lambda memory: dense.clone()
    image = fresh_image(torch, source, shared.flat_image(source))
    return lambda memory: image.clone().as_strided(shape, strides, offset)


def _expanded(torch: Any, source: Source) -> Maker:
    small = shared.collapsed(source)
    image = fresh_image(torch, small, small.values).view(small.shape)
    shape = source.shape
    return lambda memory: image.clone().expand(shape)


def _subclass(torch: Any, source: Source) -> Maker:
    fresh, kind = _owned(torch, source), _subclass_type(torch)
    return lambda memory: fresh(memory).as_subclass(kind)


@cache
def _subclass_type(torch: Any) -> Any:
    """One subclass a process, so that equal sources have equal types."""
    return type("Subclass", (torch.Tensor,), {"__doc__": "Adds nothing."})


def _memmap(torch: Any, source: Source) -> Maker:
    image = fresh_image(torch, source, shared.flat_image(source))
    size = _itemsize(torch, image.dtype)
    raw = ctypes.string_at(image.data_ptr(), image.numel() * size)
    shape, strides, offset = source.shape, source.strides, source.offset

    def make(memory: Any) -> Any:
        with tempfile.NamedTemporaryFile() as file:
            file.write(raw)
            file.flush()
            base = torch.from_file(file.name, shared=True, size=len(raw) // size, dtype=image.dtype)
        return base.as_strided(shape, strides, offset)

    return make


def _inference(torch: Any, source: Source) -> Maker:
    fresh = _owned(torch, source)

    def make(memory: Any) -> Any:
        with torch.inference_mode():
            return fresh(memory)

    return make


def _requires_grad(torch: Any, source: Source) -> Maker:
    fresh = _owned(torch, source)
    return lambda memory: fresh(memory).requires_grad_()


def _parameter(torch: Any, source: Source) -> Maker:
    fresh = _owned(torch, source)
    return lambda memory: torch.nn.Parameter(fresh(memory))


def _grad_history(torch: Any, source: Source) -> Maker:
    """The clone of a leaf, in the source's strides."""
    image = fresh_image(torch, source, shared.flat_image(source))
    shape, strides, offset = source.shape, source.strides, source.offset
    return lambda memory: image.clone().requires_grad_().clone().as_strided(shape, strides, offset)


def _conj(torch: Any, source: Source) -> Maker:
    """Conjugate bit over the conjugated numbers: its logical values are the ones asked for."""
    fresh = _owned(torch, source._replace(values=[complex(v).conjugate() for v in source.values]))
    return lambda memory: fresh(memory).conj()


def _neg(torch: Any, source: Source) -> Maker:
    """``.conj().imag`` of complex numbers whose imaginary parts are the negative of the values."""
    halves = tuple(stride // 2 for stride in source.strides)
    name = {"float16": "complex32", "float32": "complex64", "float64": "complex128"}[source.dtype]
    pairs = source._replace(
        dtype=name,
        strides=halves,
        offset=source.offset // 2,
        values=[complex(1, -v) for v in source.values],
    )
    fresh = _owned(torch, pairs)
    return lambda memory: fresh(memory).conj().imag


def _sparse(torch: Any, source: Source) -> Maker:
    fresh = _owned(torch, source)
    return lambda memory: fresh(memory).to_sparse()


def _meta(torch: Any, source: Source) -> Maker:
    empty, dtype = torch.empty_strided, dtype_of(torch, source.dtype)
    shape, strides = source.shape, source.strides
    return lambda memory: empty(shape, strides, dtype=dtype, device="meta")


def _quantised(torch: Any, source: Source) -> Maker:
    """Scale 1 and zero point 0: the numbers are the integers that are stored."""
    numbers = torch.tensor([float(v) for v in shared.flat_image(source)], dtype=torch.float32)
    dtype = dtype_of(torch, source.dtype)
    shape, strides, offset = source.shape, source.strides, source.offset
    return _quietly(
        lambda memory: torch.quantize_per_tensor(numbers, 1.0, 0, dtype).as_strided(
            shape, strides, offset
        )
    )


_SPECIAL: dict[str, Callable[[Any, Source], Maker]] = {
    "expanded": _expanded,
    "subclass": _subclass,
    "memmap": _memmap,
    "inference": _inference,
    "requires-grad": _requires_grad,
    "grad-history": _grad_history,
    "parameter": _parameter,
    "conj": _conj,
    "neg": _neg,
    "sparse": _sparse,
    "meta": _meta,
    "quantised": _quantised,
}
