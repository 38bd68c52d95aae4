"""Scripts of at most 25 lines that show one case with nothing but the two libraries.

A script is a title, the lines that make the source (`Library.script_make`), and the rest: the
route's call (`Route.script`), an observation that puts what it sees into ``seen``, and an exit
status. It exits 1 when it sees the deviation that was recorded; for a case that does not deviate,
when it sees anything but what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules
from dlpack_conformance.errors import ReportError
from dlpack_conformance.libraries import Source
from dlpack_conformance.report.observations import OBSERVATIONS, Sides, observation
from dlpack_conformance.report.records import axes_of

if TYPE_CHECKING:
    from dlpack_conformance.libraries import Library, Route
    from dlpack_conformance.report.records import Case

__all__ = ["MAX_LINES", "TITLE", "Scripts"]

MAX_LINES = 25
_MOST_ELEMS = 4096
TITLE = "# dlconform repro '{id}'"


class Scripts:
    """Makes scripts for cases out of what library files and routes say of themselves."""

    def __init__(
        self, libraries: Mapping[str, Library], routes: Sequence[tuple[Route, str]]
    ) -> None:
        self._libraries = libraries
        self._routes: dict[str, list[Route]] = {}
        for route, _ in routes:
            self._routes.setdefault(route.name, []).append(route)
        self._made: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._calls: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._numbers: dict[tuple[str, str], Sequence[Any]] = {}
        self._apis: dict[tuple[str, str], Mapping[str, str]] = {}

    def script(self, case: Case, facts: Mapping[str, Any]) -> str:
        """The script of a case; ``facts``: all of them, the left-out ones put back.

        Raises
        ------
        ReportError
            The case has no script: a library file or route is not at hand, or can't say it in code.
        """
        make, rest = self.pieces(case, facts)
        if not rest:
            raise ReportError(case.id, "repro", "its library files give no script for it")
        return "\n".join([TITLE.replace("{id}", case.id), *make, *rest]) + "\n"

    def pieces(
        self, case: Case, facts: Mapping[str, Any]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Lines that make the source, and the rest; both empty where there is no script."""
        axes = axes_of(case.id)
        if axes["case"] == "usage":
            return (), self._usage_lines(case, axes, facts)
        if axes["case"] != "exchange" or case.outcome == "not-run":
            return (), ()
        try:  # a library file that is not at hand, or what can't be written down in a few lines
            make = self._make(axes)
            call = self._call(axes)
            sides = self._sides(case, axes, facts)
        except LookupError:
            return (), ()
        rest = _rest(case, sides, call)
        if not rest:
            return (), ()
        start = sides.api_b.get("import")
        head = (start,) if start and start not in make and start not in call else ()
        return make, (*head, *rest)

    @property
    def usage_texts(self) -> dict[str, str]:
        """Code of each usage, by ``library/topic/variant``."""
        return {key: usage.text for key, usage in self._usages.items()}

    @cached_property
    def _usages(self) -> dict[str, Any]:
        return {
            f"{name}/{usage.topic}/{usage.variant}": usage
            for name, library in self._libraries.items()
            for usage in library.usages()
        }

    def _make(self, axes: Mapping[str, str]) -> tuple[str, ...]:
        key = tuple(axes[name] for name in ("producer", "dtype", "layout", "source", "device"))
        made = self._made.get(key)
        if made is None:
            layout = self._layouts[axes["layout"]]
            if layout["elements"] > _MOST_ELEMS:
                raise LookupError(f"{axes['layout']}: too many elements to write down")
            source = Source(
                dtype=axes["dtype"],
                layout=axes["layout"],
                source=axes["source"],
                device=axes["device"],
                shape=tuple(layout["shape"]),
                strides=tuple(layout["strides"]),
                offset=layout["offset"],
                values=self._values(axes["dtype"], axes["layout"]),
                memory=None,
                template=None,
            )
            lines = self._libraries[axes["producer"]].script_make(source)
            made = self._made[key] = tuple("\n".join(lines).splitlines())
        return made

    def _call(self, axes: Mapping[str, str]) -> tuple[str, ...]:
        key = tuple(axes[name] for name in ("producer", "consumer", "route", "request"))
        call = self._calls.get(key)
        if call is None:
            producer, consumer = (self._libraries[name] for name in key[:2])
            route = next(
                route
                for route in self._routes[key[2]]
                if (route.producers is None or key[0] in route.producers)
                and (route.consumers is None or key[1] in route.consumers)
            )
            text = route.script(producer, consumer, key[3])
            call = self._calls[key] = tuple(text.splitlines())
        return tuple(line.replace("{dtype}", axes["dtype"]) for line in call)

    def _sides(self, case: Case, axes: Mapping[str, str], facts: Mapping[str, Any]) -> Sides:
        layout = self._layouts[axes["layout"]]
        source = self._sources[axes["source"]]
        result_shape = facts.get("result.shape")
        return Sides(
            api_a=self._api(axes["producer"], axes["dtype"]) if source["strided"] else {},
            api_b=self._api(axes["consumer"], facts.get("result.dtype") or axes["dtype"]),
            rank=len(layout["shape"]),
            elements=layout["elements"],
            comparable=(result_shape is None or len(result_shape) == len(layout["shape"]))
            and not source["masked"],
            value=self._other(axes["dtype"], axes["layout"]),
            outcome=case.outcome,
            facts=facts,
        )

    def _api(self, library: str, dtype: str) -> Mapping[str, str]:
        key = (library, dtype)
        if key not in self._apis:
            self._apis[key] = self._libraries[library].script_api(dtype)
        return self._apis[key]

    @cached_property
    def _layouts(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in modules().core.layouts()}

    @cached_property
    def _sources(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in modules().core.sources()}

    def _values(self, dtype: str, layout: str) -> Sequence[Any]:
        key = (dtype, layout)
        values = self._numbers.get(key)
        if values is None:
            values = self._numbers[key] = modules().core.values(dtype, layout)
        return values

    def _other(self, dtype: str, layout: str) -> str | None:
        values = self._values(dtype, layout)
        return repr(modules().core.other_value(dtype, values[0])) if values else None

    def _usage_lines(
        self, case: Case, axes: Mapping[str, str], facts: Mapping[str, Any]
    ) -> tuple[str, ...]:
        usage = self._usages.get(f"{axes['library']}/{axes['topic']}/{axes['variant']}")
        return tuple(usage.text.splitlines()) if usage else ()


def _rest(case: Case, sides: Sides, call: tuple[str, ...]) -> list[str]:
    deciding = case.deciding
    kind = observation(deciding.reason, case.modifiers, case.outcome)
    observed = OBSERVATIONS[kind](sides, call) or OBSERVATIONS["outcome"](sides, call)
    if observed is None:
        return []
    lines, recorded = observed
    deviates = deciding.verdict == "deviates"
    expected = _rule_text(deciding.rule) if deviates else recorded
    return [
        *lines,
        f"print({f'expected: {expected}'!r})",
        'print("observed:", seen)',
        f"raise SystemExit(seen {'==' if deviates else '!='} {recorded!r})",
    ]


@lru_cache(maxsize=1024)
def _rule_text(rule: str) -> str:
    row = next((row for row in modules().core.rules() if row["id"] == rule), None)
    return rule if row is None else f"{row['text']} ({rule}, {row['level']})"
