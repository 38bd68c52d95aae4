"""Where source and result lie in memory relative to each other, by what their libraries say."""

from __future__ import annotations

from collections.abc import Mapping

from dlpack_conformance import modules
from dlpack_conformance.libraries import Description

__all__ = ["relation"]


def relation(a: Description, b: Description, item_bits: Mapping[str, int]) -> str | None:
    """Return ``same`` (each index at one address), ``overlap`` or ``apart``; None where not known.

    ``item_bits``: dtype -> bits of memory of one element. Both must have elements.
    """
    if a.address is None or b.address is None:
        return None
    if a[:4] == b[:4] and a.address == b.address and a.strides_bytes == b.strides_bytes:
        return "same"
    first, second = _elements(a, item_bits), _elements(b, item_bits)
    if first is None or second is None:
        return None
    answer: str = modules().core.relate(first, second)
    return answer


def _elements(
    x: Description, item_bits: Mapping[str, int]
) -> tuple[int, tuple[int, ...], tuple[int, ...], int] | None:
    """Address, shape, byte strides and item size, as the observation takes them."""
    bits = item_bits.get(x.dtype)
    if bits is None or x.address is None:
        return None
    if x.strides is None:
        if x.strides_bytes is None:
            return None
        return x.address, x.shape, x.strides_bytes, bits // 8
    if bits % 8:  # packed elements lie in bytes that they share: compare the bytes
        reach = sum(abs((n - 1) * s) for n, s in zip(x.shape, x.strides, strict=True))
        return x.address, ((reach * bits + bits + 7) // 8,), (1,), 1
    size = bits // 8
    return x.address, x.shape, tuple(stride * size for stride in x.strides), size
