"""Faults of routes other than DLPack (R): routes that break what they are documented to do."""

from __future__ import annotations

import contextlib
import gc
import math
import warnings
import weakref
from collections.abc import Callable
from types import FunctionType
from typing import Any

from dlpack_conformance.libraries import Entry, Library, Makes, Promise, Route, reference
from dlpack_conformance.libraries._shared import compact, keywords
from dlpack_faults import Fault, FaultyArray, instrument
from dlpack_faults._sources import STATES, Swapped, swapped
from dlpack_faults._takers import ACCESS, Taken, from_buffer, from_interface, taking

__all__ = ["FAULTS", "UNPLANTED"]

_share = instrument.from_dlpack
_PROMISE = {"document": "route", "section": "planted"}


def _copy(x: Any, **_: Any) -> Any:
    return _share(x, copy=True)


def _made(dtype: str, shape: tuple[int, ...], values: list[Any]) -> Any:
    """A fresh array of the reference."""
    strides = compact(shape)
    memory = instrument.Template(dtype, shape, strides, 0, values).make()
    return instrument.Array(memory, dtype, shape, strides)


def _as_other_dtype(x: Any, **_: Any) -> Any:
    """A copy in another dtype, the values kept."""
    other = {"float32": "float64", "int32": "int64"}.get(x.dtype, x.dtype)
    return _made(other, x.shape, x.read())


def _backwards(x: Any, **_: Any) -> Any:
    """Backward strides read as if they were forward."""
    return _share(x) if min(x.strides, default=0) >= 0 else _made(x.dtype, x.shape, x.read()[::-1])


def _one_axis(take: Callable[[Any], Any]) -> Callable[..., Any]:
    def call(x: Any, **_: Any) -> Any:
        if len(x.shape) != 1:
            raise ValueError(f"axes: {len(x.shape)}; limit: 1")
        return take(x)

    return call


def _dies(x: Any, **_: Any) -> Any:
    """A view whose memory is used for something else once the source is gone."""
    other = _share(x)

    def overwrite() -> None:
        if math.prod(other.shape):
            with contextlib.suppress(Exception):
                other.set((0,) * len(other.shape), 3)

    weakref.finalize(x, overwrite)
    return _share(x)


def _heeds_copy(x: Any, *, copy: bool | None = None) -> Any:
    return _copy(x) if copy else _share(x)


def _ignores_copy(x: Any, **_: Any) -> Any:
    return _share(x)


def _warns(x: Any, *, returns: bool, **_: Any) -> Any:
    message = "__array__ implementation doesn't accept a copy keyword"
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    if returns:
        return _share(x)
    raise ValueError("a copy cannot be avoided")


def _route(
    rule: str,
    call: Callable[..., Any],
    requests: tuple[str, ...],
    kind: str,
    shape: str,
    *,
    gives: bool,
) -> Callable[[], list[Route]]:
    """Return the ``routes`` of a library: one, to it, or from it to the reference."""

    def bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
        end = producer if gives else consumer
        other = consumer if gives else producer
        if end.name == "reference" or other.name != "reference":
            raise NotImplementedError("another direction")
        given = keywords(request)
        return lambda x: call(x, **given)

    by_request = {"copy-true": "copies"} if kind != "copies" else {}
    rules = () if rule in ("R-58", "R-59") else (rule,)
    return lambda: [
        Route(
            "planted.call",
            requests,
            Promise(kind, **_PROMISE, shape=shape, by_request=by_request),
            bind,
            lambda producer, consumer, request: "b = planted.call(a)",
            rules,
            dlpack=False,
        )
    ]


def _planted(
    name: str,
    rule: str,
    text: str,
    wrong: Callable[..., Any],
    right: Callable[..., Any] = _share,
    *,
    requests: tuple[str, ...] = ("plain",),
    kind: str = "shares",
    shape: str = "same",
    gives: bool = False,
    also: tuple[str, ...] = (),
    states: dict[str, Any] | None = None,
    make: Any = None,
    array: type[FaultyArray] = FaultyArray,
) -> Fault:
    """A fault of one route, from or to a library that shows and takes nothing else."""

    def routes(call: Callable[..., Any]) -> Any:
        return _route(rule, call, requests, kind, shape, gives=gives)

    nothing = {"offers": dict, "accepts": dict}
    return Fault(
        name,
        proves=rule,
        text=text,
        also=also,
        make=make,
        array=array,
        states={**nothing, **(states or {}), "routes": routes(right)},
        replaces={"routes": routes(wrong)},
    )


_VERSIONS = {"versions": lambda: {"numpy": "2.4.6"}}
"""For rules that are in force from a release of that package on."""


def _raises_swapped(x: Any, **_: Any) -> Any:
    if x.said[0]:
        raise ValueError(f"dtype: {x.said[0]}; limit: native byte order")
    return _share(x)


_SWAPPED = {
    **STATES["swapped"],
    "offers": dict,
    "makes": lambda: [*reference.makes(), Makes("owned", ("swapped-int32",), ("matrix",))],
}


# Takers.


def _forward(x: Any) -> Taken:
    """Backward strides taken for forward ones, from the lowest element on."""
    taken = from_buffer(x)
    lowest = taken.at(
        [n - 1 if s < 0 else 0 for n, s in zip(taken.shape, taken.strides, strict=True)]
    )
    if taken.strides and min(taken.strides) < 0 and math.prod(taken.shape):
        taken.address = lowest
        taken.strides = tuple(abs(stride) for stride in taken.strides)
    return taken


def _writable(x: Any) -> Taken:
    taken = from_interface(x)
    taken.readonly = False
    return taken


def _forgets_owner(x: Any) -> Taken:
    """Keep what the object refers to, and not the object."""
    taken = from_interface(x)
    taken.kept = gc.get_referents(x)
    return taken


