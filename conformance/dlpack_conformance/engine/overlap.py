"""Two elements that share a byte, found by arithmetic alone; for arrays of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

__all__ = ["Elements", "TooManyWaysError", "meeting"]

_MOST_STEPS = 1_000_000


class TooManyWaysError(Exception):
    """The search took more steps than anybody wants to wait for."""


class Elements(NamedTuple):
    """Where elements lie. ``first``: address of element 0; ``strides``, ``item``: bytes."""

    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    item: int

    def address(self, index: Sequence[int]) -> int:
        """Return the address of one element."""
        return self.first + sum(at * step for at, step in zip(index, self.strides, strict=True))


@dataclass(slots=True)
class _Term:
    """``step`` times a number from 0 to ``most``; ``axis`` of side 0 or 1, maybe turned round."""

    step: int
    most: int
    side: int
    axis: int
    turned: bool


def meeting(
    a: Elements, b: Elements, most_steps: int = _MOST_STEPS
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Indices of an element of ``a`` and one of ``b`` that share a byte; None where none do.

    Both have elements. The difference of two addresses is a sum of bounded multiples of the
    strides: the search takes the largest stride first, and leaves a branch where the rest can't
    reach the target, or where its greatest common divisor steps over it.

    Raises
    ------
    TooManyWaysError
        Nothing was found, or excluded, in ``most_steps``.
    """
    # address(a) - address(b) + the distance to the end of what is looked for lies in [low, high].
    low, high = 1 - a.item, b.item - 1
    terms: list[_Term] = []
    distance = a.first - b.first
    for side, (elements, sign) in enumerate(((a, 1), (b, -1))):
        for axis, (extent, stride) in enumerate(zip(elements.shape, elements.strides, strict=True)):
            step = sign * stride
            if extent <= 1 or step == 0:
                continue
            if step < 0:
                distance += step * (extent - 1)
            terms.append(_Term(abs(step), extent - 1, side, axis, step < 0))
    found = _solve(terms, low - distance, high - distance, most_steps)
    if found is None:
        return None
    indices = ([0] * len(a.shape), [0] * len(b.shape))
    for term, count in zip(terms, found, strict=True):
        indices[term.side][term.axis] = term.most - count if term.turned else count
    return tuple(indices[0]), tuple(indices[1])


def _solve(terms: list[_Term], low: int, high: int, most_steps: int) -> list[int] | None:
    """How often each term is taken so that the sum lies in ``low`` to ``high``."""
    # Terms of one step are one term: two interleaved arrays then take one step, not millions.
    steps = sorted({term.step for term in terms}, reverse=True)
    most = [sum(term.most for term in terms if term.step == step) for step in steps]
    reach, divisor = [0] * (len(steps) + 1), [0] * (len(steps) + 1)
    for at in reversed(range(len(steps))):
        reach[at] = reach[at + 1] + steps[at] * most[at]
        divisor[at] = gcd(divisor[at + 1], steps[at])
    taken = [0] * len(steps)
    left = most_steps

    def search(at: int, low: int, high: int) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise TooManyWaysError
        if low > reach[at] or high < 0:
            return False
        if at == len(steps):
            return low <= 0 <= high
        if -(-low // divisor[at]) * divisor[at] > high:
            return False
        first = max(0, -(-(low - reach[at + 1]) // steps[at]))
        last = min(most[at], high // steps[at])
        for count in range(first, last + 1):
            taken[at] = count
            if search(at + 1, low - count * steps[at], high - count * steps[at]):
                return True
        return False

    if not search(0, low, high):
        return None
    counts = dict(zip(steps, taken, strict=True))
    result = []
    for term in terms:
        count = min(term.most, counts[term.step])
        counts[term.step] -= count
        result.append(count)
    return result
