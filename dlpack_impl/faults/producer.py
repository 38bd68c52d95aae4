"""Faults of the producer (P)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Makes, Source, reference
from dlpack_faults import Fault, FaultyArray, Planted, instrument, tamper
from dlpack_faults._sources import of_bytes

__all__ = ["FAULTS", "UNPLANTED"]

Give = Callable[[Any, FaultyArray, dict[str, Any]], Any]
_LEAK_BYTES = 4096


# The two methods and their keywords.


class _OnInstances:
    """A method that instances have, and the type has not."""

    def __get__(self, array: Any, owner: Any) -> Any:
        """Bind it to an array."""
        if array is None and owner.defect:
            raise AttributeError("__dlpack_device__")
        return instrument.Array.__dlpack_device__.__get__(array, owner)


class _DeviceOfInstances(FaultyArray):
    """Its type has no ``__dlpack_device__``."""

    __dlpack_device__ = _OnInstances()


class _RefusesNone(FaultyArray):
    """Takes copy as a bool alone."""

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export, unless copy=None is passed."""
        if self.defect and keywords.get("copy", True) is None:
            raise TypeError("copy is a bool")
        return super().__dlpack__(**keywords)


class _DeviceAsList(FaultyArray):
    """The device of a scalar is a list."""

    def __dlpack_device__(self) -> Any:
        """Device type and id."""
        device = super().__dlpack_device__()
        return list(device) if self.defect and self.shape == () else device


class _SaysPinned(FaultyArray):
    """Scalars say that they lie in pinned memory."""

    def __dlpack_device__(self) -> Any:
        """Device type and id."""
        pinned = self.defect and self.shape == ()
        return (3, 0) if pinned else super().__dlpack_device__()


class _ByPosition(FaultyArray):
    """Takes the four keywords by position, too."""

    def __dlpack__(self, *values: Any, **keywords: Any) -> Any:
        """Export."""
        if values and not self.defect:
            raise TypeError("keywords only")
        names = ("stream", "max_version", "dl_device", "copy")
        return super().__dlpack__(**dict(zip(names, values, strict=False)), **keywords)


class _CannotExport(FaultyArray):
    """Calls an unknown keyword a thing that cannot be exported."""

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export."""
        try:
            return super().__dlpack__(**keywords)
        except TypeError as error:
            if self.defect:
                raise BufferError(str(error)) from error
            raise


# Which capsule comes.


def _copy_where(asked: Callable[[dict[str, Any]], bool]) -> Give:
    """Return what gives a copy instead, where the keywords are so."""

    def give(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
        if not asked(keywords):
            return capsule
        return instrument.Array.__dlpack__(array, **{**keywords, "copy": True})

    return give


def _flags(change: Callable[[int, bool], int]) -> Give:
    """Return what changes the flags; it is told them, and whether the memory is shared."""

    def give(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
        fields = tamper.look(capsule)
        if "flags" not in fields:
            return capsule
        shared = fields["data"] + fields["byte_offset"] == array.address
        return tamper.edit(capsule, flags=change(fields["flags"], shared))

    return give


def _elsewhere_for_none(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    if keywords.get("dl_device", ...) is None:
        return tamper.edit(capsule, device=(1, 1))
    return capsule


def _odd_name(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Legacy copies are named after the producer."""
    if keywords.get("copy") is True and instrument.capsule_name(capsule) == "dltensor":
        return tamper.rename(capsule, "tensor")
    return capsule


class _OneCapsule(FaultyArray):
    """Gives one capsule again and again, as long as nobody consumed it."""

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export."""
        if not self.defect or keywords != {"max_version": (1, 3)}:
            return super().__dlpack__(**keywords)
        kept = self.__dict__.get("kept")
        if kept is None or instrument.capsule_name(kept) != "dltensor_versioned":
            kept = self.__dict__["kept"] = super().__dlpack__(**keywords)
        return kept


_NAME = b"dltensor_versioned"
_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


class _OneStruct(FaultyArray):
    """Gives capsules of their own over one struct, which ends with the first of them."""

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export."""
        if not self.defect or keywords != {"max_version": (1, 3)}:
            return super().__dlpack__(**keywords)
        kept = self.__dict__.get("kept")
        if kept is not None and self.ledger.live_exports > 0:
            return _new_capsule(kept, _NAME, None)
        capsule = super().__dlpack__(**keywords)
        self.__dict__["kept"] = _pointer_of(capsule, _NAME)
        return capsule


# What it holds.


class _Negative(FaultyArray):
    """Its values are the negative of its bytes; it refuses to go out."""

    lazy = False

    def __dlpack__(self, **keywords: Any) -> Any:
        """Refuse, unless the bytes are the values."""
        if self.lazy and not self.defect:
            raise BufferError("the negative bit is set")
        return super().__dlpack__(**keywords)