def _forgets_class(x: Any) -> Taken:
    """Call the method of a Python class itself, so that nobody tells the class of the end."""
    by_class = isinstance(getattr(type(x), "__buffer__", None), FunctionType)
    return from_buffer(x.__buffer__(0) if by_class else x)


_taker = {"routes": list, "offers": dict}

FAULTS = [
    _planted("copies-arrays", "R-01", "copies what it is documented to share", _copy),
    _planted("changes-dtype", "R-02", "gives another dtype", _as_other_dtype, kind="none"),
    _planted("turns-strides", "R-03", "reads backward strides as forward ones", _backwards),
    _planted("copies-own-dtype", "R-06", "copies arrays of the same dtype", _copy, gives=True),
    _planted("never-copies", "R-08", "shares what it is to copy", _share, _copy, kind="copies"),
    _planted(
        "copies-for-none",
        "R-10",
        "copies where it could share",
        _copy,
        gives=True,
        kind="shares-if-possible",
    ),
    _planted(
        "forgets-copy-keyword",
        "R-11",
        "shares with copy=True",
        _ignores_copy,
        _heeds_copy,
        requests=("copy-false", "copy-true"),
    ),
    _planted(
        "reads-as-another", "R-12", "reads bytes as another dtype", _as_other_dtype, kind="none"
    ),
    _planted(
        "copies-buffers",
        "R-13",
        "copies the buffer",
        _one_axis(_copy),
        _one_axis(_share),
        shape="flat",
    ),
    _planted("lets-owner-go", "R-15", "does not keep the owner of the memory", _dies),
    _planted("copies-out", "R-18", "copies on the way out", _copy),
    _planted(
        "copies-when-forced",
        "R-19",
        "copies what needs no resolving",
        _copy,
        lambda x, **_: _share(x),
        requests=("force-true",),
    ),
    _planted(
        "array-ignores-copy",
        "R-21",
        "shares with copy=True",
        _ignores_copy,
        _heeds_copy,
        requests=("copy-false", "copy-true"),
        states=_VERSIONS,
    ),
    _planted(
        "warns-and-returns",
        "R-23",
        "warns of a method without copy and uses it for copy=False",
        lambda x, **given: _warns(x, returns=True),
        lambda x, **given: _warns(x, returns=False),
        requests=("copy-false",),
        states=_VERSIONS,
    ),
    _planted(
        "method-ignores-copy",
        "R-24",
        "gives its own memory with copy=True",
        _ignores_copy,
        _copy,
        requests=("copy-true",),
        gives=True,
        states=_VERSIONS,
    ),
    _planted("struct-of-another-size", "R-31", "takes another item size", _as_other_dtype),
    _planted(
        "view-of-two-axes",
        "R-39",
        "copies the buffer",
        _one_axis(_copy),
        _one_axis(_share),
        shape="flat",
    ),
    _planted(
        "format-without-order",
        "R-55",
        "ignores the byte order of a format",
        _share,
        _raises_swapped,
        gives=True,
        states=_SWAPPED,
        make=swapped,
        array=Swapped,
    ),
    _planted(
        "typestr-without-order",
        "R-56",
        "ignores the byte order of a typestr",
        _share,
        _raises_swapped,
        gives=True,
        states=_SWAPPED,
        make=swapped,
        array=Swapped,
    ),
    _planted("unlisted-copies", "R-58", "copies what it is documented to share", _copy),
    _planted(
        "unlisted-shares",
        "R-59",
        "shares what it is documented to copy",
        _share,
        _copy,
        kind="copies",
    ),
    Fault(
        "gives-foreign-arrays",
        proves="R-51",
        also=("C-57",),
        text="gives arrays that are not of its own type",
        states={
            "accepts": lambda: {"from_dlpack": Entry(_share, rules=("R-51",))},
            "offers": dict,
        },
        replaces={"types": lambda: (Taken,)},
    ),
    Fault(
        "walks-forward",
        proves="R-35",
        also=("R-40",),
        text="takes backward strides of a buffer for forward ones",
        states={**ACCESS, **_taker, "accepts": taking(buffer_rules=("R-35",))},
        replaces={"accepts": taking(_forward, buffer_rules=("R-35",))},
    ),
    Fault(
        "writes-readonly-interface",
        proves="R-27",
        text="lets memory be written that an interface says may not be",
        states={**ACCESS, **_taker, "accepts": taking(interface_rules=("R-27", "R-28"))},
        replaces={"accepts": taking(take_interface=_writable, interface_rules=("R-27", "R-28"))},
    ),
    Fault(
        "forgets-the-object",
        proves="R-28",
        text="does not keep the object that shows its memory",
        states={**ACCESS, **_taker, "accepts": taking(interface_rules=("R-27", "R-28"))},
        replaces={
            "accepts": taking(take_interface=_forgets_owner, interface_rules=("R-27", "R-28"))
        },
    ),
    Fault(
        "lets-exporters-move",
        proves="R-16",
        text="gives a buffer back while it still uses the memory",
        states={**ACCESS, **_taker, "accepts": taking()},
        replaces={"accepts": taking(lambda x: from_buffer(x, holds=False))},
    ),
    Fault(
        "forgets-the-class",
        proves="R-38",
        text="takes the view of a Python class and never gives it back",
        states={**ACCESS, **_taker, "accepts": taking()},
        replaces={"accepts": taking(_forgets_class)},
    ),
    Fault(
        "asarray-ignores-copy",
        proves="R-40",
        also=("R-59",),
        text="shares a buffer with copy=True",
        states={**ACCESS, **_taker, "accepts": taking()},
        replaces={"accepts": taking(copies=False)},
    ),
]

UNPLANTED: dict[str, str] = {}
