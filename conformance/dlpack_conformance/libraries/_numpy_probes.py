"""Protocol cases of NumPy's own functions: R-16, R-21, R-25, R-32, R-36, R-39, R-41, R-51."""

from __future__ import annotations

import array
import gc
from collections.abc import Callable
from functools import partial
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.libraries._shared import keywords
from dlpack_conformance.probes import Observer, Probe, Script
from dlpack_conformance.probes._producing import never_exports
from dlpack_conformance.probes._routes import SIZES
from dlpack_conformance.probes.buffer_taker import moves

__all__ = ["probes"]

_WAYS = ("array-interface", "array-method", "buffer", "dlpack")
_CODE = {way: float(code) for code, way in enumerate(_WAYS, 1)}
"""The elements that come by a way, so that a result tells by which it came."""


def probes(load: Callable[[], Any]) -> list[Probe]:
    """Return the probes of a module with NumPy's functions, which ``load`` imports."""
    return [
        *_conversions(load),
        *_orders(load),
        *_resizing(load),
        *_structs(load),
        *_frombuffer(load),
        *_astype(load),
        *_from_dlpack(load),
        never_exports("scalar", lambda: load().generic, "a scalar, which holds one element"),
        never_exports("iterator", lambda: load().flatiter, "an iterator over elements"),
    ]


# copy.


def _conversions(load: Callable[[], Any]) -> list[Probe]:
    def convert(function: str, copy: bool | None, kind: str, observer: Observer) -> None:
        np, describe = load(), observer.library.describe
        x = observer.source("float32", "fortran" if kind == "fortran" else "matrix")
        given: dict[str, Any] = {"copy": copy}
        offered: Any = x
        if kind == "other-dtype":
            given["dtype"] = "float64"
        elif kind in ("c-order", "fortran"):
            given["order"] = "F" if kind == "c-order" else "C"
        elif kind == "list":
            offered = [[1.0, 2.0], [3.0, 4.0]]
        elif kind == "buffer":
            offered = memoryview(x)
        result = observer.call(getattr(np, function), offered, **given)
        if result is not None:
            same = describe(result).address == describe(x).address
            observer.facts["answer.same_memory"] = same
            observer.facts["answer.same_object"] = result is x

    kinds = ("same", "other-dtype", "c-order", "fortran", "list", "buffer")
    return [
        Probe(
            "R-21",
            f"{function}-{kind}-copy-{copy}".lower(),
            partial(convert, function, copy, kind),
            f"{function} with copy={copy}",
            absent=_lacks("buffer", "copy"),
        )
        for function in ("asarray", "array")
        for kind in kinds
        for copy in (False, True, None)
    ]


def _lacks(entry: str, keyword: str) -> Callable[[Library], str | None]:
    def absent(library: Library) -> str | None:
        lacks = library.accepts()[entry].lacks
        return lacks.get("") or lacks.get(keyword)

    return absent


# which of the ways that an object offers is taken.


def _orders(load: Callable[[], Any]) -> list[Probe]:
    def offer(function: str, offered: tuple[str, ...], observer: Observer) -> None:
        np = load()
        x, asked = _object(np, observer, offered)
        result = observer.call(getattr(np, function), x)
        if "buffer" in offered and x.asked and "buffer" not in asked:
            asked.append("buffer")
        seen = observer.facts
        seen["interface.offered"], seen["interface.asked"] = list(offered), asked
        if result is None:
            return
        if observer.library.describe(result).dtype != "float32":
            seen["interface.used"] = "none"
            return
        code = observer.library.read(result)[0]
        ways = [way for way, number in _CODE.items() if number == code]
        seen["interface.used"] = ways[0] if ways else "none"

    offers = (
        _WAYS,
        ("array-interface", "array-method", "dlpack"),
        ("array-interface", "array-method"),
        ("array-interface", "buffer"),
        ("array-method", "buffer"),
        ("buffer", "dlpack"),
        ("array-interface", "dlpack"),
        ("array-method", "dlpack"),
        ("dlpack",),
    )
    return [
        Probe(
            "R-25",
            f"{function}-{'-'.join(offered)}",
            partial(offer, function, offered),
            "an object that offers several ways",
        )
        for function in ("asarray", "array", "asanyarray")
        for offered in offers
    ]


