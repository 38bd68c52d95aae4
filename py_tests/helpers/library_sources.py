"""Sources of every library for tests: built from the catalogue's tables, without the engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from dlpack_conformance import modules
from dlpack_conformance.engine.discover import find_libraries
from dlpack_conformance.libraries import LONG_ELEMS, Library, Makes, Source

_CORE, _INSTRUMENT = modules()
_LAYOUTS = {row["name"]: row for row in _CORE.layouts()}
_SOURCES = {row["name"]: row for row in _CORE.sources()}
_DTYPES = {row["name"]: row for row in _CORE.dtypes()}


class Built(NamedTuple):
    """One source with what is asked of it. ``raw``: None where the instrument can't encode it."""

    source: Source
    raw: bytes | None
    may_write: bool
    new: Any
    new_raw: bytes


def installed() -> dict[str, Library]:
    """Libraries that can be imported here, prepared."""
    found = {name: library for name, library in find_libraries().items() if library.probe() is None}
    for library in found.values():
        library.prepare()
    return found


def combinations(makes: Makes) -> Iterator[tuple[str, str]]:
    """Yield the dtypes and layouts that are not excluded."""
    excluded = {(dtype, layout) for dtype, layout, _ in makes.excluded}
    for dtype, layout in product(makes.dtypes, makes.layouts or tuple(_LAYOUTS)):
        if not excluded & {(dtype, "*"), ("*", layout), (dtype, layout)}:
            yield dtype, layout


def build(dtype: str, layout: str, source: str) -> Built:
    """Make one source's memory, where it is ours, and the values that it holds."""
    row, kind = _LAYOUTS[layout], _SOURCES[source]
    shape, strides = tuple(row["shape"]), tuple(row["strides"])
    offset = row["offset"] + kind["skew_elems"]
    asked = list(_CORE.values(dtype, layout))
    template, raw = None, None
    if _DTYPES[dtype]["dlpack"]:
        template = _INSTRUMENT.Template(
            dtype,
            shape,
            strides,
            offset,
            asked,
            kind=kind["kind"] or "ordinary",
            alignment=kind["alignment"],
            skew=kind["skew_bytes"],
        )
    values = [asked[0], asked[-1]] if math.prod(shape) > LONG_ELEMS else asked
    if template is not None:
        raw = b"".join(_INSTRUMENT.encode(dtype, value) for value in values)
    memory = template.make() if kind["kind"] and template is not None else None
    new = _CORE.other_value(dtype, values[-1]) if values else None
    new_raw = _INSTRUMENT.encode(dtype, new) if values and template is not None else b""
    made = Source(dtype, layout, source, "cpu", shape, strides, offset, values, memory, template)
    return Built(made, raw, kind["may_write"], new, new_raw)


def alone(source: Source) -> Source:
    """Return the source as scripts are made from: without memory."""
    return source._replace(memory=None, template=None)
