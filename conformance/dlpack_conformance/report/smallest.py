"""As few patterns of case ids as describe a set of cases and no other case of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, permutations
from math import factorial

__all__ = ["Plan"]

_ORDERS = 24
"""About how many orders of merging are tried."""

_Case = tuple[str, ...]
_Box = tuple[frozenset[str], ...]
"""Texts that each part may be: all of their combinations are meant."""


class Plan:
    """Ids of cases, all of them: what a pattern may match beside the wanted ones is nothing."""

    def __init__(self, ids: Iterable[str]) -> None:
        kinds: dict[str, list[_Case]] = {}
        for case in dict.fromkeys(ids):
            parts = tuple(case.split("/"))
            kinds.setdefault(parts[0], []).append(parts)
        self._tables = {kind: _Table(cases) for kind, cases in kinds.items()}

    def patterns(self, wanted: Iterable[str]) -> list[str]:
        """Patterns that match the wanted cases, which are in the plan, and nothing else of it.

        A part of a pattern is one text, several joined by ``|``, or ``*``; several ``*`` at the end
        are one ``**``. A part is ``*`` only where the cases that the pattern matches differ in it,
        so that nothing is said of what was not seen. Few patterns, not always the fewest; the one
        that matches most comes first.
        """
        kinds: dict[str, list[_Case]] = {}
        for case in dict.fromkeys(wanted):
            parts = tuple(case.split("/"))
            kinds.setdefault(parts[0], []).append(parts)
        return [
            _written(box)
            for kind, cases in kinds.items()
            for box in self._tables[kind].boxes(cases)
        ]


def _orders(wanted: list[_Case]) -> Iterator[tuple[int, ...]]:
    """Orders of the parts in which the cases differ, some of all."""
    columns = zip(*wanted, strict=True)
    free = [at for at, column in enumerate(columns) if len(set(column)) > 1]
    return islice(permutations(free), 0, None, max(1, factorial(len(free)) // _ORDERS))


def _merged(wanted: list[_Case], order: tuple[int, ...]) -> list[_Box]:
    """Boxes of cases that differ in one part alone, one part after another."""
    boxes: list[_Box] = [tuple(frozenset({text}) for text in parts) for parts in wanted]
    for at in order:
        alike: dict[_Box, set[str]] = {}
        for box in boxes:
            alike.setdefault(box[:at] + box[at + 1 :], set()).update(box[at])
        boxes = [(*rest[:at], frozenset(texts), *rest[at:]) for rest, texts in alike.items()]
    return boxes


class _Table:
    """Cases of one kind: which have which text in which part, as numbers with one bit a case."""

    def __init__(self, plan: list[_Case]) -> None:
        columns: list[dict[str, bytearray]] = [{} for _ in plan[0]]
        size = len(plan) // 8 + 1
        for place, parts in enumerate(plan):
            for column, text in zip(columns, parts, strict=True):
                column.setdefault(text, bytearray(size))[place >> 3] |= 1 << (place & 7)
        self._columns = [
            {text: int.from_bytes(bits, "little") for text, bits in column.items()}
            for column in columns
        ]
        self._all = (1 << len(plan)) - 1

    def boxes(self, wanted: list[_Case]) -> Iterator[_Box]:
        """Boxes that mean the wanted cases, those with most cases first."""
        found = min(
            (_merged(wanted, order) for order in _orders(wanted)),
            key=lambda boxes: (len(boxes), sum(len(texts) for box in boxes for texts in box)),
        )
        left = 0
        for box in found:
            left |= self._cases(box)
        others = self._all & ~left
        general = [self._widened(box, others) for box in found]
        for box in sorted(general, key=lambda box: -self._cases(box).bit_count()):
            if self._cases(box) & left:
                left &= ~self._cases(box)
                yield box

    def _cases(self, box: _Box) -> int:
        """The cases that a box means; a part without a text may be any."""
        found = self._all
        for column, texts in zip(self._columns, box, strict=True):
            if texts:
                matched = 0
                for text in texts:
                    matched |= column[text]
                found &= matched
        return found

    def _widened(self, box: _Box, others: int) -> _Box:
        """The box with ``*`` for parts with several texts, where that means no other case."""
        for at in sorted(range(len(box)), key=lambda at: -len(box[at])):
            wider = (*box[:at], frozenset[str](), *box[at + 1 :])
            if len(box[at]) > 1 and not self._cases(wider) & others:
                box = wider
        return box


def _written(box: _Box) -> str:
    parts = ["|".join(sorted(texts)) or "*" for texts in box]
    while parts[-2:] in (["*", "*"], ["*", "**"]):
        parts[-2:] = ["**"]
    return "/".join(parts)
