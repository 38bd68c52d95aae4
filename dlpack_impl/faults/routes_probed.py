"""Faults of routes other than DLPack (R) in protocol cases: buffers, interfaces, functions."""

from __future__ import annotations

import array
import contextlib
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from dlpack_conformance.libraries import Source, _numpy_probes, _torch_probes, reference
from dlpack_conformance.probes import Probe
from dlpack_faults import Fault, FaultyArray, Planted, instrument, tamper
from dlpack_faults._takers import ACCESS, Taken, from_buffer, from_interface, frombuffer, taking

__all__ = ["FAULTS", "UNPLANTED"]


# Exporters of buffers.


def _held(x: Any) -> Any:
    return x.held if isinstance(x, tamper.Buffer) else x


def _exporter(name: str, rule: str, text: str, **edits: Any) -> Fault:
    """A fault whose arrays show nothing but a buffer, with one thing wrong."""

    def make(library: Planted, source: Source) -> Any:
        options = reference.options_of(source.source)
        made = instrument.Array(
            source.memory, source.dtype, source.shape, source.strides, **options
        )
        return tamper.Buffer(made, **(edits if library.defect else {}))

    return Fault(
        name,
        proves=rule,
        text=text,
        make=make,
        states={
            "offers": lambda: {"buffer": None},
            "accepts": dict,
            "routes": list,
            "describe": lambda x: reference.describe(_held(x)),
            "read": lambda x: reference.read(_held(x)),
            "get": lambda x, index: reference.get(_held(x), index),
            "write": lambda x, *given: reference.write(_held(x), *given),
        },
    )


# What arrays show.


