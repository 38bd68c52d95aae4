"""Faults of the consumer (C)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import weakref
from typing import Any

from dlpack_faults import Fault, instrument, tamper

__all__ = ["FAULTS", "UNPLANTED"]

_take = instrument.from_dlpack


def _fields(capsule: Any) -> dict[str, Any]:
    """Fields of the struct, and its dtype by name; nothing of another major version."""
    read = instrument.inspect(capsule)
    if read.version is not None and read.version[0] != 1:
        return {"dtype_name": "", "shape": None, "strides": None, "ndim": -1}
    return {**tamper.look(capsule), "dtype_name": read.dtype_name, "name": read.name}


def _compact(shape: tuple[int, ...], *, reverse: bool = False) -> tuple[int, ...]:
    """Row-major strides; ``reverse``: column-major ones."""
    strides, step = [1] * len(shape), 1
    axes = range(len(shape)) if reverse else reversed(range(len(shape)))
    for axis in axes:
        strides[axis] = step
        step *= shape[axis]
    return tuple(strides)


# What is asked.


def _asks_for_truth(x: Any, **keywords: Any) -> Any:
    if not x:
        raise ValueError("nothing to import")
    return _take(x, **keywords)


def _copies_for_none(x: Any, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    alone = keywords == {"device": None}
    return _take(result, copy=True) if alone else result


def _forgets_copy(x: Any, *, copy: bool | None = None, **keywords: Any) -> Any:
    if copy is not True or keywords:
        return _take(x, copy=copy, **keywords)
    try:
        capsule = x.__dlpack__(max_version=(1, 3), copy=True)
    except TypeError:
        return _take(x)
    return instrument.from_capsule(capsule)


def _ignores_copy_true(x: Any, *, copy: bool | None = None, **keywords: Any) -> Any:
    return _take(x, copy=None if copy else copy, **keywords)


def _ignores_copy_false(x: Any, *, copy: bool | None = None, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    return result if copy is None else _take(result, copy=True)


def _copies_to_cpu(x: Any, *, copy: bool | None = None, **keywords: Any) -> Any:
    across = keywords.get("device") == "cpu" and x.__dlpack_device__() != (1, 0)
    return _take(x, copy=None if across else copy, **keywords)


def _always_copies(x: Any, *, copy: bool | None = None, **keywords: Any) -> Any:
    result = _take(x, copy=copy, **keywords)
    return result if copy is False else _take(result, copy=True)


def _another_error(x: Any, **keywords: Any) -> Any:
    try:
        return _take(x, **keywords)
    except MemoryError as error:
        raise RuntimeError(f"import failed: {error}") from error


# What is a should, and falls as permitted.


def _asks_once(x: Any, **keywords: Any) -> Any:
    given = {"dl_device": (1, 0)} if keywords.get("device") == "cpu" else {}
    if keywords.get("copy") is not None:
        given["copy"] = keywords["copy"]
    return instrument.from_capsule(x.__dlpack__(max_version=(1, 3), **given))


def _knows_the_cpu_alone(x: Any, **keywords: Any) -> Any:
    if keywords.get("device") is None and x.__dlpack_device__()[0] not in (1, 3, 11, 13):
        raise RuntimeError("unsupported device")
    return _take(x, **keywords)


def _wants_to_write(capsule: Any) -> Any:
    if _fields(capsule).get("flags", 0) & 1:
        raise BufferError("a read-only tensor")
    return capsule


def _never_moves(x: Any, **keywords: Any) -> Any:
    if keywords.get("device") == "cpu" and x.__dlpack_device__() != (1, 0):
        raise BufferError("another device")
    return _take(x, **keywords)


def _copies_readonly(x: Any, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    if keywords.get("copy") is not True:
        return result
    return instrument.from_capsule(tamper.edit(result.__dlpack__(max_version=(1, 3)), flags=3))


def _looks_for_methods(x: Any, **keywords: Any) -> Any:
    if not hasattr(x, "__dlpack__"):
        raise RuntimeError("expected a capsule")
    return _take(x, **keywords)


def _wants_strides(capsule: Any) -> Any:
    read = _fields(capsule)
    if read["ndim"] > 0 and read["strides"] is None:
        raise BufferError("strides are NULL")
    return capsule


# The version, and the struct by its name.


def _believes_version(capsule: Any) -> Any:
    version = instrument.inspect(capsule).version
    if version is None or version[0] == 1:
        return capsule
    return tamper.edit(capsule, version=(1, 3))


def _drops_other_major(capsule: Any) -> Any:
    version = instrument.inspect(capsule).version
    return capsule if version is None or version[0] == 1 else tamper.null_deleter(capsule)


def _misreads_legacy(capsule: Any) -> Any:
    read = _fields(capsule)
    if read.get("name") != "dltensor" or read["dtype_name"] != "int16" or read["ndim"] != 2:
        return capsule
    return tamper.edit(capsule, shape=read["shape"][::-1])


# The capsule and its deleter.


def _named(name: str | None) -> Any:
    """Import, and give the capsule this name afterwards."""

    def take(x: Any, **keywords: Any) -> Any:
        seen: list[Any] = []

        class Seen:
            def __dlpack__(self, **asked: Any) -> Any:
                seen.append(x.__dlpack__(**asked))
                return seen[-1]

            def __dlpack_device__(self) -> Any:
                return x.__dlpack_device__()

        if not hasattr(x, "__dlpack__"):
            return _take(x, **keywords)
        result = _take(Seen(), **keywords)
        capsule = seen[-1]
        used = instrument.capsule_name(capsule)
        tamper.leak_reference(capsule)  # under another name its destructor would free it again
        tamper.rename(capsule, name or used.removeprefix("used_"))
        return result

    return take


def _leaks(x: Any, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    tamper.leak_reference(result)
    return result


def _leaks_off_the_main_thread(x: Any, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    if threading.current_thread() is not threading.main_thread():
        tamper.leak_reference(result)
    return result


def _leaks_refused(x: Any, **keywords: Any) -> Any:
    try:
        return _take(x, **keywords)
    except BufferError:
        with contextlib.suppress(Exception):  # the first error is the one to show
            tamper.null_deleter(x.__dlpack__(max_version=(1, 3)))
        raise


def _wants_a_deleter(capsule: Any) -> Any:
    if not instrument.inspect(capsule).has_deleter:
        raise BufferError("a tensor without a deleter")
    return capsule


def _takes_consumed(capsule: Any) -> Any:
    name = instrument.capsule_name(capsule) or ""
    return tamper.rename(capsule, name.removeprefix("used_")) if name[:5] == "used_" else capsule


def _dies_with_source(x: Any, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    held = weakref.ref(result)

    def spoil() -> None:
        array = held()
        if array is None or array.readonly or not all(array.shape):
            return
        first = (0,) * len(array.shape)
        last = tuple(extent - 1 for extent in array.shape)
        if first != last:
            array.set(first, array.get(last))

    if isinstance(x, instrument.Array):
        weakref.finalize(x, spoil)
    return result


# The fields.


def _column_major_as_row_major(capsule: Any) -> Any:
    read = _fields(capsule)
    shape, strides = read["shape"], read["strides"]
    if shape is None or strides is None or 0 in shape or min(len(shape), *shape, 2) < 2:
        return capsule
    if tuple(strides) != _compact(shape, reverse=True):
        return capsule
    return tamper.edit(capsule, strides=_compact(shape))


def _null_strides_as_column_major(capsule: Any) -> Any:
    read = _fields(capsule)
    if read["strides"] is not None or read["ndim"] < 2 or read.get("version", (1, 0))[1] > 1:
        return capsule
    return tamper.edit(capsule, strides=_compact(read["shape"], reverse=True))


def _ignores_byte_offset(capsule: Any) -> Any:
    return tamper.edit(capsule, byte_offset=0) if _fields(capsule)["ndim"] >= 0 else capsule


def _wants_a_shape(capsule: Any) -> Any:
    read = _fields(capsule)
    if read["ndim"] == 0 and read["shape"] is None:
        raise BufferError("a scalar without a shape")
    return capsule


def _wants_data(capsule: Any) -> Any:
    if _fields(capsule).get("data") == 0:
        raise BufferError("no data")
    return capsule


_SUB_BYTE = {15: 6, 16: 6, 17: 4}


def _corrects_widths(capsule: Any) -> Any:
    code, bits, _ = _fields(capsule).get("dtype", (0, 0, 0))
    if code in _SUB_BYTE and bits != _SUB_BYTE[code]:
        return tamper.edit(capsule, dtype=(code, _SUB_BYTE[code], 1))
    return capsule


def _guesses_codes(capsule: Any) -> Any:
    code, bits, lanes = _fields(capsule).get("dtype", (0, 0, 0))
    return tamper.edit(capsule, dtype=(2, bits, lanes)) if code == 200 else capsule


def _packs_padded(capsule: Any) -> Any:
    flags = _fields(capsule).get("flags", 0)
    return tamper.edit(capsule, flags=flags & ~4) if flags & 4 else capsule


def _aborts_at_negative_strides(capsule: Any) -> Any:
    if any(stride < 0 for stride in _fields(capsule)["strides"] or ()):
        os.abort()
    return capsule


def _transposes(capsule: Any) -> Any:
    read = _fields(capsule)
    if read["dtype_name"] != "int64" or read["ndim"] != 2 or read["strides"] is None:
        return capsule
    if tuple(read["strides"]) != _compact(read["shape"]):
        return capsule
    return tamper.edit(capsule, shape=read["shape"][::-1], strides=read["strides"][::-1])


def _moves_to_pinned(capsule: Any) -> Any:
    if _fields(capsule).get("device") != (1, 0):
        return capsule
    return tamper.edit(capsule, device=(3, 0))


# The memory.


def _touches(x: Any, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    if result.address and all(result.shape):
        ctypes.memmove(result.address, ctypes.string_at(result.address, 1), 1)
    return result


def _writes_behind(x: Any, **keywords: Any) -> Any:
    result = _take(x, **keywords)
    if result.shape == (6,) and result.strides == (1,) and result.dtype == "uint8":
        ctypes.memset(result.address + 6, 0x5A, 1)
    return result


class _Foreign:
    """Shows everything of an array and is none."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __getattr__(self, name: str) -> Any:
        return getattr(self._array, name)

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._array.__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


