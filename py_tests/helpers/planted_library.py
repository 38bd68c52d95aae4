"""A library that is wrong on purpose: the reference's arrays, with faults that end the process.

The dtype of the source says which fault, `FAULTS` in which step. What one process must know of
another (a fault that shows only once) goes through files in the folder ``PLANTED_DIR``.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library, Makes, Promise, Route, Source, reference

name = "planted"
readonly_arrays = True
immutable_arrays = False
start = os.environ.get("PLANTED_START", "fork")

_reads: dict[int, int] = {}
_primed = False


def exit_zero() -> None:
    """Leave as if nothing had happened."""
    os._exit(0)


def overflow_stack() -> None:
    """Let the C library's parser of regular expressions recurse until the stack is used up."""
    libc = ctypes.CDLL(None)
    libc.regcomp(ctypes.create_string_buffer(4096), b"(" * 1_000_000, 1)


def hang_with_gil() -> None:
    """Sleep in C; `PyDLL` keeps the GIL."""
    ctypes.PyDLL(None).sleep(3600)


def abort() -> None:
    """End the process by SIGABRT."""
    os.abort()


def die_once() -> None:
    """Be killed the first time ever; nobody can tell why later."""
    mark = Path(os.environ["PLANTED_DIR"]) / "died"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), 9)


def wait_for_kill() -> None:
    """Say which process this is, and give the test time to kill it; later calls do not wait."""
    mark = Path(os.environ["PLANTED_DIR"]) / "pid"
    if not mark.exists():
        draft = mark.with_suffix(".new")
        draft.write_text(str(os.getpid()))
        draft.rename(mark)
        time.sleep(60)


def prime() -> None:
    """Leave something behind that a later case stumbles over."""
    global _primed
    _primed = True


def stumble() -> None:
    """End the process where `prime` was there before."""
    if _primed:
        os.abort()


# dtype -> (step, fault). A step is make, exchange, read, write or release.
FAULTS: dict[str, tuple[str, Callable[[], None]]] = {
    "int8": ("exchange", exit_zero),
    "int16": ("exchange", overflow_stack),
    "int32": ("exchange", hang_with_gil),
    "int64": ("make", abort),
    "uint8": ("read", abort),
    "uint16": ("write", abort),
    "uint32": ("release", abort),
    "uint64": ("exchange", die_once),
    "float32": ("exchange", prime),
    "float64": ("exchange", stumble),
    "complex64": ("exchange", wait_for_kill),
}


def _fault(step: str, dtype: str) -> None:
    planted_step, fault = FAULTS.get(dtype, ("", None))
    if planted_step == step and fault is not None:
        fault()


def _touch_beyond(x: Any) -> None:
    """Read the byte after the last one: a guard page where the source has one."""
    end = x.address + len(x.raw())
    ctypes.string_at(end, 1)


def make(source: Source) -> Any:
    """Make the reference's array."""
    _fault("make", source.dtype)
    return reference.make(source)


def read(x: Any) -> list[Any]:
    """Read it; the second reading of an array is the one in step release."""
    _reads[id(x)] = count = _reads.get(id(x), 0) + 1
    _fault("read" if count % 2 else "release", x.dtype)
    return reference.read(x)


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Write one element."""
    _fault("write", x.dtype)
    reference.write(x, index, value, raw)


def _exchange(x: Any) -> Any:
    _fault("exchange", x.dtype)
    return modules().instrument.from_dlpack(x)


def _beyond(x: Any) -> Any:
    _touch_beyond(x)
    return modules().instrument.from_dlpack(x)


def _route(route: str, call: Callable[[Any], Any]) -> Route:
    def bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
        return call

    def script(producer: Library, consumer: Library, request: str) -> str:
        return "b = a"

    return Route(
        f"planted.{route}",
        ("plain",),
        Promise("shares-if-possible", "DP", "copy"),
        bind,
        script,
        consumers=("planted",),
    )


def routes() -> list[Route]:
    """``planted.fault`` has the faults of `FAULTS`; ``planted.beyond`` reads one byte too many."""
    return [_route("fault", _exchange), _route("beyond", _beyond)]


def makes() -> list[Makes]:
    """Make what the reference makes in ordinary memory."""
    return [makes for makes in reference.makes() if makes.source == "plain"]


def versions() -> dict[str, str]:
    """There is one version of it."""
    return {"planted": "1"}


probe = reference.probe
prepare = reference.prepare
types = reference.types
describe = reference.describe
get = reference.get
offers = reference.offers
usages = reference.usages
script_make = reference.script_make
script_api = reference.script_api


def accepts() -> dict[str, Any]:
    """No protocol route: its own are enough."""
    return {}
