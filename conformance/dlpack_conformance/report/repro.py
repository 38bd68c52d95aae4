"""Scripts of at most 25 lines that show one case with nothing but the two libraries.

A script is a title, the lines that make the source (`Library.script_make`), and the rest: the
route's call (`Route.script`), an observation that puts what it sees into ``seen``, and an exit
status. It exits 1 when it sees what is wrong: the deviation that was recorded, an exception of
another class than the text has, a process lost over malformed input. Of a case with nothing wrong
it exits 1 when it sees anything but what was recorded. Else it exits 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules
from dlpack_conformance.errors import ReportError
from dlpack_conformance.report.made import make_lines
from dlpack_conformance.report.observations import OBSERVATIONS, Sides, observation
from dlpack_conformance.report.protocol import look_lines
from dlpack_conformance.report.records import Judged, axes_of

if TYPE_CHECKING:
    from dlpack_conformance.libraries import Library, Route
    from dlpack_conformance.report.protocol import ProtocolScripts
    from dlpack_conformance.report.records import Case

__all__ = ["MAX_LINES", "TITLE", "Script", "Scripts", "accuses"]

MAX_LINES = 25
TITLE = "# dlconform repro '{id}'"
_CHILD = "if child == 0:"  # of the observation `end`


@dataclass(frozen=True, slots=True)
class Script:
    """A script of a case. ``kind``: ``exchange``, ``usage``, ``own``, ``traced`` or ``look``.

    ``against``: the same with the reference in the library's place; None where there is no such.
    """

    kind: str
    text: str
    against: str | None = None


class Scripts:
    """Makes scripts for cases out of what library files and routes say of themselves.

    ``protocol``: makes those of protocol cases; without it they let the suite run the case.
    """

    def __init__(
        self,
        libraries: Mapping[str, Library],
        routes: Sequence[tuple[Route, str]],
        protocol: ProtocolScripts | None = None,
        probe_texts: Mapping[str, str] | None = None,
    ) -> None:
        self._libraries = libraries
        self._protocol = protocol
        self.probe_texts = dict(probe_texts or {})
        """What each probe does, by ``rule/variant``."""
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
        return next(self.scripts(case, facts)).text

    def scripts(
        self,
        case: Case,
        facts: Mapping[str, Any],
        entry: Judged | None = None,
        others: Sequence[str] = (),
    ) -> Iterator[Script]:
        """Scripts of a case, the best first; those of more than `MAX_LINES` lines are left out.

        ``entry``: the rule's answer to be shown, by default the deciding one. ``others``: ids of
        the same case with the reference in the library's place; the first with a script counts.

        Raises
        ------
        ReportError
            There is none.
        """
        entry = entry or case.deciding
        found = False
        other = others[0] if others else ""
        if self._protocol is not None and case.id.startswith("protocol/"):
            for mine, theirs in self._protocol.lines(
                case, facts, entry.reason, other, wrong=accuses(case, entry)
            ):
                text = self._whole(case.id, [], _ended(case, entry, mine[1], mine[2]))
                against = None
                if theirs is not None:
                    against = self._whole(other, [], _ended(case, entry, theirs[1], theirs[2]))
                if text.count("\n") <= MAX_LINES and (against or "").count("\n") <= MAX_LINES:
                    found = True
                    yield Script(mine[0], text, against)
        else:
            make, rest = self.pieces(case, facts, entry)
            found = bool(rest)
            if found:
                text = self._whole(case.id, make, rest)
                yield Script(
                    axes_of(case.id)["case"], text, self._against(case, facts, entry, others)
                )
        if not found:
            raise ReportError(case.id, "repro", "its library files give no script for it")

    def _whole(self, case_id: str, make: Sequence[str], rest: Sequence[str]) -> str:
        return "\n".join([TITLE.replace("{id}", case_id), *make, *rest]) + "\n"

    def _against(
        self, case: Case, facts: Mapping[str, Any], entry: Judged, others: Sequence[str]
    ) -> str | None:
        """The script of ``case`` with the libraries of the first other case that has one."""
        for other in others:
            make, rest = self.pieces(replace(case, id=other), facts, entry)
            if rest:
                return self._whole(other, make, rest)
        return None

    def prepare(self, case_ids: Sequence[str]) -> None:
        """Look at these protocol cases now, all at once; `scripts` then needs no process."""
        if self._protocol is not None:
            self._protocol.prepare([one for one in case_ids if one.startswith("protocol/")])

    def pieces(
        self, case: Case, facts: Mapping[str, Any], entry: Judged | None = None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Lines that make the source, and the rest; both empty where there is no script."""
        entry = entry or case.deciding
        axes = axes_of(case.id)
        if axes["case"] == "usage":
            return (), self._usage_lines(case, axes, facts, entry)
        if case.outcome == "not-run":
            return (), ()
        if axes["case"] == "protocol":
            _, lines, recorded = look_lines(case, case.id)
            return (), tuple(_ended(case, entry, lines, recorded))
        try:  # a library file that is not at hand, or what can't be written down in a few lines
            make = self._make(axes)
            call = self._call(axes)
            sides = self._sides(case, axes, facts)
        except LookupError:
            return (), ()
        rest = _rest(case, entry, sides, call)
        if not rest:
            return (), ()
        start = sides.api_b.get("import")
        head = (start,) if start and start not in make and start not in call else ()
        if axes["device"] != "cpu" and _CHILD in rest:
            return (), (*head, *_made_in_child(rest, make))
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
            library = self._libraries[axes["producer"]]
            made = self._made[key] = make_lines(library, *key[1:])
        return made

    def _call(self, axes: Mapping[str, str]) -> tuple[str, ...]:
        key = tuple(axes[name] for name in ("producer", "consumer", "route", "request"))
        call = self._calls.get(key)
        if call is None:
            producer, consumer = (self._libraries[name] for name in key[:2])
            fitting = [
                route
                for route in self._routes[key[2]]
                if (route.producers is None or key[0] in route.producers)
                and (route.consumers is None or key[1] in route.consumers)
            ]
            if not fitting:
                raise LookupError(f"{key[2]}: no way from {key[0]} to {key[1]}")
            route = fitting[0]
            text = route.script(producer, consumer, key[3])
            call = self._calls[key] = tuple(text.splitlines())
        return tuple(line.replace("{dtype}", axes["dtype"]) for line in call)

    def _sides(self, case: Case, axes: Mapping[str, str], facts: Mapping[str, Any]) -> Sides:
        layout = self._layouts[axes["layout"]]
        source = self._sources[axes["source"]]
        result_shape = facts.get("result.shape")
        api_b = self._api(axes["consumer"], facts.get("result.dtype") or axes["dtype"])
        if facts.get("result.error") is not None:  # it reads nothing of this; the rest it can say
            api_b = {k: text for k, text in api_b.items() if k not in ("values", "write")}
        return Sides(
            api_a=self._api(axes["producer"], axes["dtype"]) if source["strided"] else {},
            api_b=api_b,
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
        self, case: Case, axes: Mapping[str, str], facts: Mapping[str, Any], entry: Judged
    ) -> tuple[str, ...]:
        usage = self._usages.get(f"{axes['library']}/{axes['topic']}/{axes['variant']}")
        error = facts.get("answer.error")
        recorded = facts.get("answer.value") if error is None else f"raised {error}"
        if usage is None or not usage.value or recorded is None:
            return ()
        lines = [
            *usage.imports,
            "try:",
            *(f"    {line}" for line in usage.text.splitlines()),
            f"    seen = {usage.value}",
            "except Exception as error:",
            '    seen = "raised " + type(error).__name__',
        ]
        return tuple(_ended(case, entry, lines, recorded))


