"""Scripts of protocol cases, made from what the probe did.

In this order: the probe's own (`Probe.script`), the traced call, and as the last resort the suite
itself, which runs the case once more (`engine.once.look`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from dlpack_conformance.report.made import make_lines
from dlpack_conformance.report.traced import Line, call_that, calls_of, observed, recorded_end

if TYPE_CHECKING:
    from dlpack_conformance.libraries import Library
    from dlpack_conformance.report.records import Case

__all__ = ["Lines", "OwnScript", "ProtocolScripts", "look_lines"]

Lines = tuple[str, list[str], str]
"""Kind of script (``own``, ``traced``, ``look``), lines that leave ``seen``, what was recorded."""

_SEEN_BY_CALLS = frozenset({"source", "route", "export", "result", "proof", "crash"})
"""Groups of facts that calls alone show."""

_LOST = ("crashed", "hung")
_REF = "from dlpack_conformance import _instrument as ref"


class OwnScript(Protocol):
    """A probe's own script: lines that leave in ``seen`` what the fact holds."""

    @property
    def fact(self) -> str:
        """Name of the fact."""

    @property
    def source(self) -> tuple[str, str, str] | None:
        """Dtype, layout and source of the array ``a`` that the lines use."""

    @property
    def lines(self) -> Callable[[Library], list[str] | None]:
        """Lines for a library; None where they can't be written for it."""