def _object(np: Any, observer: Observer, offered: tuple[str, ...]) -> tuple[Any, list[str]]:
    """Return an object that offers these ways and no other, and the list of what was asked."""
    asked: list[str] = []
    data = {way: array.array("f", [_CODE[way]] * 4) for way in _WAYS}
    body: dict[str, Any] = {}

    def ask(self: Any, way: str) -> None:
        if "buffer" in offered and self.asked and "buffer" not in asked:
            asked.append("buffer")
        asked.append(way)

    def interface(self: Any) -> dict[str, Any]:
        ask(self, "array-interface")
        address = data["array-interface"].buffer_info()[0]
        return {"shape": (4,), "typestr": "<f4", "data": (address, False), "version": 3}

    def method(self: Any, *_: Any, **__: Any) -> Any:
        ask(self, "array-method")
        return np.array(data["array-method"].tolist(), dtype="float32")

    def dlpack(self: Any, **given: Any) -> Any:
        ask(self, "dlpack")
        return observer.crafted("float32", "vector").__dlpack__(**given)

    def device(self: Any) -> tuple[int, int]:
        ask(self, "dlpack")
        return 1, 0

    if "array-interface" in offered:
        body["__array_interface__"] = property(interface)
    if "array-method" in offered:
        body["__array__"] = method
    if "dlpack" in offered:
        body["__dlpack__"], body["__dlpack_device__"] = dlpack, device
    if "buffer" in offered:
        return type("Offers", (observer.instrument.LoggedBuffer,), body)(data["buffer"]), asked
    return type("Offers", (), body)(), asked


# memory that others refer to is not moved.


def _resizing(load: Callable[[], Any]) -> list[Probe]:
    def resize(holder: str, elements: int, observer: Observer) -> None:
        a = load().zeros(elements, dtype="float32")
        held: Any = a.__array_struct__ if holder == "struct" else memoryview(a)
        seen = observer.facts
        observer.step("exchange")
        # Called as a user writes it: the check counts references, a helper's would be among them.
        try:
            a.resize(elements + 100_000)
        except ValueError:
            seen["buffer.locked"] = True
        else:
            seen["buffer.locked"] = False
        if holder == "buffer":
            held.release()
        del held
        gc.collect()
        try:
            a.resize(elements + 200_000)
        except ValueError:
            seen["buffer.unlocked"] = False
        else:
            seen["buffer.unlocked"] = True

    return [
        Probe(
            rule,
            f"resize-{holder}-{elements}",
            partial(resize, holder, elements),
            "resize while another object refers to the memory",
        )
        for rule, holder in (("R-32", "struct"), ("R-36", "buffer"))
        for elements in (1, 1000)
    ]


# the item size that a struct states.


def _structs(load: Callable[[], Any]) -> list[Probe]:
    def take(spec: str, observer: Observer) -> None:
        np, instrument, seen = load(), observer.instrument, observer.facts
        a = np.zeros(3, dtype=spec)
        struct = instrument.read_array_struct(a.__array_struct__)
        seen["interface.item_bytes"] = struct["item_bytes"]
        seen["interface.typestr"] = f"{struct['kind']}{struct['item_bytes']}"
        result = observer.call(np.asarray, instrument.StructOnly(a))
        if result is not None:
            seen["buffer.item_bytes"] = result.dtype.itemsize
            seen["answer.same_memory"] = result.ctypes.data == a.ctypes.data

    def lines(spec: str, item_bytes: int, _: Library) -> list[str]:
        return [
            "import numpy as np",
            f'a = np.zeros(3, dtype="{spec}")  # {item_bytes} bytes an element',
            'Only = type("Only", (), {"__array_struct__": a.__array_struct__})',
            "b = np.asarray(Only())",
            "seen = b.dtype.itemsize",
        ]

    specs = {
        "str-1": ("U1", 4),
        "str-2": ("U2", 8),
        "bytes-3": ("S3", 3),
        "void-5": ("V5", 5),
        "bool": ("?", 1),
        "int16": ("i2", 2),
        "float64": ("f8", 8),
        "complex64": ("c8", 8),
        "swapped-int32": (">i4", 4),
        "datetime": ("M8[ns]", 8),
        "timedelta": ("m8[s]", 8),
    }
    return [
        Probe(
            "R-31",
            f"taken-{name}",
            partial(take, spec),
            "an object that shows a struct alone",
            script=Script("buffer.item_bytes", partial(lines, spec, item_bytes)),
        )
        for name, (spec, item_bytes) in specs.items()
    ]


# frombuffer.


