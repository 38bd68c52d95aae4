"""Sources that JAX makes, where their elements lie, and how they are read."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from dlpack_conformance.libraries import LONG_ELEMS, Makes, NotMadeError, Source
from dlpack_conformance.libraries import _shared as shared

__all__ = ["DEVICE", "Maker", "makes", "maker", "on_host", "strides", "written"]

DEVICE = "cuda-0"
_DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "complex64",
    "complex128",
    "float8_e3m4",
    "float8_e4m3",
    "float8_e4m3b11fnuz",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
)

Maker = Callable[[], Any]


def makes(jax: Any) -> list[Makes]:
    """Its own allocations, in C order: its constructors give no other, and it has no views."""
    layouts = tuple(
        layout.name
        for layout in shared.layouts()
        if layout.offset == 0
        and layout.strides == shared.compact(layout.shape)
        and layout.elements <= LONG_ELEMS
    )
    excluded = tuple(
        (name, "*", reason) for name in _DTYPES if (reason := _missing(jax, name)) is not None
    )
    excluded += tuple(
        ("*", layout.name, "a NumPy array, from which it is made, has fewer axes")
        for layout in shared.layouts()
        if layout.name in layouts and not _has_axes(len(layout.shape))
    )
    return [Makes("owned", _DTYPES, layouts, excluded, device) for device in ("cpu", DEVICE)]


def _missing(jax: Any, name: str) -> str | None:
    """Why this release, as it is configured, makes no such array."""
    if not hasattr(jax.numpy, name):
        return "jax has no such dtype"
    wide = name in ("int64", "uint64", "float64", "complex128")
    return "jax_enable_x64 is off" if wide and not jax.config.jax_enable_x64 else None


def _has_axes(rank: int) -> bool:
    import numpy as np

    try:
        np.empty((1,) * rank)
    except ValueError:
        return False
    return True


def maker(jax: Any, source: Source) -> Maker:
    """Return what makes this source again and again, each time in memory of its own."""
    import numpy as np

    if source.source != "owned":
        raise NotMadeError(f"jax makes no arrays of the source {source.source}")
    image = np.array(list(source.values), getattr(jax.numpy, source.dtype)).reshape(source.shape)
    if source.device == "cpu":
        array = jax.numpy.array
        return lambda: array(image, copy=True).block_until_ready()
    device = jax.devices("cuda")[0]
    return lambda: jax.device_put(image, device).block_until_ready()


def strides(x: Any) -> tuple[int, ...] | None:
    """In elements, from the order of the axes; None where JAX says no such thing."""
    stated = getattr(x, "format", None) or getattr(x, "layout", None)  # the latter before 0.7
    layout = getattr(stated, "layout", None) or getattr(stated, "device_local_layout", None)
    order = getattr(layout, "major_to_minor", None)
    if order is None or 0 in x.shape:
        return None if order is None else shared.compact(x.shape)
    found = [0] * len(x.shape)
    step = 1
    for axis in reversed(order):
        found[axis] = step
        step *= x.shape[axis]
    return tuple(found)


def on_host(x: Any) -> Any:
    """Return the elements as they are now, as NumPy's array.

    An array keeps the copy that it once made of itself, and gives it again after somebody else
    wrote to the memory; so a new array is asked, which JAX makes over the same host memory.
    """
    import jax
    import numpy as np

    return np.asarray(jax.device_put(x, _host(jax)))


@cache
def _host(jax: Any) -> Any:
    return jax.devices("cpu")[0]


def written(source: Source) -> list[str]:
    """The same as lines of a script, for ``a``."""
    assert len(source.values) == math.prod(source.shape)
    made = f'jnp.array({list(source.values)}, dtype="{source.dtype}").reshape({source.shape})'
    moved = f'jax.device_put({made}, jax.devices("cuda")[0])'
    return [
        "import jax, jax.dlpack, jax.numpy as jnp",
        f"a = {made if source.device == 'cpu' else moved}",
    ]
