"""Sources of PyTorch on CUDA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import LONG_ELEMS, Makes, Source
from dlpack_conformance.libraries import _shared as shared
from dlpack_conformance.libraries._torch_dtypes import BYTES_ONLY

__all__ = ["DEVICE", "makes", "moved", "written"]

DEVICE = "cuda-0"
_TORCH_DEVICE = "cuda:0"


def makes(excluded: tuple[tuple[str, str, str], ...]) -> Makes:
    """Fresh allocations as users have them; ``excluded``: what is not made on the host either."""
    numbers = tuple(name for name in shared.dlpack_dtypes() if name not in BYTES_ONLY)
    layouts = tuple(layout.name for layout in shared.layouts() if layout.elements <= LONG_ELEMS)
    known = set(numbers)
    left_out = tuple(entry for entry in excluded if entry[0] == "*" or entry[0] in known)
    return Makes("owned", numbers, layouts, left_out, DEVICE)


def moved(source: Source, make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a maker of what ``make`` makes on the host, in memory of the device.

    The whole allocation goes there first, so that strides and offset stay.
    """
    elements = _allocated(source)

    def made(memory: Any) -> Any:
        x = make(memory)
        flat = x.as_strided((elements,), (1,), 0).to(_TORCH_DEVICE)
        return flat.as_strided(x.shape, x.stride(), x.storage_offset())

    return made


def written(source: Source) -> str:
    """The same as a line of a script, for ``a``."""
    flat = f'a.as_strided(({_allocated(source)},), (1,), 0).to("{_TORCH_DEVICE}")'
    return f"a = {flat}.as_strided(a.shape, a.stride(), a.storage_offset())"


def _allocated(source: Source) -> int:
    """Elements of the allocation, up to the last one of the source."""
    return max(source.offset + shared.reach(source.shape, source.strides), source.offset, 1)
