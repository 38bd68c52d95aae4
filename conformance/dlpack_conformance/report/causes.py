"""What the tensors of several cases have in common: traits, as far as they are not ordinary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case

__all__ = ["LAYOUT_WORDS", "Traits"]

_TAGS = {
    "negative": "negative strides",
    "zero-stride": "strides of zero",
    "empty": "no elements",
    "scalar": "no axes",
    "rank-high": "many axes",
    "size-one": "axes of one element",
    "overlap": "overlapping elements",
    "huge": "huge extents",
    "gaps": "gaps between elements",
    "offset": "an offset",
}
"""Tag of a layout -> words; most telling first. The other tags are ordinary."""

LAYOUT_WORDS = tuple(_TAGS.values())
"""What a tensor has, as traits say it; all other traits are words of sources."""

_KINDS = {
    "readonly": "read-only memory",
    "misaligned": "data not aligned to the element",
    "autograd": "arrays that record gradients",
}
"""Flag of sources -> words: all sources with one of these have the same trait."""

_ORDINARY_SOURCES = ("owned", "plain")
_MANY = 1_000_000


class Traits:
    """Traits of cases by the catalogue's tables; equal texts are equal traits."""

    def of(self, case: Case) -> tuple[str, ...]:
        """Traits of one case, the most telling first; none for an ordinary tensor."""
        axes = case.axes
        found = []
        if axes["case"] == "exchange":
            source = self._source(axes["source"])
            found += [source] if source else []
            found += self._words(self._tags.get(axes["layout"], ()))
        elif axes["case"] == "protocol":
            named = self._named.search(f"-{axes['variant']}-")
            found += [self._source(named.group(1))] if named else []
            found += self._words(self._tags_of(case))
        return tuple(found)

    def common(self, cases: Iterable[Case]) -> tuple[str, ...]:
        """Traits that all cases have."""
        kept: list[str] | None = None
        for case in cases:
            mine = self.of(case)
            kept = list(mine) if kept is None else [one for one in kept if one in mine]
            if not kept:
                break
        return tuple(kept or ())

    def parts(self, cases: Sequence[Case]) -> list[tuple[tuple[str, ...], list[Case]]]:
        """Cases split by as few traits as cover them all; one part where an ordinary one is."""
        by_traits = {case.id: self.of(case) for case in cases}
        if not all(by_traits.values()):
            return [((), list(cases))]
        found = []
        rest = list(cases)
        while rest:
            counts = Counter(trait for case in rest for trait in by_traits[case.id])
            order = list(counts)
            best = max(order, key=lambda trait: (counts[trait], -order.index(trait)))
            mine = [case for case in rest if best in by_traits[case.id]]
            rest = [case for case in rest if best not in by_traits[case.id]]
            found.append((self.common(mine), mine))
        return found

    def size(self, case: Case) -> tuple[int, int]:
        """Elements and axes of the source; large where neither is known."""
        axes = case.axes
        if axes["case"] == "exchange":
            row = self._layouts.get(axes["layout"])
            shape = None if row is None else row["shape"]
            elements = 0 if row is None else row["elements"]
        else:
            shape = case.facts.get("source.shape")
            elements = 1
            for extent in shape or ():
                elements *= extent
        if shape is None or elements <= 1:  # one element says little of an array
            return _MANY, 0
        return elements, len(shape)

    @cached_property
    def _layouts(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in modules().core.layouts()}

    @cached_property
    def _tags(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(row["tags"]) for name, row in self._layouts.items()}

    @cached_property
    def _by_numbers(self) -> dict[tuple[Any, Any], tuple[str, ...]]:
        found: dict[tuple[Any, Any], tuple[str, ...]] = {}
        for row in self._layouts.values():
            found.setdefault((tuple(row["shape"]), tuple(row["strides"])), tuple(row["tags"]))
        return found

    @cached_property
    def _sources(self) -> dict[str, str]:
        found = {}
        for row in modules().core.sources():
            flag = next((flag for flag in _KINDS if row[flag]), "")
            memory = bool(row["kind"]) and not flag and not row["readonly"]
            text = row["text"].partition(":")[0].partition(",")[0]
            found[row["name"]] = "" if memory else f"sources of kind {row['name']} ({text})"
            if flag:
                found[row["name"]] = _KINDS[flag]
        for name in _ORDINARY_SOURCES:
            found[name] = ""
        return found

    @cached_property
    def _named(self) -> re.Pattern[str]:
        """A source's name as words of a variant; protocol cases say theirs in no other place."""
        names = [name for name, words in self._sources.items() if words]
        longest = sorted(names, key=lambda name: (-len(name), name))
        return re.compile(f"[-+.]({'|'.join(map(re.escape, longest))})(?=[-+.])")

    def _source(self, name: str) -> str:
        return self._sources.get(name, f"sources of kind {name}")

    def _tags_of(self, case: Case) -> tuple[str, ...]:
        facts = case.facts
        shape, strides = facts.get("source.shape"), facts.get("source.strides")
        if shape is None or strides is None:
            return ()
        return self._by_numbers.get((tuple(shape), tuple(strides)), ())

    @staticmethod
    def _words(tags: Iterable[str]) -> list[str]:
        mine = set(tags)
        return [words for tag, words in _TAGS.items() if tag in mine]
