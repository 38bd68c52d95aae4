"""Library file of mylib for dlconform: how its arrays are made, described, read and written.

    dlconform libraries check THIS-FILE                  is this file right?
    dlconform run --library THIS-FILE --target mylib     is mylib right?

Fill in what raises NotImplementedError. Everything here goes by mylib's own API: what is asked for
and what is expected never meet in this file. Import mylib inside functions only.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from dlpack_conformance.libraries import Description, Entry, Makes, Route, Source

__all__ = ["immutable_arrays", "name", "readonly_arrays"]

name = "mylib"  # in case ids and after --target
readonly_arrays = False  # True: mylib can show an array as not writable
immutable_arrays = False  # True: no array of mylib is ever writable

DTYPES = ("float32", "float64", "int32", "int64", "uint8")  # those of mylib, by array API name
LAYOUTS = ("scalar", "empty-0", "one", "vector", "matrix", "cube")  # None: any shape and strides
TODO = "fill in this function of the library file"


def probe() -> str | None:
    """None where mylib can be imported, else why not."""
    return None if importlib.util.find_spec(name) else f"no module named {name!r}"


def versions() -> dict[str, str]:
    """Version of each distribution that takes part."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {name: version(name)}
    except PackageNotFoundError:
        return {name: "not installed as a distribution"}


def prepare() -> None:
    """Once a process, before the first case: import it; one thread, as the process may fork."""
    importlib.import_module(name)


def types() -> tuple[type, ...]:
    """Array types of mylib: `return (mylib.Array,)`."""
    raise NotImplementedError(TODO)


def makes() -> list[Makes]:
    """What mylib can make: its own fresh arrays ("owned").

    Can it wrap memory that it is given, with strides? Add `Makes("plain", DTYPES, None)`: canaries
    around it then show a write that goes astray. What it can't is `excluded`, with a reason.
    """
    return [Makes("owned", DTYPES, LAYOUTS)]


def make(source: Source) -> Any:
    """Make an array of source.dtype and source.shape that holds source.values in C order.

    "plain" ones are views of source.memory: element 0 at source.memory.first, source.strides in
    elements; the array must keep source.memory alive.
    """
    raise NotImplementedError(TODO)


def describe(x: Any) -> Description:
    """Facts of an array by mylib's own API: strides in elements, address of element 0."""
    raise NotImplementedError(TODO)


def read(x: Any) -> list[Any]:
    """All elements in C order as Python numbers: `x.tolist()`, flat."""
    raise NotImplementedError(TODO)


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element as a Python number."""
    raise NotImplementedError(TODO)


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Assign one element by mylib's own writer; `raw` is `value` as bytes."""
    raise NotImplementedError(TODO)


def offers() -> Mapping[str, str | None]:
    """What arrays of mylib show to other libraries.

    Others: __dlpack_c_exchange_api__, __array_interface__, __array_struct__, __array__, buffer. A
    text in place of None says why this release lacks it.
    """
    return {"__dlpack__": None}


def accepts() -> Mapping[str, Entry]:
    """Functions of mylib that take foreign arrays: `{"from_dlpack": Entry(mylib.from_dlpack)}`.

    `Entry(f, {"copy": "why"})`: this release has no keyword copy.
    """
    raise NotImplementedError(TODO)


def routes() -> list[Route]:
    """Ways that mylib alone has, each with its documented promise, such as mylib.asarray."""
    return []


# What follows may go: it lets `dlconform repro` and `findings` write scripts for your cases.


def script_calls() -> Mapping[str, str]:
    """Return the functions of `accepts` as a user writes them."""
    return {"from_dlpack": "mylib.from_dlpack({})"}


def script_make(source: Source) -> list[str]:
    """Lines that make the source as `a`; LookupError where they would be too many."""
    raise LookupError("no script for this source")


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at an array `{x}`; see `dlpack_conformance.libraries.Library`."""
    return {"import": "import mylib"}