class _WithoutVersion(FaultyArray):
    """Shows an interface that lacks a required key."""

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Drop the version."""
        shown = dict(super().__array_interface__)
        if self.defect:
            del shown["version"]
        return shown


class _LikeCuda(FaultyArray):
    """Has the attribute of arrays on CUDA, in memory of the CPU."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """Show it with the defect."""
        if not self.defect:
            raise AttributeError("__cuda_array_interface__")
        return dict(super().__array_interface__)


_SHOWN: Mapping[str, Any] = {
    "offers": lambda: {"__array_interface__": None},
    "accepts": dict,
    "routes": list,
}


# Functions of a library: its own probes, of a module that has just these.

_DTYPES = ("uint8", "bool", "int16", "int32", "int64", "float32", "float64", "complex64")
_ALONE: Mapping[str, Any] = {**ACCESS, "offers": dict, "accepts": dict, "routes": list}


def _probes(
    made: Callable[..., list[Probe]], rule: str, *functions: Mapping[str, Any]
) -> Callable[[], list[Probe]]:
    """Return the ``probes`` of a library: those of one rule, with modules of these functions."""
    loads = [partial(SimpleNamespace, __version__="planted", **given) for given in functions]
    return lambda: [replace(probe, needs="nothing") for probe in made(*loads) if probe.rule == rule]


def _function(
    name: str,
    rule: str,
    text: str,
    made: Callable[..., list[Probe]],
    right: tuple[Mapping[str, Any], ...],
    wrong: tuple[Mapping[str, Any], ...],
    array: type[FaultyArray] = FaultyArray,
) -> Fault:
    """A fault of a function; ``right``, ``wrong``: the functions of each module, by name."""
    return Fault(
        name,
        proves=rule,
        text=text,
        array=array,
        states={**_ALONE, "probes": _probes(made, rule, *right)},
        replaces={"probes": _probes(made, rule, *wrong)},
    )


class _Resizable:
    """What `from_numpy` gives: ``resize_`` is allowed, or is not."""

    def __init__(self, allowed: bool) -> None:
        self._allowed = allowed

    def resize_(self, elements: int) -> None:
        """Refuse, unless it is allowed."""
        if not self._allowed:
            raise RuntimeError(f"elements: {elements}; limit: storage that can be made larger")


_zeros = {"zeros": lambda shape, dtype: array.array("f", [0.0])}


def _wraps(data: Any, *, dtype: str, count: int = -1, offset: int = 0) -> Taken:
    """Multiply count and item size as a machine word does."""
    item = len(instrument.encode(dtype, 0))
    if count > 0 and count * item >= 2**64:
        taken = frombuffer(data, dtype=dtype, count=1, offset=offset)
        taken.shape = (count,)
        return taken
    return frombuffer(data, dtype=dtype, count=count, offset=offset)


def _takes_all(data: Any, *, dtype: str, count: int = -1, offset: int = 0) -> Taken:
    """Leave out what is no whole element."""
    rest = memoryview(data).nbytes - offset
    item = len(instrument.encode(dtype, 0))
    if count < 0 <= rest and rest % item:
        count = rest // item
    return frombuffer(data, dtype=dtype, count=count, offset=offset)


_named = {dtype: dtype for dtype in _DTYPES}


def _converts(*ways: Callable[[Any], Any]) -> dict[str, Any]:
    """Functions that try these ways in order; a list becomes an array of its own."""

    def convert(x: Any, dtype: str | None = None) -> Any:
        if isinstance(x, list):
            return from_buffer(array.array("f", x))
        for way in ways:
            with contextlib.suppress(TypeError, AttributeError):
                return way(x)
        return Taken(x, 0, "object", (), (), readonly=True)

    return {"asarray": convert, "array": convert, "asanyarray": convert}


def _by_method(x: Any) -> Any:
    return x.__array__()


class _Token:
    """Stands for a capsule of ``__array_struct__``."""


class _Row(bytearray):
    """Bytes that can be resized, but for buffers and tokens that refer to them."""

    heeds: tuple[str, ...] = ("buffer", "struct")

    @property
    def __array_struct__(self) -> _Token:
        """A token that refers to it."""
        token = _Token()
        self.token = weakref.ref(token)
        return token

    def resize(self, elements: int) -> None:
        """Refuse as long as anything refers to the memory."""
        token = getattr(self, "token", None)
        if "struct" in self.heeds and token is not None and token() is not None:
            raise ValueError("a struct refers to the memory")
        if "buffer" not in self.heeds:
            return
        try:
            self.extend(bytes(elements))
        except BufferError as error:
            raise ValueError(str(error)) from error


def _rows(*heeds: str) -> dict[str, Any]:
    row = type("_Row", (_Row,), {"heeds": heeds})
    return {"zeros": lambda elements, dtype: row(4 * elements)}


class _Casts(FaultyArray):
    """Has ``astype``; with the defect it copies although nothing changes."""

    def astype(self, dtype: str, *, copy: bool = True) -> Any:
        """Return itself where that is allowed."""
        if not copy and dtype == self.dtype and not self.defect:
            return self
        values = self.read()
        memory = instrument.Template(dtype, self.shape, _row_major(self.shape), 0, values).make()
        return instrument.Array(memory, dtype, self.shape, _row_major(self.shape))


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * max(shape[axis], 1)
    return tuple(strides)


_astype = {"astype": lambda x, dtype, **given: x.astype(dtype, **given)}
_kept: list[Any] = []


def _keeps(x: Any) -> Taken:
    """Take a buffer and never give it back."""
    _kept.append(memoryview(x))
    return from_buffer(x)


FAULTS = [
    _exporter(
        "writes-readonly-buffers",
        "R-33",
        "gives buffers to write over memory that may not be written",
        gives_writing=True,
    ),
    _exporter("longer-buffers", "R-34", "says a byte more than there is", more_bytes=1),
    _exporter("leaks-buffers", "R-36", "keeps the memory of every buffer for ever", leaks=True),
    _exporter("changes-its-mind", "R-37", "calls every other buffer read-only", alternates=True),
    Fault(
        "keeps-buffers",
        proves="R-36",
        also=("R-38",),
        text="never gives a buffer back",
        states={**ACCESS, "routes": list, "offers": dict, "accepts": taking()},
        replaces={"accepts": taking(_keeps)},
    ),
    Fault(
        "interface-without-version",
        proves="R-26",
        text="shows an interface without a version",
        array=_WithoutVersion,
        states=_SHOWN,
    ),
    Fault(
        "cuda-on-cpu",
        proves="R-48",
        text="shows the interface of CUDA for memory of the CPU",
        array=_LikeCuda,
        states=_SHOWN,
    ),
    _function(
        "resizes-shared-memory",
        "R-05",
        "makes a tensor over foreign memory larger",
        _torch_probes.probes,
        ({"from_numpy": lambda a: _Resizable(allowed=False)}, _zeros),
        ({"from_numpy": lambda a: _Resizable(allowed=True)}, _zeros),
    ),
    _function(
        "multiplies-in-a-word",
        "R-14",
        "lets count times item size overflow",
        _torch_probes.probes,
        ({"frombuffer": frombuffer, **_named}, {}),
        ({"frombuffer": _wraps, **_named}, {}),
    ),
    _function(
        "leaves-bytes-out",
        "R-14",
        "takes a buffer that is no whole multiple",
        _torch_probes.probes,
        ({"frombuffer": frombuffer, **_named}, {}),
        ({"frombuffer": _takes_all, **_named}, {}),
    ),
    _function(
        "interface-before-buffer",
        "R-25",
        "tries the interface before the buffer",
        _numpy_probes.probes,
        (_converts(from_buffer, from_interface, _by_method),),
        (_converts(from_interface, from_buffer, _by_method),),
    ),
    _function(
        "moves-under-a-struct",
        "R-32",
        "moves memory that a struct refers to",
        _numpy_probes.probes,
        (_rows("buffer", "struct"),),
        (_rows("buffer"),),
    ),
    _function(
        "copies-own-input",
        "R-41",
        "copies what needs no conversion",
        _numpy_probes.probes,
        (_astype,),
        (_astype,),
        array=_Casts,
    ),
]

UNPLANTED: dict[str, str] = {}