class ProtocolScripts:
    """Makes lines for protocol cases. No library is imported in this process.

    ``trace(ids)``: fields of `Line` of the cases that are installed. ``own(library)``: scripts of
    its probes, by rule and variant. ``has(id)``: whether the reference meets what the probe of a
    case needs. ``files``: library files from outside.
    """

    def __init__(
        self,
        libraries: Mapping[str, Library],
        trace: Callable[[Sequence[str]], Mapping[str, list[dict[str, Any]]]],
        own: Callable[[Library], Mapping[tuple[str, str], OwnScript]],
        has: Callable[[str], bool],
        files: Sequence[str] = (),
    ) -> None:
        self._libraries = libraries
        self._trace = trace
        self._own_of = own
        self._has = has
        self._files = tuple(files)
        self._own_scripts: dict[str, Mapping[tuple[str, str], OwnScript]] = {}
        self._traces: dict[str, list[Line] | None] = {}

    def prepare(self, case_ids: Sequence[str]) -> None:
        """Trace these cases now, all in one process."""
        wanted = [one for one in dict.fromkeys(case_ids) if one not in self._traces]
        found = self._trace(wanted) if wanted else {}
        for one in wanted:
            rows = found.get(one)
            self._traces[one] = None if rows is None else [Line(**row) for row in rows]

    def lines(
        self, case: Case, facts: Mapping[str, Any], reason: str, other: str, *, wrong: bool
    ) -> Iterator[tuple[Lines, Lines | None]]:
        """Lines of a case, the best first, each with the same of the case ``other``.

        ``wrong``: the case accuses its library, and that is to be shown. Otherwise all of what was
        recorded is, and calls alone are too little for counts, threads or tables.

        None where ``other`` is empty, or no case of the reference: it lacks what the probe needs.
        """
        yield from self._own(case, facts, other)
        groups = {name.partition(".")[0] for name, value in facts.items() if value is not None}
        if not wrong and not groups <= _SEEN_BY_CALLS:
            yield look_lines(case, case.id, self._files), None
            return
        self.prepare([one for one in (case.id, other) if one])
        for kind, mine, theirs in self._traced(case, facts, reason, other):
            if theirs is None and other and self._has(other):
                continue
            # That a call came back, or raised, says nothing of a deviation by itself.
            telling = kind != "end" or case.outcome in _LOST or reason == "wrong-error"
            if theirs is not None or telling or not wrong:
                yield mine, theirs
        there = look_lines(case, other) if other and self._has(other) else None
        yield look_lines(case, case.id, self._files), there

    def _own_script(self, case_id: str) -> OwnScript | None:
        _, name, rule, variant = case_id.split("/")
        library = self._libraries.get(name)
        if library is None:
            return None
        if name not in self._own_scripts:
            self._own_scripts[name] = self._own_of(library)
        return self._own_scripts[name].get((rule, variant))

    def _own(
        self, case: Case, facts: Mapping[str, Any], other: str
    ) -> Iterator[tuple[Lines, Lines | None]]:
        script = self._own_script(case.id)
        if script is None or script.fact not in facts:
            return
        recorded = f"{script.fact} = {facts[script.fact]!r}"

        def of(case_id: str) -> Lines | None:
            library = self._libraries.get(case_id.split("/")[1])
            lines = None if library is None else script.lines(library)
            if library is None or lines is None:
                return None
            try:
                make = make_lines(library, *script.source) if script.source else ()
            except LookupError:
                return None
            seen = f'seen = f"{script.fact} = {{seen!r}}"'
            return "own", [*make, *lines, seen], recorded

        mine = of(case.id)
        if mine is not None:
            yield mine, of(other) if other and self._has(other) else None

    def _traced(
        self, case: Case, facts: Mapping[str, Any], reason: str, other: str
    ) -> Iterator[tuple[str, Lines, Lines | None]]:
        trace = self._traces.get(case.id)
        ended = recorded_end(case.outcome, str(facts.get("crash.step") or ""), facts)
        number = None if trace is None else call_that(trace, ended)
        if trace is None or number is None:
            return
        against = self._traces.get(other)
        theirs = {} if against is None else calls_of(against, number)
        library = case.id.split("/")[1]
        done: set[tuple[str, ...]] = set()
        for name, called in calls_of(trace, number).items():
            beside: dict[str, Lines] = {}
            if name in theirs:
                api = self._apis("reference", facts)
                for kind, lines, recorded in observed(
                    theirs[name], case.outcome, reason, facts, api
                ):
                    beside[kind] = ("traced", self._with_imports("reference", lines), recorded)
            api = self._apis(library, facts)
            for kind, lines, recorded in observed(called, case.outcome, reason, facts, api):
                if tuple(lines) not in done:
                    done.add(tuple(lines))
                    whole = self._with_imports(library, lines)
                    yield kind, ("traced", whole, recorded), beside.get(kind)

    def _apis(self, library: str, facts: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
        """How a script looks at results (""), and at arrays by their owner."""
        given = str(facts.get("source.dtype") or "float32")
        result = str(facts.get("result.dtype") or given)
        return {
            **{name: self._api(name, given) for name in (library, "reference")},
            "": self._api(library, result),
        }

    def _api(self, name: str, dtype: str) -> Mapping[str, str]:
        library = self._libraries.get(name)
        return {} if library is None else library.script_api(dtype)

    def _with_imports(self, library: str, lines: Sequence[str]) -> list[str]:
        """Lines with the imports that they use and do not have, on top."""
        text = "\n".join(lines)
        start = self._api(library, "float32").get("import", "")
        used = any(f"{name}." in text for name in _names(start))
        found = [start] if used and start not in lines else []
        if "ref." in text and _REF not in lines and _REF not in found:
            found.append(_REF)
        return [*found, *lines]


def _names(start: str) -> list[str]:
    """Names that an import line gives."""
    parts = start.partition("import ")[2].split(",")
    return [part.split()[-1].partition(".")[0] for part in parts if part.strip()]


def look_lines(case: Case, case_id: str, files: Sequence[str] = ()) -> Lines:
    """Lines that let the suite run a case; what was recorded is that of ``case``."""
    deciding = case.deciding
    words = (deciding.rule, deciding.verdict, deciding.reason)
    judged = " ".join(word for word in words if word)
    recorded = f"{case.outcome}, {judged}" if judged else case.outcome
    lines = [
        "from dlpack_conformance.engine.once import look",
        f"seen = look({', '.join(map(repr, (case_id, *files)))})",
    ]
    return "look", lines, recorded