def _negative(library: Planted, source: Source) -> Any:
    """Array whose bytes are the negative of its values; None where another source is asked for."""
    if source.source != "neg":
        return None
    values = [-value for value in source.values]
    rest = (source.shape, source.strides, source.offset, values)
    memory = instrument.Template(source.dtype, *rest).make()
    array = library.array(memory, source.dtype, source.shape, source.strides)
    array.lazy = True
    return array


def _signed(x: Any, value: float) -> float:
    return -value if getattr(x, "lazy", False) else value


class _RefusesUint64(FaultyArray):
    """Has no word for uint64."""

    def __dlpack__(self, **keywords: Any) -> Any:
        """Export, unless it is uint64."""
        if self.defect and self.dtype == "uint64":
            raise BufferError("uint64")
        return super().__dlpack__(**keywords)


def _packed_bits(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Booleans of a bit each, as if they had a byte."""
    raw = array.raw() if array.dtype == "bool" else b""
    if not raw:
        return capsule
    bits = sum(value << at for at, value in enumerate(raw))
    memory = of_bytes(bits.to_bytes(len(raw), "little"))
    strides = [1] * len(array.shape)
    for axis in reversed(range(len(array.shape) - 1)):
        strides[axis] = strides[axis + 1] * array.shape[axis + 1]
    return instrument.Array(memory, "bool", array.shape, strides).__dlpack__(**keywords)


def _turned(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Shape of float16 matrices the other way round."""
    if array.dtype != "float16" or len(array.shape) != 2:
        return capsule
    return tamper.edit(capsule, shape=array.shape[::-1])


def _legacy_differs(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Legacy exports of int8 are turned round."""
    if array.dtype != "int8" or instrument.capsule_name(capsule) != "dltensor":
        return capsule
    return tamper.edit(capsule, shape=array.shape[::-1])


# How it ends.


def _leaks_bytes(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """Leave bytes behind each export: more than freed memory could take up unseen."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    ctypes.memset(libc.malloc(_LEAK_BYTES), 1, _LEAK_BYTES)
    return capsule


class _SpoilsMemory(FaultyArray):
    """Uses its memory again when it goes, whatever was exported."""

    def __del__(self) -> None:
        """Write over the first element."""
        if not self.defect or self.live_exports == 0 or self.readonly or 0 in self.shape:
            return
        first, last = (0,) * len(self.shape), tuple(extent - 1 for extent in self.shape)
        if first != last and self.dtype == "float32":
            self.set(first, self.get(last))


class _ReadonlyAfterwards(FaultyArray):
    """Can no more be written once it was exported."""

    @property
    def readonly(self) -> bool:
        """Whether its user may not write to it."""
        spoilt = self.defect and self.exports > 0
        return spoilt or instrument.Array.readonly.__get__(self)


FAULTS: list[Fault] = [
    Fault(
        "device-of-instances",
        proves="P-01",
        text="the type has no __dlpack_device__",
        array=_DeviceOfInstances,
    ),
    Fault(
        "refuses-copy-none",
        proves="P-02",
        text="copy=None is refused with TypeError",
        array=_RefusesNone,
    ),
    Fault(
        "device-as-list",
        proves="P-03",
        text="__dlpack_device__ of a scalar gives a list",
        array=_DeviceAsList,
    ),
    Fault(
        "says-pinned",
        proves="P-04",
        text="scalars say that they lie in pinned memory",
        array=_SaysPinned,
    ),
    Fault("odd-name", proves="P-06", text="a legacy copy has a name of its own", gives=_odd_name),
    Fault(
        "unconsumed-leaks",
        proves="P-07",
        also=("P-13", "P-16"),
        text="a capsule that dies unconsumed leaves its tensor alone",
        gives=lambda capsule, array, keywords: tamper.on_destroy(capsule, "nothing"),
    ),
    Fault(
        "consumed-deleted-again",
        proves="P-08",
        also=("C-43",),
        text="the destructor of a legacy capsule deletes its tensor although it was consumed",
        gives=lambda capsule, array, keywords: (
            capsule if keywords else tamper.on_destroy(capsule, "deletes-always")
        ),
    ),
    Fault(
        "deleter-needs-gil",
        proves="P-11",
        text="the deleter ends the process where the GIL is not held",
        gives=lambda capsule, array, keywords: tamper.on_delete(capsule, needs_gil=True),
    ),
    Fault(
        "leaks-bytes",
        proves="P-13",
        also=("P-07",),
        text="each export leaves a page behind",
        gives=_leaks_bytes,
    ),
    Fault(
        "spoils-exported-memory",
        proves="P-14",
        also=("C-43", "P-16", "P-46"),
        text="the source uses its memory again when it goes",
        array=_SpoilsMemory,
    ),
    Fault(
        "legacy-copies",
        proves="P-15",
        also=("P-02",),
        text="what is asked for without a keyword is a copy",
        gives=_copy_where(lambda keywords: not keywords),
    ),
    Fault(
        "one-capsule",
        proves="P-16",
        text="two calls give one capsule",
        array=_OneCapsule,
    ),
    Fault(
        "one-struct",
        proves="P-16",
        text="two capsules share one struct that nobody counts",
        array=_OneStruct,
    ),
    Fault(
        "readonly-afterwards",
        proves="P-17",
        text="an array can no more be written once it was exported",
        array=_ReadonlyAfterwards,
    ),
    Fault(
        "legacy-only",
        proves="P-19",
        also=("X-13", "X-17"),
        verdict="permitted",
        text="every capsule is legacy, whatever is asked",
        options={"legacy": "always"},
    ),
    Fault(
        "versioned-only",
        proves="P-21",
        verdict="permitted",
        text="every capsule is versioned, whatever is asked",
        options={"legacy": "never"},
    ),
    Fault(
        "elsewhere-for-none",
        proves="P-23",
        also=("P-02",),
        text="with dl_device=None the struct names another device",
        gives=_elsewhere_for_none,
    ),
    Fault(
        "own-device-copies",
        proves="P-24",
        also=("C-36", "P-31"),
        text="the array's own device is a reason to copy",
        gives=_copy_where(
            lambda keywords: keywords.get("dl_device") is not None and "copy" not in keywords
        ),
    ),
    Fault(
        "ignores-device",
        proves="P-25",
        also=("P-28",),
        text="dl_device is not heeded",
        options={"honours_device": False},
    ),
    Fault(
        "ignores-copy",
        proves="P-29",
        also=("P-28", "P-30"),
        text="copy is not heeded",
        options={"honours_copy": False},
    ),
    Fault(
        "copy-false-copies",
        proves="P-30",
        also=("P-24",),
        text="copy=False copies",
        gives=_copy_where(lambda keywords: keywords.get("copy") is False),
    ),
    Fault(
        "copy-none-copies",
        proves="P-31",
        also=("P-02", "P-24"),
        text="copy=None copies",
        gives=_copy_where(lambda keywords: keywords.get("copy", ...) is None),
    ),
    Fault(
        "copies-unsaid",
        proves="P-32",
        text="IS_COPIED is never set",
        gives=_flags(lambda flags, shared: flags & ~2),
    ),
    Fault(
        "shares-as-copy",
        proves="P-33",
        also=("P-24",),
        text="IS_COPIED is always set",
        gives=_flags(lambda flags, shared: flags | 2),
    ),
    Fault(
        "copies-readonly",
        proves="P-34",
        verdict="permitted",
        text="copies are read-only",
        gives=_flags(lambda flags, shared: flags if shared else flags | 1),
    ),
    Fault(
        "readonly-unsaid",
        proves="P-35",
        text="READ_ONLY is never set",
        gives=_flags(lambda flags, shared: flags & ~1),
    ),
    Fault(
        "negative-as-it-lies",
        proves="P-38",
        text="values that are the negative of the bytes go out as the bytes",
        array=_Negative,
        make=_negative,
        states={
            "makes": lambda: [*reference.makes(), Makes("neg", ("float32",), ("step",))],
            "offers": lambda: {"__dlpack__": None},
            "read": lambda x: [_signed(x, value) for value in reference.read(x)],
            "get": lambda x, index: _signed(x, reference.get(x, index)),
            "write": lambda x, index, value, raw: reference.write(x, index, _signed(x, value), raw),
        },
    ),
    Fault(
        "cannot-export",
        proves="P-41",
        verdict="permitted",
        text="an unknown keyword is a BufferError",
        array=_CannotExport,
    ),
    Fault(
        "refuses-uint64",
        proves="P-42",
        text="arrays of uint64 are refused",
        array=_RefusesUint64,
    ),
    Fault(
        "bits-as-bytes",
        proves="P-44",
        also=("C-36", "C-42", "P-15", "P-31", "P-32", "P-46", "T-17"),
        text="booleans of a bit go out as booleans of a byte",
        gives=_packed_bits,
    ),
    Fault(
        "shape-turned-round",
        proves="P-46",
        text="the shape of a matrix of float16 is turned round",
        gives=_turned,
    ),
    Fault(
        "legacy-differs",
        proves="P-48",
        also=("C-42", "P-46"),
        text="the shape of a legacy export of int8 is turned round",
        gives=_legacy_differs,
    ),
    Fault(
        "by-position",
        proves="P-50",
        verdict="permitted",
        text="the four are taken by position, too",
        array=_ByPosition,
    ),
]

UNPLANTED: dict[str, str] = {}
