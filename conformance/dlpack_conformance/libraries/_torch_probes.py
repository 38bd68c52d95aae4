"""Protocol cases of PyTorch's own functions: R-05, R-06, R-08, R-10 to R-16."""

from __future__ import annotations

import array
import gc
import inspect
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe, Script
from dlpack_conformance.probes._producing import never_exports
from dlpack_conformance.probes._routes import SIZES, living
from dlpack_conformance.probes.buffer_taker import moves, moving_script

__all__ = ["probes"]

_SHAPES = {"vector": (6,), "matrix": (2, 3), "scalar": (), "empty": (0,)}
_READ_AS = ("uint8", "bool", "int16", "int32", "int64", "float32", "float64", "complex64")


def probes(load: Callable[[], Any], load_numpy: Callable[[], Any]) -> list[Probe]:
    """Return the probes of a module with PyTorch's functions; arrays are of ``load_numpy``'s."""
    return [
        *_resizing(load, load_numpy),
        *_as_tensor(load, load_numpy),
        *_asarray(load, load_numpy),
        *_read_as(load, load_numpy),
        *_frombuffer(load),
        *_sizes(load),
        never_exports("storage", lambda: load().FloatStorage, "memory without shape"),
    ]


def _lacks(
    load: Callable[[], Any],
    function: str,
    load_numpy: Callable[[], Any] | None = None,
    too: Callable[[Any], str | None] = lambda torch: None,
) -> Callable[[Library], str | None]:
    """Return what says why this release lacks the function, its arrays, or what ``too`` asks."""

    def absent(_: Library) -> str | None:
        torch = load()
        if not hasattr(torch, function):
            return f"torch {torch.__version__}: module torch has no attribute {function}"
        try:
            if load_numpy is not None:
                load_numpy()
        except ImportError as error:
            return f"{function} takes arrays of numpy: {error}"
        missing = too(torch)
        return None if missing is None else f"torch {torch.__version__}: {missing}"

    return absent


def _no_versioned(torch: Any) -> str | None:
    """Say why a capsule of DLPack 1.0 is unknown to this release."""
    if "max_version" in inspect.signature(torch.Tensor.__dlpack__).parameters:
        return None
    return "its own __dlpack__ has no max_version, so it is of before versioned capsules"


def _no_scalars(torch: Any) -> str | None:
    """Say why this release promises nothing about the scalars of NumPy."""
    promised = "NumPy scalar" in (torch.asarray.__doc__ or "")
    return None if promised else "the text of asarray does not speak of NumPy scalars"


# a tensor over an ndarray cannot be made larger.


def _resizing(load: Callable[[], Any], load_numpy: Callable[[], Any]) -> list[Probe]:
    def resize(shape: str, dtype: str, observer: Observer) -> None:
        a = load_numpy().zeros(_SHAPES[shape], dtype=dtype)
        t = load().from_numpy(a)
        observer.call(t.resize_, 4096)

    return [
        Probe(
            "R-05",
            f"{shape}-{dtype}",
            partial(resize, shape, dtype),
            "resize_ to a larger size",
            absent=_lacks(load, "from_numpy", load_numpy),
        )
        for shape in _SHAPES
        for dtype in ("float32", "int8")
    ]


# as_tensor and tensor.


def _source(torch: Any, np: Any, kind: str) -> Any:
    """A tensor or an ndarray of six float32 elements."""
    if kind == "ndarray":
        return np.arange(1, 7, dtype="float32")
    if kind == "ndarray-fortran":
        return np.asfortranarray(np.arange(1, 7, dtype="float32").reshape(2, 3))
    t = torch.arange(1, 7, dtype=torch.float32)
    if kind == "tensor-leaf":
        return t.requires_grad_(True)
    if kind == "tensor-history":
        return t.requires_grad_(True) * 1
    if kind == "tensor-view":
        return t[1:4]
    return t


_SOURCES = (
    "ndarray",
    "ndarray-fortran",
    "tensor",
    "tensor-view",
    "tensor-leaf",
    "tensor-history",
)


