"""Where source and result lie in memory relative to each other, by what their libraries say."""

from __future__ import annotations

from dlpack_conformance import modules
from dlpack_conformance.libraries import Description

__all__ = ["relation"]


def relation(a: Description, b: Description, item_bits: dict[str, int]) -> str | None:
    """Return ``same`` (each index at one address), ``overlap`` or ``apart``; None where not known.

    ``item_bits``: dtype -> bits of memory of one element. Both must have elements.
    """
    answer: str | None = modules().core.relation(a, b, item_bits)
    return answer
