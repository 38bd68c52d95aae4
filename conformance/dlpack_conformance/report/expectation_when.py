"""Where an expectation is meant: versions, Python, platform and configuration of a run."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Records

__all__ = ["ALLOWED", "check", "holds", "missing"]

ALLOWED = (
    'package = ">= 2.13, < 2.14", python = ">= 3.11", platform = "linux-x86_64", '
    'configuration = "mylib+x64"; globs and lists for the last two'
)
_NAMES = ("platform", "configuration")


def check(when: Mapping[str, str | list[str]]) -> tuple[str, str] | None:
    """The first key that can't be understood and why, or None."""
    for key, value in when.items():
        if key in _NAMES:
            continue
        if not isinstance(value, str):
            return key, f"is {value!r}, not one text with versions"
        try:
            SpecifierSet(value)
        except InvalidSpecifier:
            return key, f"{value!r} are no versions"
    return None


def holds(when: Mapping[str, str | list[str]], records: Records) -> bool:
    """Whether every condition holds where the records were made."""
    return all(_holds(key, value, records) for key, value in when.items())


def missing(when: Mapping[str, str | list[str]], records: Records) -> list[str]:
    """Packages of the conditions that no library of the records has: such an entry never speaks."""
    known = {name for versions in records.versions.values() for name in versions}
    return [key for key in when if key not in {*_NAMES, "python"} and key not in known]


def _holds(key: str, value: str | list[str], records: Records) -> bool:
    globs = [value] if isinstance(value, str) else value
    if key == "platform":
        system = str(records.header.get("os", "")).partition(" ")[0].lower()
        places = system, f"{system}-{records.header.get('machine', '')}"
        return any(fnmatchcase(place, glob) for place in places for glob in globs)
    if key == "configuration":
        names = [name for name in records.versions if "+" in name]
        return any(fnmatchcase(name, glob) for name in names for glob in globs)
    if key == "python":
        return _within(str(records.header.get("python", "")), str(value))
    versions = (found[key] for found in records.versions.values() if key in found)
    return any(_within(version, str(value)) for version in versions)


def _within(version: str, versions: str) -> bool:
    """As packages have it: ``2.14.0a1`` is above 2.13, and neither below nor at least 2.14."""
    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False
