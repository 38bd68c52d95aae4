"""Lines that make a source, by a library's own API."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Source

if TYPE_CHECKING:
    from dlpack_conformance.libraries import Library

__all__ = ["make_lines"]

_MOST_ELEMS = 4096


def make_lines(
    library: Library, dtype: str, layout: str, source: str, device: str = "cpu"
) -> tuple[str, ...]:
    """Lines that make the source as ``a``.

    Raises
    ------
    LookupError
        The layout has too many elements to write down, or the library has no lines for it.
    """
    row = _layouts()[layout]
    if row["elements"] > _MOST_ELEMS:
        raise LookupError(f"{layout}: too many elements to write down")
    wanted = Source(
        dtype=dtype,
        layout=layout,
        source=source,
        device=device,
        shape=tuple(row["shape"]),
        strides=tuple(row["strides"]),
        offset=row["offset"],
        values=modules().core.values(dtype, layout),
        memory=None,
        template=None,
    )
    return tuple("\n".join(library.script_make(wanted)).splitlines())


@cache
def _layouts() -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in modules().core.layouts()}