def _frombuffer(load: Callable[[], Any]) -> list[Probe]:
    def take(kind: str, count: int, offset: int, dtype: str, observer: Observer) -> None:
        raw = bytes(range(1, 25))
        offered: Any = bytearray(raw)
        if kind == "bytes":
            offered = raw
        elif kind == "readonly":
            offered = memoryview(offered).toreadonly()
        elif kind == "table":
            offered = memoryview(offered).cast("B", (4, 6))
        instrument = observer.instrument
        base = instrument.request_buffer(offered, "simple")
        seen = observer.facts
        seen["buffer.readonly"] = base["readonly"]
        result = observer.call(load().frombuffer, offered, dtype, count, offset)
        if result is None:
            return
        described = observer.library.describe(result)
        seen["answer.same_memory"] = described.address == base["address"] + offset
        seen["answer.rank"], seen["answer.writable"] = len(described.shape), described.writable
        rest = raw[offset:]
        item = len(instrument.encode(dtype, 0))
        elements = len(rest) // item if count < 0 else count
        asked = [instrument.decode(dtype, rest, i) for i in range(elements)]
        seen["answer.values"] = observer.library.read(result) == asked

    rows = [
        (kind, -1, 0, dtype)
        for kind in ("bytes", "bytearray", "readonly", "table")
        for dtype in ("uint8", "int16", "int64")
    ]
    rows += [("bytes", 3, 0, "uint8"), ("bytearray", 2, 4, "int32"), ("bytearray", -1, 3, "uint8")]

    def take_piece(size: int, count: int, offset: int, dtype: str, observer: Observer) -> None:
        data = bytearray(size)
        seen = observer.facts
        seen["taken.bytes"], seen["taken.offset"], seen["taken.count"] = size, offset, count
        seen["taken.item_bytes"] = len(observer.instrument.encode(dtype, 0))
        result = observer.call(load().frombuffer, data, dtype, count, offset)
        if result is not None:
            seen["taken.elements"] = observer.library.describe(result).shape[0]

    def moved(name: str, observer: Observer) -> None:
        take = partial(load().frombuffer, dtype="uint8")
        observer.step("exchange")
        observer.facts.update(observer.apart(lambda: moves(name, take, observer.library.describe)))

    pieces = [
        Probe("R-39", variant, partial(take_piece, size, count, offset, dtype), "a piece")
        for variant, size, count, offset, dtype in SIZES
        if variant not in ("no-count", "count-below-minus-one")
    ]
    movers = [
        Probe(
            "R-16",
            f"frombuffer-{name}",
            partial(moved, name),
            "an exporter that is to move its memory",
        )
        for name in ("bytearray-grown", "array-grown", "file-grown", "map-closed")
    ]
    views = [
        Probe(
            "R-39",
            f"{kind}-{dtype}-{'all' if count < 0 else count}-{offset}",
            partial(take, kind, count, offset, dtype),
            "a buffer as one axis",
        )
        for kind, count, offset, dtype in rows
    ]
    return [*views, *pieces, *movers]


# astype.


def _astype(load: Callable[[], Any]) -> list[Probe]:
    def convert(form: str, dtype: str, copy: str, layout: str, observer: Observer) -> None:
        np, describe = load(), observer.library.describe
        x = observer.source("float32", layout)
        given = keywords(copy) if copy else {}
        call = partial(np.astype, x) if form == "function" else x.astype
        result = observer.call(call, dtype, **given)
        seen = observer.facts
        seen["answer.asked_dtype"] = dtype
        if result is not None:
            seen["answer.same_object"] = result is x
            seen["answer.same_memory"] = describe(result).address == describe(x).address
            seen["answer.dtype"] = describe(result).dtype

    def absent(_: Library) -> str | None:
        np = load()
        if hasattr(np, "astype"):
            return None
        return f"numpy {np.__version__}: module numpy has no attribute astype"

    return [
        Probe(
            "R-41",
            f"{form}-{dtype}-{copy or 'plain'}-{layout}",
            partial(convert, form, dtype, copy, layout),
            f"astype, {copy or 'plain'}",
            absent=absent if form == "function" else None,
        )
        for form in ("function", "method")
        for dtype in ("float32", "float64")
        for copy in ("copy-false", "copy-true", "")
        for layout in ("matrix", "scalar", "reversed", "empty-0")
    ]


# from_dlpack.


def _from_dlpack(load: Callable[[], Any]) -> list[Probe]:
    def take(layout: str, given: dict[str, Any], observer: Observer) -> None:
        x = observer.crafted("float32", layout)
        result = observer.call(load().from_dlpack, x, **given)
        observer.calls(x)
        if result is not None:
            observer.look(result)

    rows: list[tuple[str, str, dict[str, Any]]] = [
        ("plain", "matrix", {}),
        ("plain-scalar", "scalar", {}),
        ("plain-reversed", "reversed", {}),
        ("device-none", "matrix", {"device": None}),
        ("device-cpu", "matrix", {"device": "cpu"}),
        ("device-other", "matrix", {"device": "gpu"}),
        ("device-number", "matrix", {"device": 0}),
        ("copy-true", "matrix", {"copy": True}),
        ("copy-false", "matrix", {"copy": False}),
        ("copy-none", "matrix", {"copy": None}),
    ]
    return [
        Probe(
            "R-51",
            variant,
            partial(take, layout, given),
            "an array of the reference",
            needs="from_dlpack",
            absent=_lacks("from_dlpack", next(iter(given), "")),
        )
        for variant, layout, given in rows
    ]