FAULTS: list[Fault] = [
    Fault(
        "asks-for-truth",
        proves="C-01",
        text="an object that is false is not imported",
        consume=_asks_for_truth,
    ),
    Fault(
        "device-none-copies",
        proves="C-02",
        also=("C-36",),
        text="device=None by name copies",
        consume=_copies_for_none,
    ),
    Fault(
        "forgets-copy",
        proves="C-06",
        also=("S-11",),
        text="a producer without the keyword copy shares where a copy was asked for",
        consume=_forgets_copy,
    ),
    Fault(
        "believes-version",
        proves="C-07",
        also=("C-08", "C-45"),
        text="another major version is read as 1.3",
        takes=_believes_version,
    ),
    Fault(
        "drops-other-major",
        proves="C-08",
        also=("C-12",),
        text="of another major version the deleter is not called",
        takes=_drops_other_major,
    ),
    Fault(
        "names-it-otherwise",
        proves="C-10",
        also=("H-18",),
        text="a consumed capsule gets a name of its own",
        consume=_named("used_by_me"),
    ),
    Fault(
        "keeps-results",
        proves="C-11",
        also=("C-51",),
        text="results are never freed",
        consume=_leaks,
    ),
    Fault(
        "leaks-refused",
        proves="C-12",
        also=("C-08",),
        text="what is refused is not freed",
        consume=_leaks_refused,
    ),
    Fault(
        "wants-a-deleter",
        proves="C-13",
        text="a NULL deleter is refused",
        takes=_wants_a_deleter,
    ),
    Fault(
        "takes-consumed",
        proves="C-14",
        text="a consumed capsule is consumed again",
        takes=_takes_consumed,
    ),
    Fault(
        "ignores-byte-offset",
        proves="C-15",
        also=("C-17",),
        text="imports from data alone",
        takes=_ignores_byte_offset,
    ),
    Fault(
        "column-major-as-row-major",
        proves="C-16",
        also=("C-42",),
        text="column-major strides are read as row-major",
        takes=_column_major_as_row_major,
    ),
    Fault(
        "null-strides-as-column-major",
        proves="C-17",
        also=("C-42",),
        text="NULL strides are read as column-major",
        takes=_null_strides_as_column_major,
    ),
    Fault(
        "wants-a-shape",
        proves="C-19",
        text="a scalar whose shape is NULL is refused",
        takes=_wants_a_shape,
    ),
    Fault("wants-data", proves="C-20", text="NULL data is refused", takes=_wants_data),
    Fault(
        "corrects-widths",
        proves="C-21",
        text="fp6 and fp4 are read with their own width, whatever is stated",
        takes=_corrects_widths,
    ),
    Fault(
        "guesses-codes",
        proves="C-22",
        text="an unknown code is read as IEEE numbers",
        takes=_guesses_codes,
    ),
    Fault(
        "touches-elements",
        proves="C-28",
        also=("C-45", "S-11", "S-12"),
        text="the first element is written back when it is imported",
        consume=_touches,
    ),
    Fault(
        "writes-behind",
        proves="C-29",
        also=("C-28", "C-45", "T-22"),
        text="a byte behind the last element is written",
        consume=_writes_behind,
    ),
    Fault(
        "moves-to-pinned",
        proves="C-30",
        text="the result says that it lies in pinned memory",
        takes=_moves_to_pinned,
    ),
    Fault(
        "copies-to-cpu",
        proves="C-33",
        also=("C-35",),
        text="copy=False is forgotten on the way to the CPU",
        consume=_copies_to_cpu,
    ),
    Fault(
        "ignores-copy-true",
        proves="C-34",
        also=("C-06",),
        text="copy=True is forgotten",
        consume=_ignores_copy_true,
    ),
    Fault(
        "ignores-copy-false",
        proves="C-35",
        also=("C-06", "C-33"),
        text="copy=False copies",
        consume=_ignores_copy_false,
    ),
    Fault(
        "always-copies",
        proves="C-36",
        text="copy=None copies always",
        consume=_always_copies,
    ),
    Fault(
        "another-error",
        proves="C-38",
        text="the producer's MemoryError becomes RuntimeError",
        consume=_another_error,
    ),
    Fault(
        "transposes-int64",
        proves="C-42",
        also=("C-55", "T-22"),
        text="compact matrices of int64 are transposed",
        takes=_transposes,
    ),
    Fault(
        "dies-with-source",
        proves="C-43",
        also=("T-22",),
        text="the result changes when the source object goes",
        consume=_dies_with_source,
    ),
    Fault(
        "unconsumes",
        proves="C-44",
        also=("C-10",),
        text="a consumed capsule gets its first name back",
        consume=_named(None),
    ),
    Fault(
        "aborts-at-negative-strides",
        proves="C-45",
        text="a negative stride ends the process",
        takes=_aborts_at_negative_strides,
    ),
    Fault("packs-padded", proves="C-48", text="the padded flag is ignored", takes=_packs_padded),
    Fault(
        "leaks-off-the-main-thread",
        proves="C-51",
        text="what is imported on another thread is never freed",
        consume=_leaks_off_the_main_thread,
    ),
    Fault(
        "passes-a-bool-as-major",
        proves="C-53",
        text="max_version is (True, 3)",
        asks=lambda keywords: {
            key: (True, 3) if key == "max_version" else value for key, value in keywords.items()
        },
    ),
    Fault(
        "misreads-legacy",
        proves="C-55",
        also=("C-15",),
        text="legacy matrices of int16 are read with their shape turned round",
        takes=_misreads_legacy,
    ),
    Fault(
        "foreign-type",
        proves="C-57",
        text="the result is an object that wraps an array",
        consume=lambda x, **keywords: _Foreign(_take(x, **keywords)),
    ),
    Fault(
        "asks-for-no-version",
        proves="C-03",
        verdict="permitted",
        text="max_version is not passed",
        asks=lambda keywords: {
            key: value for key, value in keywords.items() if key != "max_version"
        },
    ),
    Fault(
        "asks-once",
        proves="C-04",
        also=("S-11",),
        verdict="permitted",
        text="a producer that raises TypeError is not asked again",
        consume=_asks_once,
    ),
    Fault(
        "runtime-error-for-device",
        proves="C-24",
        also=("C-20", "P-42"),
        verdict="permitted",
        text="an unknown device is a RuntimeError",
        consume=_knows_the_cpu_alone,
    ),
    Fault(
        "refuses-readonly",
        proves="C-25",
        verdict="permitted",
        text="read-only tensors are refused, though no array is read-only",
        takes=_wants_to_write,
        states={"readonly_arrays": False},
    ),
    Fault(
        "ignores-readonly",
        proves="C-26",
        verdict="permitted",
        text="a read-only tensor becomes a writable array",
        takes=lambda capsule: (
            tamper.edit(capsule, flags=_fields(capsule)["flags"] & ~1)
            if "flags" in _fields(capsule)
            else capsule
        ),
    ),
    Fault(
        "never-moves",
        proves="C-31",
        verdict="permitted",
        text="device='cpu' is refused for a source on another device",
        consume=_never_moves,
    ),
    Fault(
        "imports-copies-readonly",
        proves="C-37",
        verdict="permitted",
        text="a requested copy is read-only",
        consume=_copies_readonly,
    ),
    Fault(
        "runtime-error-without-methods",
        proves="C-39",
        verdict="permitted",
        text="an object without the two methods is a RuntimeError",
        consume=_looks_for_methods,
    ),
    Fault(
        "wants-strides",
        proves="C-54",
        verdict="permitted",
        text="NULL strides are refused whatever the version",
        takes=_wants_strides,
    ),
]

UNPLANTED: dict[str, str] = {}
