"""The array interface: what arrays show (R-26, R-27, R-31, R-48), and what takers make of it."""

from __future__ import annotations

import gc
import weakref
from functools import partial
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Need, Observer, Probe
from dlpack_conformance.probes._routes import given_back, living, take, where

__all__ = ["PROBES"]

_REQUIRED = ("shape", "typestr", "version")
_LAYOUTS = (
    "vector",
    "matrix",
    "scalar",
    "empty-0x3",
    "fortran",
    "columns",
    "reversed-rows",
    "broadcast-rows",
    "offset-odd",
)


class _Shown:
    """An object that shows an interface and nothing else."""

    def __init__(self, interface: dict[str, Any], *kept: Any) -> None:
        self._interface = interface
        self._kept = kept

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self._interface


# What arrays show.


def _read_interface(dtype: str, layout: str, source: str, observer: Observer) -> None:
    x = observer.source(dtype, layout, source)
    shown = observer.call(getattr, x, "__array_interface__")
    if shown is None:
        return
    seen = observer.facts
    seen["interface.keys"] = sorted(shown)
    for name in ("version", "shape", "typestr", "strides"):
        if shown.get(name) is not None:
            seen[f"interface.{name}"] = shown[name]
    data = shown.get("data")
    if isinstance(data, tuple):
        seen["interface.address"] = where(observer, data[0])
        seen["interface.readonly"] = bool(data[1])
    seen["interface.item_bytes"] = int(str(shown.get("typestr", "|V0"))[2:])


def _read_struct(dtype: str, layout: str, source: str, observer: Observer) -> None:
    """Read the struct, then let the array's own name go while the capsule lives."""
    before = living(observer)
    x = observer.source(dtype, layout, source)
    capsule = observer.call(getattr, x, "__array_struct__")
    if capsule is None:
        return
    got = observer.instrument.read_array_struct(capsule)
    seen = observer.facts
    seen["interface.two"] = got["two"]
    if got["two"] == 2:
        seen["interface.rank"], seen["interface.flags"] = got["ndim"], got["flags"]
        for name in ("shape", "strides", "item_bytes"):
            if got[name] is not None:
                seen[f"interface.{name}"] = got[name]
        seen["interface.typestr"] = f"{got['kind']}{got['item_bytes']}"
        seen["interface.address"] = where(observer, got["address"])
        seen["interface.readonly"] = not got["flags"] & 0x400
        seen["interface.keeps_owner"] = got["has_context"]
    del x
    observer.forget()
    seen["life.held"] = living(observer) > before
    del capsule
    seen["life.freed"] = given_back(observer, before)


def _cuda_attribute(dtype: str, layout: str, observer: Observer) -> None:
    x = observer.source(dtype, layout)
    observer.facts["interface.of_cuda"] = hasattr(x, "__cuda_array_interface__")


# What takers make of it.


def _interface_of(
    observer: Observer, dtype: str, layout: str, **options: Any
) -> tuple[Any, dict[str, Any]]:
    x = observer.crafted(dtype, layout, **options)
    return x, dict(x.__array_interface__)


def _offer(observer: Observer, interface: dict[str, Any], *kept: Any) -> Any:
    result = take(observer, "array-interface", _Shown(interface, *kept))
    if result is not None:
        observer.look(result)
        observer.facts["answer.same_memory"] = observer.facts.get("proof.address") == "same"
    return result


def _take_layout(dtype: str, layout: str, strides: str, observer: Observer) -> None:
    """Offer a layout with its strides, with None in their place, or without the key."""
    x, interface = _interface_of(observer, dtype, layout)
    if strides == "given":
        item = int(interface["typestr"][2:])
        interface["strides"] = tuple(item * stride for stride in x.strides)
    elif strides == "none":
        interface["strides"] = None
    else:
        interface.pop("strides", None)
    _offer(observer, interface, x)


def _take_readonly(readonly: bool, observer: Observer) -> None:
    """Offer writable memory with either word on whether it may be written."""
    x, interface = _interface_of(observer, "float32", "matrix", readonly=readonly)
    interface["data"] = (interface["data"][0], readonly)
    _offer(observer, interface, x)


def _take_without(keys: tuple[str, ...], observer: Observer) -> None:
    x, interface = _interface_of(observer, "float32", "matrix")
    for key in keys:
        interface.pop(key, None)
    observer.facts["interface.keys"] = sorted(interface)
    _offer(observer, interface, x)


def _take_version(version: int, observer: Observer) -> None:
    x, interface = _interface_of(observer, "float32", "matrix")
    interface["version"] = version
    observer.facts["interface.version"] = version
    _offer(observer, interface, x)


def _take_buffer_as_data(kind: str, offset: int | None, observer: Observer) -> None:
    """Offer a buffer as ``data``: elements from an offset in bytes to its end."""
    x, interface = _interface_of(observer, "float32", "vector")
    # The buffer begins two elements before the first one where there is an offset.
    memory = observer.memory
    begin = memory.first_offset - (offset or 0)
    view = memoryview(memory)[begin:]
    interface["data"] = bytearray(view) if kind == "bytearray" else view
    interface.pop("strides", None)
    if offset is not None:
        interface["offset"] = offset
    observer.facts["interface.keys"] = sorted(interface)
    result = _offer(observer, interface, x)
    if result is not None:
        observer.facts["answer.values"] = observer.facts.get("result.values", False)


def _take_mask(value: bool, observer: Observer) -> None:
    mask = observer.crafted("bool", "vector")
    x, interface = _interface_of(observer, "float32", "vector")
    interface["mask"] = _Shown(dict(mask.__array_interface__), mask) if value else None
    _offer(observer, interface, x)


