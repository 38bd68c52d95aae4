"""pytest plugin: the pairs of one library as tests, with the verdicts of the command line.

It does nothing, and imports nothing more of the suite, unless ``--dlconform-target`` or the ini key
``dlconform_target`` names a library. Array libraries are never imported here: cases run in
processes of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pytest

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records
    from dlpack_conformance.report.review import Review

__all__ = ["pytest_addoption", "pytest_collection_finish", "pytest_make_collect_report"]

_SHOWN = 5
_MOST_FILTERS = 200
_NOT_RUN = "not-run"
_WHOLE = "run"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each with an ini key but those that a single run wants."""
    group = parser.getgroup("dlconform", "DLPack conformance of one array library")
    group.addoption(
        "--dlconform-target",
        metavar="LIB",
        help="run the pairs that touch LIB: one test a pair and route",
    )
    group.addoption(
        "--dlconform-library",
        action="append",
        metavar="FILE.py",
        help="a library file from outside; repeatable",
    )
    group.addoption(
        "--dlconform-libraries", metavar="A,B", help="only pairs of LIB with these; default: all"
    )
    group.addoption("--dlconform-profile", metavar="NAME", help="default: quick")
    group.addoption(
        "--dlconform-filter",
        action="append",
        metavar="QUERY",
        help="only these cases: a pattern of ids, or key=value terms; repeatable",
    )
    group.addoption(
        "--dlconform-expect", metavar="FILE", help="expectations: what is known is no failure"
    )
    group.addoption(
        "--dlconform-cases", action="store_true", help="one test a case, its name is the case's id"
    )
    group.addoption("--dlconform-out", metavar="FILE", help="keep the records")
    for key in ("target", "libraries", "profile", "expect"):
        parser.addini(f"dlconform_{key}", f"default of --dlconform-{key}", default=None)
    parser.addini("dlconform_library", "default of --dlconform-library", type="linelist")


# The older kind of wrapper: an environment with an old pytest must not suffer from this plugin.
@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    """Add the tests to those that the session finds, so that -k, -m and counts know them."""
    target = _option(collector.config, "target")
    run = _Run(collector.config, target) if target and _is_session(collector) else None
    outcome = yield
    if run is not None:
        cases = _Cases.from_parent(collector, name="dlconform", nodeid="dlconform")
        cases.run = run
        report = outcome.get_result()
        report.result = [*(report.result or ()), cases]


def _is_session(collector: pytest.Collector) -> bool:
    return isinstance(collector, pytest.Session)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let a run know which of its tests were chosen, so that no others are run."""
    chosen = [item for item in session.items if isinstance(item, _Group)]
    if chosen:
        chosen[0].run.chosen = [item.name for item in chosen if item.name != _WHOLE]


def _option(config: pytest.Config, name: str) -> Any:
    given = config.getoption(f"dlconform_{name}")
    return given or config.getini(f"dlconform_{name}")


class _Cases(pytest.Collector):
    """Parent of the tests; it lies in no file."""

    run: _Run

    def collect(self) -> Iterator[_Group]:
        """One test a group, and one of the run as a whole."""
        for name in (*self.run.groups, _WHOLE):
            group = _Group.from_parent(self, name=name, nodeid=f"dlconform::{name}")
            group.run = self.run
            yield group


class _Group(pytest.Item):
    """The cases of a pair and route, one case, or (by the name ``run``) the run as a whole."""

    run: _Run

    def runtest(self) -> None:
        """Fail for what is unexpected; skip where nothing of it can run here."""
        if self.name == _WHOLE:
            self.run.check_whole()
        else:
            self.run.check(self)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show the finding alone: no line of this plugin helps."""
        if isinstance(excinfo.value, pytest.fail.Exception):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The run's root: it lies in no file, and its name says all."""
        return self.config.rootpath, None, ""


class _Observed(NamedTuple):
    """Records, what they are worth, and their cases by id."""

    records: Records
    review: Review
    cases: dict[str, Case]


