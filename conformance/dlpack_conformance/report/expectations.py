"""Expectations: what cases are known to show, with the reason, from TOML files (design, section 8).

A file is a list of ``[[expect]]``. ``extends`` names files, or lists that the package ships, whose
entries come before its own; of the entries that match a case the last one speaks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlpack_conformance.errors import ExpectationsError
from dlpack_conformance.report.expectation_rows import Words, parse_entry
from dlpack_conformance.report.expectation_when import holds

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Judged, Records

__all__ = ["SHIPPED", "Entry", "Expectations", "load", "parse", "shipped"]

SHIPPED = Path(__file__).parents[1] / "expectations"
"""Where the package keeps its own lists, one a library."""

_TOP = ("expect", "extends")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``name``: its file (or shipped list) and number, ``mylib.toml:3``.

    It expects ``verdict`` or ``outcome``; the other one is empty. ``rules`` and ``reasons``: which
    deviations of a case it expects; where it names both, a deviation is of both.
    """

    name: str
    cases: tuple[str, ...]
    why: str
    verdict: str = ""
    outcome: str = ""
    rules: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    when: Mapping[str, str | list[str]] = field(default_factory=dict)
    kind: str = ""
    issue: str = ""
    review: date | None = None
    some: bool = False

    @property
    def words(self) -> str:
        """What is expected, as words."""
        rules, reasons = ", ".join(sorted(self.rules)), ", ".join(sorted(self.reasons))
        named = f"{rules} ({reasons})" if rules and reasons else rules or reasons
        by = f" by {named}" if named else ""
        return (
            f"{self.verdict}{by}" if self.verdict else f"{self.outcome}{by and ', deviates' + by}"
        )

    def names(self, judged: Judged) -> bool:
        """Whether a rule's answer is one that the entry names; without rule and reason none is."""
        return (
            bool(self.rules or self.reasons)
            and (not self.rules or judged.rule in self.rules)
            and (not self.reasons or judged.reason in self.reasons)
        )

    def holds(self, records: Records) -> bool:
        """Whether its ``when`` holds where the records were made."""
        return holds(self.when, records)


@dataclass(frozen=True, slots=True)
class Expectations:
    """Entries in the order in which they speak, those of ``extends`` first; files as read."""

    entries: tuple[Entry, ...]
    files: tuple[Path, ...]


def shipped() -> list[str]:
    """Names of the lists that the package ships."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load(name: str | Path) -> Expectations:
    """Read a file, or the list that the package ships under a name, and what it extends.

    Raises
    ------
    ExpectationsError
        The first thing that is wrong: no such file, no TOML, an unknown key, rule, reason or part
        of a case id, an entry without a reason, or a circle of ``extends``.
    """
    found, errors = parse(name)
    if errors:
        raise errors[0]
    return found


def parse(
    name: str | Path, *, text: str | None = None, unfinished: bool = False
) -> tuple[Expectations, list[ExpectationsError]]:
    """The same, with everything that is wrong; entries that can't be used are left out.

    ``text``: what the file is to hold, where that is not what it holds. ``unfinished``: an empty
    ``why`` is not wrong.
    """
    reading = _Reading(unfinished=unfinished)
    path = Path(name) if text is not None else _locate(str(name), None, str(name))
    reading.file(path, (), text)
    return Expectations(tuple(reading.entries), tuple(reading.files)), reading.errors


class _Reading:
    """Files read one after another; each is read once."""

    def __init__(self, *, unfinished: bool) -> None:
        self.entries: list[Entry] = []
        self.files: list[Path] = []
        self.errors: list[ExpectationsError] = []
        self._words = Words()
        self._root = Path()
        self._unfinished = unfinished

    def file(self, path: Path, above: tuple[Path, ...], text: str | None = None) -> None:
        """Read what the file extends, then its entries."""
        table = _toml(path, text)
        here = str(path)
        if not above:
            self._root = path.parent
        for key in table.keys() - set(_TOP):
            self._error(here, 0, key, "is no key of a file of expectations", ", ".join(_TOP))
        for name in self._extended(here, table.get("extends", [])):
            try:
                other = _locate(name, path.parent, here)
            except ExpectationsError as error:
                self.errors.append(error)
                continue
            if other.resolve() in {one.resolve() for one in (*above, path)}:
                circle = " -> ".join(str(one) for one in (*above, path, other))
                self._error(here, 0, "extends", f"goes round in a circle: {circle}", "")
            elif other.resolve() not in {one.resolve() for one in self.files}:
                self.file(other, (*above, path))
        self.files.append(path)
        rows = table.get("expect", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._error(here, 0, "expect", "is no list of tables", "[[expect]] before each entry")
            return
        for number, row in enumerate(rows, start=1):
            found: list[ExpectationsError] = []
            values = parse_entry(here, number, row, self._words, found, unfinished=self._unfinished)
            self.errors += found
            if values is not None:
                self.entries.append(Entry(f"{self._name(path)}:{number}", **values))

    def _name(self, path: Path) -> str:
        """A shipped list by its name, any other file by its way from the one that was asked for."""
        if path.parent == SHIPPED:
            return path.stem
        return os.path.relpath(path, self._root)

    def _extended(self, file: str, value: Any) -> Iterator[str]:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            text = "a path from this file, the name of a shipped list, or a list of them"
            self._error(file, 0, "extends", f"is {value!r}", text)
            return
        yield from names

    def _error(self, file: str, entry: int, key: str, reason: str, allowed: str) -> None:
        self.errors.append(ExpectationsError(file, entry, key, reason, allowed))


def _locate(name: str, folder: Path | None, file: str) -> Path:
    """The file of a name; a bare word that is no file is the name of a shipped list.

    ``folder``: of the file that extends it, None for a name that a user typed.
    """
    path = Path(name) if folder is None else folder / name
    if path.is_file():
        return path
    if name in shipped():
        return SHIPPED / f"{name}.toml"
    key = "file" if folder is None else "extends"
    reason = "no such file" if folder is None else f"{name}: no such file"
    raise ExpectationsError(
        file, 0, key, reason, f"a path, or one of the shipped lists: {', '.join(shipped())}"
    )


def _toml(path: Path, text: str | None) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8") if text is None else text))
    except OSError as error:
        raise ExpectationsError(str(path), 0, "file", error.strerror or str(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExpectationsError(str(path), 0, "file", f"no TOML ({error})") from None
