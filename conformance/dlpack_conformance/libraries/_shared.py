"""What library files share: layouts as numbers, images of fresh allocations, usage topics."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from dlpack_conformance import modules
from dlpack_conformance.libraries import Source, Usage

__all__ = [
    "Layout",
    "collapsed",
    "compact",
    "compact_fortran",
    "dlpack_dtypes",
    "dtypes",
    "encode",
    "flat_image",
    "keywords",
    "layouts",
    "overlapping_windows",
    "reach",
    "sources",
    "usage",
]

_VALUES = {"false": False, "none": None, "true": True, "own": "cpu", "cpu": "cpu"}


class Layout(NamedTuple):
    """A row of the layout table. ``strides``, ``offset``: elements."""

    name: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    @property
    def elements(self) -> int:
        """Product of the extents."""
        return math.prod(self.shape)

    @property
    def negative(self) -> bool:
        """A stride is below zero, also where it moves nothing."""
        return any(stride < 0 for stride in self.strides)

    @property
    def repeats(self) -> bool:
        """An axis of extent above 1 has stride zero."""
        return self.elements > 0 and any(
            extent > 1 and stride == 0
            for extent, stride in zip(self.shape, self.strides, strict=True)
        )


@cache
def layouts() -> tuple[Layout, ...]:
    """Rows of the layout table."""
    rows = modules().core.layouts()
    return tuple(
        Layout(r["name"], tuple(r["shape"]), tuple(r["strides"]), r["offset"]) for r in rows
    )


@cache
def dtypes() -> dict[str, dict[str, Any]]:
    """Rows of the dtype table by name."""
    return {row["name"]: row for row in modules().core.dtypes()}


@cache
def dlpack_dtypes() -> tuple[str, ...]:
    """Names of the dtypes that DLPack has: the ones that our own memory can hold."""
    return tuple(name for name, row in dtypes().items() if row["dlpack"])


@cache
def sources() -> dict[str, dict[str, Any]]:
    """Rows of the source table by name."""
    return {row["name"]: row for row in modules().core.sources()}


def compact(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides in elements of C order."""
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= max(extent, 1)
    return tuple(reversed(strides))


def compact_fortran(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides in elements of Fortran order."""
    return tuple(reversed(compact(tuple(reversed(shape)))))


def reach(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Elements from element 0 to one past the highest; 0 without elements."""
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s > 0)


def flat_image(source: Source) -> list[Any]:
    """Values of one axis over which the strides give the source; gaps repeat the values.

    At least one element long, so that an empty source has an allocation to point into.
    """
    length = max(source.offset + reach(source.shape, source.strides), source.offset, 1)
    lanes = dtypes()[source.dtype]["lanes"]
    values = source.values or [1 if lanes == 1 else (1,) * lanes]
    image = [values[at % len(values)] for at in range(length)]
    if 0 not in source.shape:
        for index, value in zip(product(*map(range, source.shape)), source.values, strict=True):
            image[source.offset + sum(map(int.__mul__, index, source.strides))] = value
    return image


def overlapping_windows(source: Source) -> bool:
    """Whether the source is what sliding windows over one axis are: rows that share elements."""
    if len(source.shape) != 2 or source.shape[0] < 2:
        return False
    return source.strides[1] == 1 and 0 < source.strides[0] < source.shape[1]


def collapsed(source: Source) -> Source:
    """Return the source with repeated axes cut to 1: what a library's broadcasting starts from."""
    shape = tuple(
        1 if stride == 0 else extent
        for extent, stride in zip(source.shape, source.strides, strict=True)
    )
    values = source.values
    if len(values) != math.prod(shape):
        steps = compact(source.shape)
        values = [
            values[sum(map(int.__mul__, index, steps))] for index in product(*map(range, shape))
        ]
    return source._replace(shape=shape, strides=compact(shape), offset=0, values=values)


def encode(source: Source, values: Sequence[Any]) -> bytes:
    """Bytes of ``values`` in the source's dtype, for libraries without a number writer for it."""
    one = modules().instrument.encode
    return b"".join(one(source.dtype, value) for value in values)


def keywords(request: str) -> dict[str, Any]:
    """Keywords of a request; the device ``own`` is the host's: no case has it for another one."""
    if request == "plain":
        return {}
    pairs = (token.split("-", 1) for token in request.split("+"))
    return {key: _VALUES[value] for key, value in pairs}


def usage(
    topic: str,
    variant: str,
    text: str,
    names: Callable[[], dict[str, Any]],
    answer: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    imports: tuple[str, ...] = (),
    value: str = "",
) -> Usage:
    """Return a usage topic that runs exactly the text it shows.

    ``names()``: the modules that the text uses. ``answer(names)``: facts of the group ``answer``
    from what the text left behind; an exception of the text is the answer itself. ``imports``,
    ``value``: as in `Usage`.
    """
    code = compile(text, f"{topic}/{variant}", "exec")

    def run() -> dict[str, Any]:
        scope = names()
        try:
            exec(code, scope)  # the text is the table's own
        except Exception as error:  # noqa: BLE001 - what the library raises is the answer
            return {"answer.error": type(error).__name__, "answer.message": str(error)}
        return {f"answer.{name}": value for name, value in answer(scope).items()}

    return Usage(topic, variant, text, run, imports, value)