class _Run:
    """What is planned, and once the first test asks: what was observed."""

    def __init__(self, config: pytest.Config, target: str) -> None:
        from dlpack_conformance.errors import ConformanceError

        self._config = config
        self._target = target
        self._files = tuple(map(str, _option(config, "library") or ()))
        libraries = _option(config, "libraries")
        self._libraries = None
        if libraries:
            named = (name.strip() for name in libraries.split(","))
            self._libraries = tuple(dict.fromkeys([*named, target, "reference"]))
        self._profile = _option(config, "profile") or "quick"
        self._filters = tuple(config.getoption("dlconform_filter") or ())
        self.chosen: list[str] = []
        self._found: dict[str, _Observed] = {}
        # Each worker of a distributed session sees few of the tests: it runs what it is given.
        self._distributed = hasattr(config, "workerinput")
        try:
            self._expectations = _load(_option(config, "expect"))
            self.groups = self._plan()
        except (ConformanceError, ValueError) as error:
            raise pytest.UsageError(f"dlconform: {error}") from None

    def _plan(self) -> dict[str, list[str]]:
        """Ids of the planned cases by group."""
        from dlpack_conformance import modules
        from dlpack_conformance.engine.census import census

        names = self._libraries
        found = census(names, files=self._files)
        if self._target not in found.libraries:
            why = found.missing.get(self._target, "no library file has this name")
            there = ", ".join(found.libraries)
            raise pytest.UsageError(f"--dlconform-target {self._target}: {why}; there are: {there}")
        plan = modules().core.Plan(found.spec(self._profile, self._filters, self._target))
        each = self._config.getoption("dlconform_cases")
        groups: dict[str, list[str]] = {}
        for index in range(len(plan)):
            case = plan.id(index)
            groups.setdefault(case if each else _group_of(case), []).append(case)
        if not groups:
            raise pytest.UsageError(f"dlconform: no case of {self._target} is planned")
        return groups

    def check(self, item: _Group) -> None:
        """Fail where a case of the group is red."""
        seen = self._observed(item.name)
        members = self.groups[item.name]
        cases = [seen.cases[one] for one in members if one in seen.cases]
        reds = [seen.review.reds[one] for one in members if one in seen.review.reds]
        item.user_properties += [
            ("dlconform_cases", len(members)),
            ("dlconform_expected", sum(one in seen.review.expected for one in members)),
        ]
        if reds:
            _fail(_told(reds, len(members)))
        if len(cases) < len(members):
            _fail(f"{len(members) - len(cases)} of {len(members)} planned cases have no record")
        if all(case.outcome == _NOT_RUN for case in cases):
            reasons = Counter(case.deciding.reason for case in cases)
            pytest.skip(f"not run: {', '.join(sorted(reasons))}")

    def check_whole(self) -> None:
        """Fail where the run did not end, nothing ran, or an expectation is stale."""
        if self._distributed:
            pytest.skip("each worker runs its own tests: no one sees the whole run")
        seen = self._observed("")
        records, review = seen.records, seen.review
        if records.incomplete:
            _fail(f"incomplete: {records.incomplete}")
        if all(case.outcome == _NOT_RUN for case in records.cases):
            _fail("nothing ran")
        if set(self.chosen) == set(self.groups) and review.stale:
            lines = [f"{one.entry}: stale: {one.cases} ({one.why})" for one in review.stale]
            _fail("\n".join(lines))

    def _observed(self, group: str) -> _Observed:
        """What was seen of a group, and of all others that were chosen with it."""
        key = group if self._distributed else ""
        if key not in self._found:
            chosen = [group] if self._distributed else self.chosen
            few = len(chosen) <= min(_MOST_FILTERS, len(self.groups) - 1)
            self._found[key] = self._observe(chosen if few else [])
        return self._found[key]

    def _observe(self, groups: Sequence[str]) -> _Observed:
        """Run these groups, or all, and review what was seen."""
        import tempfile

        from dlpack_conformance.engine import Options, run
        from dlpack_conformance.report.records import read
        from dlpack_conformance.report.review import review

        with tempfile.TemporaryDirectory(prefix="dlconform-") as folder:
            out = str(self._config.getoption("dlconform_out") or Path(folder, "run.ndjson"))
            options = Options(
                profile=self._profile,
                filters=tuple(map(_pattern_of, groups)) or self._filters,
                libraries=self._libraries,
                target=self._target,
                files=self._files,
                out=out,
                command=("pytest", *map(str, self._config.invocation_params.args)),
            )
            if run(options).interrupted:
                raise KeyboardInterrupt
            records = read(out)
        found = review(records, self._expectations, target=self._target)
        return _Observed(records, found, {case.id: case for case in records.cases})


def _load(expect: str | None) -> Any:
    if not expect:
        return None
    from dlpack_conformance.report.expectations import load

    return load(expect)


def _group_of(case: str) -> str:
    """``exchange/A/B/route``, ``protocol/A/C`` for the rules C, ``usage/A``."""
    kind, *parts = case.split("/")
    if kind == "exchange":
        return "/".join((kind, *parts[:3]))
    return f"{kind}/{parts[0]}/{parts[1][0]}" if kind == "protocol" else f"{kind}/{parts[0]}"


def _pattern_of(group: str) -> str:
    """The cases of a group, as a pattern; that of one case is its id."""
    parts = group.split("/")
    if parts[0] == "protocol" and len(parts) == 3:
        return f"protocol/{parts[1]}/{parts[2]}-*/*"
    whole = {"exchange": 9, "protocol": 4, "usage": 4}[parts[0]]
    return group if len(parts) == whole else f"{group}/**"


def _told(reds: Sequence[Any], count: int) -> str:
    """Each kind of finding once, with how many cases show it and one of them."""
    alike: dict[str, list[str]] = {}
    for red in reds:
        entry = f" ({red.entry})" if red.entry else ""
        alike.setdefault(f"{red.text}{entry}", []).append(red.case)
    lines = [f"{len(reds):,} of {count:,} cases are not as expected:"]
    for text, cases in sorted(alike.items(), key=lambda pair: -len(pair[1]))[:_SHOWN]:
        lines += [f"{len(cases):,} x {text}", f"    dlconform repro '{cases[0]}'"]
    if len(alike) > _SHOWN:
        lines.append(f"and {len(alike) - _SHOWN} kinds more")
    return "\n".join(lines)


def _fail(text: str) -> NoReturn:
    pytest.fail(text, pytrace=False)