def _as_tensor(load: Callable[[], Any], load_numpy: Callable[[], Any]) -> list[Probe]:
    def convert(function: str, kind: str, dtype: str, observer: Observer) -> None:
        torch, np = load(), load_numpy()
        x = _source(torch, np, kind)
        address = x.ctypes.data if kind.startswith("ndarray") else x.data_ptr()
        given = {"dtype": getattr(torch, dtype)} if dtype else {}
        result = observer.call(getattr(torch, function), x, **given)
        seen = observer.facts
        seen["answer.asked_dtype"] = dtype or "float32"
        if result is None:
            return
        seen["answer.same_object"] = result is x
        seen["answer.same_memory"] = result.data_ptr() == address
        seen["answer.dtype"] = observer.library.describe(result).dtype
        seen["answer.history"] = bool(result.requires_grad or result.grad_fn is not None)
        asked = [float(value) for value in x.reshape(-1).tolist()]
        seen["answer.values"] = [float(v) for v in result.detach().reshape(-1).tolist()] == asked

    return [
        Probe(
            rule,
            f"{kind}-{dtype or 'same'}",
            partial(convert, function, kind, dtype),
            f"{function} of a {kind}",
            absent=_lacks(load, function, load_numpy),
        )
        for rule, function in (("R-06", "as_tensor"), ("R-08", "tensor"))
        for kind in _SOURCES
        for dtype in ("", "float32", "float64", "int64")
    ]


# asarray of everything that it names.


def _offered(load: Callable[[], Any], np: Any, kind: str, observer: Observer) -> tuple[Any, int]:
    """An object of six float32 elements, from 1 to 6, and the address of the first."""
    if kind.startswith("capsule"):
        x = observer.crafted("float32", "vector")
        given = {"max_version": (1, 0)} if kind == "capsule-versioned" else {}
        return x.__dlpack__(**given), observer.memory.first
    if kind in _SOURCES:
        source = _source(load(), np, kind)
        address = source.ctypes.data if kind.startswith("ndarray") else source.data_ptr()
        return source, address
    data = array.array("f", range(1, 7))
    address = data.buffer_info()[0]
    if kind == "bytearray":
        offered = bytearray(data.tobytes())
        return offered, int(observer.instrument.request_buffer(offered, "simple")["address"])
    return (memoryview(data) if kind == "memoryview" else data), address


_OFFERED = (
    "ndarray",
    "tensor",
    "tensor-view",
    "capsule",
    "capsule-versioned",
    "array",
    "bytearray",
    "memoryview",
)


def _asarray(load: Callable[[], Any], load_numpy: Callable[[], Any]) -> list[Probe]:
    def convert(kind: str, copy: bool | None, dtype: str, observer: Observer) -> None:
        torch = load()
        x, address = _offered(load, load_numpy(), kind, observer)
        given: dict[str, Any] = {} if copy is None else {"copy": copy}
        buffer = kind in ("array", "bytearray", "memoryview")
        if dtype or buffer:
            given["dtype"] = getattr(torch, dtype or "float32")
        result = observer.call(torch.asarray, x, **given)
        seen = observer.facts
        seen["answer.asked_dtype"] = dtype or "float32"
        if result is None:
            return
        seen["answer.same_memory"] = result.data_ptr() == address
        seen["answer.dtype"] = observer.library.describe(result).dtype
        if kind != "tensor-view":
            seen["answer.values"] = [float(v) for v in result.tolist()] == [1, 2, 3, 4, 5, 6]

    absent = {
        kind: _lacks(
            load,
            "asarray",
            load_numpy,
            _no_versioned if kind == "capsule-versioned" else lambda torch: None,
        )
        for kind in _OFFERED
    }
    plain = [
        Probe(
            rule, f"{kind}{word}", partial(convert, kind, copy, ""), "asarray", absent=absent[kind]
        )
        for rule, copy, word in (
            ("R-10", None, ""),
            ("R-11", True, "-copy-true"),
            ("R-11", False, "-copy-false"),
        )
        for kind in _OFFERED
    ]
    other = [
        Probe(
            "R-11",
            f"{kind}-float64-copy-{copy}".lower(),
            partial(convert, kind, copy, "float64"),
            "asarray with another dtype",
            absent=absent[kind],
        )
        for kind in ("ndarray", "tensor", "capsule-versioned")
        for copy in (True, False)
    ]
    return plain + other