def accuses(case: Case, entry: Judged) -> bool:
    """Whether an answer in a case is about something wrong, however grave.

    Another class than the one that a text merely allows is nothing wrong.
    """
    wrong_class = entry.verdict == "permitted" and entry.reason == "wrong-error"
    wrong_class = wrong_class and _level(entry.rule) != "may"
    lost = case.outcome in ("crashed", "hung") and case.input == "malformed"
    return entry.verdict == "deviates" or wrong_class or lost


def _made_in_child(rest: Sequence[str], make: Sequence[str]) -> list[str]:
    """The lines with the source made after the fork: CUDA is of no use in a child of its user."""
    at = rest.index(_CHILD) + 1
    return [*rest[:at], *(f"    {line}" for line in make), *rest[at:]]


def _rest(case: Case, entry: Judged, sides: Sides, call: tuple[str, ...]) -> list[str]:
    kind = observation(entry.reason, case.modifiers, case.outcome)
    observed = OBSERVATIONS[kind](sides, call) or OBSERVATIONS["outcome"](sides, call)
    if observed is None:
        return []
    return _ended(case, entry, *observed)


def _ended(case: Case, entry: Judged, lines: Sequence[str], recorded: str) -> list[str]:
    """Lines that leave ``seen``, and those that say and exit: 1 for what is wrong, or a change."""
    wrong = accuses(case, entry)
    expected = recorded
    if case.input == "malformed" and wrong:
        expected = "an exception, or a result: the process goes on"
    elif wrong:
        expected = _rule_text(entry.rule)
    return [
        *lines,
        f"print({f'expected: {expected}'!r})",
        'print("observed:", seen)',
        f"raise SystemExit(seen {'==' if wrong else '!='} {recorded!r})",
    ]


@lru_cache(maxsize=1024)
def _level(rule: str) -> str:
    row = next((row for row in modules().core.rules() if row["id"] == rule), None)
    return "" if row is None else str(row["level"])


@lru_cache(maxsize=1024)
def _rule_text(rule: str) -> str:
    row = next((row for row in modules().core.rules() if row["id"] == rule), None)
    return rule if row is None else f"{row['text']} ({rule}, {row['level']})"