def _outlive(layout: str, observer: Observer) -> None:
    """Drop the object that showed its memory, then read the result."""
    before = living(observer)
    x, interface = _interface_of(observer, "float32", layout)
    shown = _Shown(interface, x)
    alive = weakref.ref(shown)
    result = take(observer, "array-interface", shown)
    if result is None:
        return
    observer.look(result)
    seen = observer.facts
    seen["answer.same_memory"] = seen.get("proof.address") == "same"
    del x, shown
    interface.clear()
    asked = observer.library.read(result)
    observer.forget()
    observer.step("release")
    seen["life.held"] = alive() is not None
    if living(observer) > before:
        seen["life.right"] = observer.library.read(result) == asked
    del result
    gc.collect()
    seen["life.freed"] = alive() is None and living(observer) == before


def _takes_none(library: Library) -> str | None:
    """Say that the library does not take the plainest object that shows an interface."""
    entry = library.accepts()["array-interface"]
    data = bytearray(8)
    interface = {"shape": (8,), "typestr": "|u1", "version": 3, "data": memoryview(data)}
    address = modules().instrument.request_buffer(data, "simple")["address"]
    interface["data"] = (address, False)
    try:
        entry.call(_Shown(interface, data))
    except Exception as error:  # noqa: BLE001 - whatever is raised is the proof
        return f"{library.name}: an object that shows an interface alone: {type(error).__name__}"
    return None


def _taker(rule: str, variant: str, run: Any, text: str, malformed: bool = False) -> Probe:
    need: Need = "take-array-interface"
    return Probe(rule, variant, run, text, need, malformed=malformed, absent=_takes_none)


PROBES = [
    *(
        Probe(
            "R-26",
            f"shown-{dtype}-{layout}",
            partial(_read_interface, dtype, layout, "plain"),
            "keys that an array shows",
            needs="array-interface",
        )
        for dtype, layout in (
            ("float32", "matrix"),
            ("bool", "vector"),
            ("int64", "scalar"),
            ("complex64", "empty-0"),
            ("uint8", "reversed"),
        )
    ),
    *(
        _taker(
            "R-26",
            "without-" + "-".join(keys),
            partial(_take_without, keys),
            "optional keys left out",
        )
        for keys in (("strides",), ("descr",), ("strides", "descr"), ("mask", "offset"))
    ),
    *(
        _taker(
            "R-26",
            f"without-{key}",
            partial(_take_without, (key,)),
            "a key left out",
            malformed=True,
        )
        for key in (*_REQUIRED, "data")
    ),
    *(
        Probe(
            "R-27",
            f"shown-{source}-{layout}",
            partial(_read_interface, "float32", layout, source),
            "address, strides and word on writing that an array shows",
            needs="array-interface",
            makes=("float32", layout, source),
        )
        for source in ("plain", "readonly")
        for layout in _LAYOUTS
    ),
    *(
        _taker(
            "R-27",
            f"taken-{dtype}-{layout}-strides-{strides}",
            partial(_take_layout, dtype, layout, strides),
            "a layout",
        )
        for dtype, layout, strides in (
            *(("float32", layout, "given") for layout in _LAYOUTS),
            ("float32", "matrix", "none"),
            ("float64", "cube", "none"),
            ("int16", "matrix", "absent"),
            ("complex128", "vector", "absent"),
            ("bool", "matrix", "given"),
            ("int64", "reversed", "given"),
        )
    ),
    _taker("R-27", "taken-readonly", partial(_take_readonly, True), "memory not to be written"),
    _taker("R-27", "taken-writable", partial(_take_readonly, False), "memory to be written"),
    *(
        _taker(
            "R-27",
            f"data-{kind}-offset-{offset}",
            partial(_take_buffer_as_data, kind, offset),
            "a buffer as data",
        )
        for kind, offset in (
            ("memoryview", None),
            ("memoryview", 0),
            ("memoryview", 8),
            ("bytearray", None),
        )
    ),
    *(
        _taker(
            "R-28",
            layout,
            partial(_outlive, layout),
            "an object that is dropped before its memory is read",
        )
        for layout in ("vector", "matrix", "scalar", "reversed-rows")
    ),
    *(
        _taker(
            "R-29",
            f"{kind}-offset-{offset}",
            partial(_take_buffer_as_data, kind, offset),
            "a buffer as data",
        )
        for kind, offset in (
            ("memoryview", None),
            ("memoryview", 0),
            ("memoryview", 8),
            ("bytearray", None),
        )
    ),
    *(
        _taker("R-30", f"version-{version}", partial(_take_version, version), "a version number")
        for version in (3, 4, 99)
    ),
    _taker("R-57", "mask", partial(_take_mask, True), "an interface with a mask"),
    _taker("R-57", "mask-none", partial(_take_mask, False), "an interface with the mask None"),
    *(
        Probe(
            "R-31",
            f"shown-{source}-{dtype}-{layout}",
            partial(_read_struct, dtype, layout, source),
            "the struct that an array shows, and its life",
            needs="array-struct",
            makes=(dtype, layout, source),
        )
        for source, dtype, layout in (
            *(("plain", "float32", layout) for layout in _LAYOUTS),
            ("readonly", "float32", "matrix"),
            ("plain", "bool", "vector"),
            ("plain", "int64", "fortran"),
            ("plain", "complex64", "matrix"),
            ("plain", "float16", "reversed"),
        )
    ),
    *(
        Probe(
            "R-48",
            f"{dtype}-{layout}",
            partial(_cuda_attribute, dtype, layout),
            "an array in memory of the CPU",
        )
        for dtype, layout in (("float32", "matrix"), ("int64", "scalar"), ("uint8", "empty-0"))
    ),
]