# bytes as elements.


def _raw(instrument: Any, dtype: str) -> bytes:
    numbers = [True, False, True, True] if dtype == "bool" else [1, 2, 3, 4]
    return b"".join(instrument.encode(dtype, number) for number in numbers) * 2


def _read_as(load: Callable[[], Any], load_numpy: Callable[[], Any]) -> list[Probe]:
    def read(function: str, dtype: str, observer: Observer) -> None:
        """Read bytes, as a dtype or as the default one."""
        torch, instrument, describe = load(), observer.instrument, observer.library.describe
        asked = dtype or describe(torch.zeros(1)).dtype
        raw = bytearray(_raw(instrument, asked))
        given = {"dtype": getattr(torch, dtype)} if dtype else {}
        seen = observer.facts
        seen["answer.asked_dtype"] = asked
        result = observer.call(getattr(torch, function), raw, **given)
        if result is None:
            return
        described = describe(result)
        seen["answer.dtype"], seen["answer.rank"] = described.dtype, len(described.shape)
        item = len(instrument.encode(asked, 0))
        elements = [instrument.decode(asked, bytes(raw), i) for i in range(len(raw) // item)]
        seen["answer.values"] = observer.library.read(result) == elements
        address = instrument.request_buffer(raw, "simple")["address"]
        seen["answer.same_memory"] = described.address == address

    def read_other(function: str, observer: Observer) -> None:
        """Read the bytes of numbers that know their type as another one."""
        torch = load()
        data = array.array("d", [1.0, 2.0, 3.0])
        result = observer.call(getattr(torch, function), data, dtype=torch.uint8)
        seen = observer.facts
        seen["answer.asked_dtype"] = "uint8"
        if result is not None:
            described = observer.library.describe(result)
            seen["answer.dtype"], seen["answer.rank"] = described.dtype, len(described.shape)
            seen["answer.values"] = observer.library.read(result) == list(data.tobytes())
            seen["answer.same_memory"] = described.address == data.buffer_info()[0]

    def read_table(observer: Observer) -> None:
        torch = load()
        data = array.array("h", range(1, 7))
        table = memoryview(data).cast("B").cast("h", (2, 3))
        result = observer.call(torch.frombuffer, table, dtype=torch.int16)
        seen = observer.facts
        seen["answer.asked_dtype"] = "int16"
        if result is not None:
            described = observer.library.describe(result)
            seen["answer.dtype"], seen["answer.rank"] = described.dtype, len(described.shape)
            seen["answer.values"] = observer.library.read(result) == [1, 2, 3, 4, 5, 6]
            seen["answer.same_memory"] = described.address == data.buffer_info()[0]

    def no_dtype(observer: Observer) -> None:
        observer.call(load().frombuffer, bytearray(24))

    def scalar(dtype: str, observer: Observer) -> None:
        """Take a NumPy scalar, which keeps its value in memory of its own."""
        x = getattr(load_numpy(), dtype)(1)
        result = observer.call(load().asarray, x)
        seen = observer.facts
        seen["answer.asked_dtype"] = dtype
        if result is None:
            return
        described = observer.library.describe(result)
        seen["answer.dtype"], seen["answer.rank"] = described.dtype, len(described.shape)
        seen["answer.values"] = observer.library.read(result) == [1]
        address = observer.instrument.request_buffer(x, "full-ro")["address"]
        seen["answer.same_memory"] = described.address == address

    asarray, frombuffer = _lacks(load, "asarray", load_numpy), _lacks(load, "frombuffer")
    scalars = _lacks(load, "asarray", load_numpy, _no_scalars)
    text = "bytes as elements"
    return [
        *(
            Probe("R-12", dtype or "default", partial(read, "asarray", dtype), text, absent=asarray)
            for dtype in ("", *_READ_AS)
        ),
        Probe("R-12", "other-dtype", partial(read_other, "asarray"), text, absent=asarray),
        *(
            Probe("R-12", f"scalar-{dtype}", partial(scalar, dtype), "a scalar", absent=scalars)
            for dtype in ("float32", "float64", "int64", "uint8", "complex64")
        ),
        *(
            Probe("R-13", dtype, partial(read, "frombuffer", dtype), text, absent=frombuffer)
            for dtype in _READ_AS
        ),
        Probe("R-13", "other-dtype", partial(read_other, "frombuffer"), text, absent=frombuffer),
        Probe("R-13", "table", read_table, "a buffer of two axes", absent=frombuffer),
        Probe("R-13", "no-dtype", no_dtype, "no dtype given", absent=frombuffer),
    ]


# the owner of the memory.


def _frombuffer(load: Callable[[], Any]) -> list[Probe]:
    def outlives(layout: str, count: int, observer: Observer) -> None:
        torch = load()
        before = living(observer)
        x = observer.crafted("float32", layout)
        owner = observer.instrument.LoggedBuffer(x)
        alive = weakref.ref(owner)
        result = observer.call(torch.frombuffer, owner, dtype=torch.float32, count=count)
        if result is None:
            return
        asked = observer.library.read(result)
        view = result[:2]
        del x, owner, result
        observer.forget()
        gc.collect()
        seen = observer.facts
        seen["life.held"] = alive() is not None and living(observer) > before
        if seen["life.held"]:
            seen["life.right"] = observer.library.read(view) == asked[:2]
        observer.step("release")
        del view
        gc.collect()
        seen["life.freed"] = alive() is None and living(observer) == before

    def moved(name: str, observer: Observer) -> None:
        torch = load()
        take = partial(torch.frombuffer, dtype=torch.uint8)
        observer.step("exchange")
        observer.facts.update(observer.apart(lambda: moves(name, take, observer.library.describe)))

    absent = _lacks(load, "frombuffer")
    return [
        *(
            Probe(
                "R-15",
                f"{layout}-{count}",
                partial(outlives, layout, count),
                "a buffer whose owner is dropped",
                absent=absent,
            )
            for layout, count in (("vector", -1), ("vector", 3), ("matrix", -1), ("offset-one", -1))
        ),
        *(
            Probe(
                "R-16",
                f"frombuffer-{name}",
                partial(moved, name),
                "an exporter that is to move its memory",
                absent=absent,
                script=moving_script(name, "torch.frombuffer({}, dtype=torch.uint8)"),
            )
            for name in ("bytearray-grown", "array-grown", "file-grown", "map-closed")
        ),
    ]


# sizes.


def _sizes(load: Callable[[], Any]) -> list[Probe]:
    def take(size: int, count: int, offset: int, dtype: str, observer: Observer) -> None:
        torch = load()
        data = bytearray(size)
        given = {"dtype": getattr(torch, dtype), "count": count, "offset": offset}
        seen = observer.facts
        seen["taken.bytes"], seen["taken.offset"], seen["taken.count"] = size, offset, count
        seen["taken.item_bytes"] = len(observer.instrument.encode(dtype, 0))
        result = observer.call(torch.frombuffer, data, **given)
        if result is not None:
            seen["taken.elements"] = observer.library.describe(result).shape[0]

    def lines(size: int, count: int, offset: int, dtype: str, _: Library) -> list[str]:
        given = f"dtype=torch.{dtype}, count={count}, offset={offset}"
        return [
            "import torch",
            f"buffer = bytearray({size})",
            "try:",
            f"    seen = torch.frombuffer(buffer, {given}).numel()",
            "except ValueError:",
            '    seen = "refused"',
        ]

    absent = _lacks(load, "frombuffer")
    return [
        Probe(
            "R-14",
            variant,
            partial(take, size, count, offset, dtype),
            "a piece of a buffer",
            absent=absent,
            script=Script("taken.elements", partial(lines, size, count, offset, dtype)),
        )
        for variant, size, count, offset, dtype in SIZES
    ]
