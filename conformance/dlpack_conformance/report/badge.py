"""A static badge: which library and version, which cases, when, and what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlpack_conformance.errors import OptionError, ReportError
from dlpack_conformance.report.counts import OURS, blamed
from dlpack_conformance.report.marks import Reviewed
from dlpack_conformance.report.templates import environment
from dlpack_conformance.report.written import legal, replace_text

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["LABEL", "Badge", "badge", "write_badge"]

LABEL = "dlconform"
_FILLS = {"brightgreen": "#2c7a3f", "yellow": "#8a6100", "red": "#b3261e", "lightgrey": "#5b6570"}
_NARROW = "ijlrtfI.,:;|!'()[] /-"
_WIDTHS = (4.3, 7.1)  # pixels of a narrow and of any other letter, 11 px high


@dataclass(frozen=True, slots=True)
class Badge:
    """``message`` is what the badge shows, ``sentence`` the whole claim; ``color``: as shields."""

    message: str
    sentence: str
    color: str

    @property
    def endpoint(self) -> dict[str, Any]:
        """The object that a badge service reads from an address."""
        return {
            "schemaVersion": 1,
            "label": LABEL,
            "message": self.message,
            "color": self.color,
        }

    @property
    def svg(self) -> str:
        """The picture; it loads nothing."""
        label_width, width = _width(LABEL), _width(self.message)
        return (
            environment()
            .get_template("badge.svg.j2")
            .render(
                label=LABEL,
                message=legal(self.message),
                sentence=legal(self.sentence),
                label_width=label_width,
                width=width,
                fill=_FILLS[self.color],
            )
        )


def badge(
    records: Records, library: str | None, date: str, review: Reviewed | None = None
) -> Badge:
    """What the records say of one library (None: the only one, or the run's target).

    Counted are cases that touch it and were run, and deviations blamed on it or on its pair. A file
    that is incomplete, or one shard, makes no claim.

    Raises
    ------
    OptionError
        There is no such library, or more than one to choose from.
    ReportError
        The file holds one shard.
    """
    if records.shard:
        text = f"is {records.shard}, and a badge speaks of all cases"
        raise ReportError(str(records.path), "header: shard", text, "the merged file")
    name = _chosen(records, library)
    versions = records.versions[name]
    version = versions.get(name) or next(iter(versions.values()), "")
    subject = f"{name} {version}".strip()
    profile = str(records.header.get("profile", ""))
    if records.incomplete:
        return Badge(
            f"{subject}: incomplete, {date}",
            f"{subject}: the run of {date} (profile {profile}) is incomplete and claims nothing.",
            "lightgrey",
        )
    touched = [case for case in _touching(records, name) if case.outcome != "not-run"]
    found = [case for case in touched if _blames(case, name)]
    known, new = 0, len(found)
    if review is not None:
        known = sum(case.id in review.expected for case in found)
        new = sum(case.id in review.reds for case in found)
    counted = f"{len(touched):,} cases"
    if not touched:
        said, color = "nothing ran", "lightgrey"
    elif new:
        said, color = f"{len(found):,} of {counted} deviate", "red"
    elif known:
        said, color = f"{counted}, {known:,} known deviations", "yellow"
    else:
        said, color = f"{counted}, no deviation", "brightgreen"
    narrowed = records.header.get("filters") or []
    where = f"{profile} profile" + (", filtered" if narrowed else "")
    sentence = (
        f"{subject}: {said}; {where}, {date}, dlconform {records.header.get('suite', '')}, "
        f"catalogue {records.header.get('catalogue', '')}."
    )
    return Badge(f"{subject}: {said} ({where}, {date})", sentence, color)


def write_badge(made: Badge, path: str | Path) -> None:
    """Write the picture (``.svg``), or what a badge service reads (``.json``).

    Raises
    ------
    OptionError
        The name ends in neither.
    ReportError
        It can't be written.
    """
    import msgspec

    ending = Path(path).suffix
    if ending == ".svg":
        replace_text(path, made.svg)
    elif ending == ".json":
        text = msgspec.json.format(msgspec.json.encode(made.endpoint), indent=2).decode()
        replace_text(path, text + "\n")
    else:
        raise OptionError(f"--out {path}: allowed is a name that ends in .svg or .json")


def _chosen(records: Records, library: str | None) -> str:
    there = [name for name in records.versions if name not in OURS]
    wanted = library or records.census.get("target")
    if wanted is None and len(there) == 1:
        return there[0]
    if wanted is None:
        said = f"the records have {', '.join(there) or 'no library'}"
        raise OptionError(f"--target: {said}; allowed is one of them")
    if wanted not in records.versions:
        raise OptionError(f"--target {wanted}: allowed is one of {', '.join(there)}")
    return str(wanted)


def _touching(records: Records, name: str) -> Iterator[Case]:
    for case in records.cases:
        axes = case.axes
        if name in (axes.get("library"), axes.get("producer"), axes.get("consumer")):
            yield case


def _blames(case: Case, name: str) -> bool:
    """Whether a deviation counts for the library: blamed on it, on the pair, or on its route."""
    if b'"deviates"' not in case.judged_json:
        return False
    axes = case.axes
    return any(
        entry.blame == "pair"
        or blamed(axes, entry.blame) == name
        or (entry.blame == "route" and axes.get("route", "").partition(".")[0] == name)
        for entry in case.judged
        if entry.verdict == "deviates"
    )


def _width(text: str) -> int:
    """Width of a text in pixels with its margins; the picture stretches the text to it."""
    return round(sum(_WIDTHS[letter not in _NARROW] for letter in text)) + 12
