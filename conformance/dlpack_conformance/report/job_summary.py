"""A run as a Markdown summary for the page of a CI job, which takes no more than 1 MiB."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlpack_conformance import modules
from dlpack_conformance.report.counts import OUTCOMES, Summary, summary
from dlpack_conformance.report.marks import Mark, Reviewed, marker, troubles
from dlpack_conformance.report.templates import environment
from dlpack_conformance.report.written import replace_text

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Case, Records

__all__ = ["MOST_BYTES", "code", "job_summary", "plain", "write_job_summary"]

MOST_BYTES = 64 * 1024
"""Size that is aimed at; a job's page takes 16 times as much for all its steps."""
_CELL = 200  # characters
_SENTENCE = 600
_ROWS = 200
_MEANT = re.compile(r"([\\`*_{}\[\]()#+!|~@$])")
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_ICONS = {"red": "❌", "grey": "⚠️", "green": "✅"}


@dataclass(frozen=True)
class _Block:
    """A titled table. ``rows``: cells are Markdown; ``total``: how many rows there are."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int

    @property
    def left(self) -> int:
        return self.total - len(self.rows)

    @property
    def left_text(self) -> str:
        return (
            f"Cut here: {self.left:,} of {self.total:,} rows are not shown; the records have all."
        )


def write_job_summary(
    records: Records, path: str | Path, review: Reviewed | None = None, *, link: str = ""
) -> None:
    """Write the summary of a run; ``link``: address of the page, where there is one."""
    replace_text(path, job_summary(records, review, link=link))


def job_summary(
    records: Records,
    review: Reviewed | None = None,
    *,
    link: str = "",
    most_bytes: int = MOST_BYTES,
) -> str:
    """The summary of a run: verdict, what is red, the most frequent deviations, who shares.

    Where every deviation is red, the table of deviations says it all. The text never
    has more than ``most_bytes`` (at least 8 KiB): tables lose rows until it fits, and say
    how many. Texts of libraries can't become Markdown or HTML of their own.
    """
    said = summary(records)
    mark = marker(records, review)
    marks = [(case, mark(case)) for case in records.cases]
    wrong = troubles(records, review)
    if review is not None and not review.expecting and len(review.reds) == _forbidden(said):
        review = None  # it says no more than the verdicts do
    red = _red([] if review is None else marks, wrong)
    blocks = [red, _findings(said), _known(marks), _pairs(said)]
    wanted = [block for block in blocks if block.total]
    head = {
        "icon": _ICONS[_colour(marks, wrong)],
        "headline": plain(_headline(records, said, review), _SENTENCE),
        "sentences": [plain(text, _SENTENCE) for text in _sentences(said, review)],
        "ran": _ran(records, said),
        "link": _address(link),
        "link_text": "The page of this run",
    }
    template = environment(escape=False).get_template("summary.md.j2")
    rows = _ROWS
    while True:
        shown = [replace(block, rows=block.rows[:rows]) for block in wanted]
        text = template.render(**head, blocks=shown)
        if len(text.encode()) <= most_bytes or not rows:
            return text
        rows //= 2


def plain(text: str, most: int = _CELL) -> str:
    """``text`` as Markdown that shows it in one line and does nothing; cut where it is longer."""
    line = _BLANK.sub(" ", text).strip()
    if len(line) > most:
        line = line[: most - 1] + "…"
    line = _MEANT.sub(r"\\\1", line)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """An id or a name as code; ids have no character that ends it."""
    return f"`{_BLANK.sub(' ', text).replace('`', chr(39)).replace('|', '/')[:_CELL]}`"


def _address(link: str) -> str:
    """``link`` where it is an address that may stand in Markdown, else nothing."""
    return link if re.fullmatch(r"https?://[^\s()<>\"'`|\\]+", link) else ""


def _colour(marks: Sequence[tuple[Case, Mark]], wrong: Sequence[tuple[str, Mark]]) -> str:
    if any(mark.kind in {"failed", "error"} for _, mark in marks):
        return "red"
    return "grey" if wrong else "green"


def _forbidden(said: Summary) -> int:
    """How many cases are red where nothing is expected and nobody is singled out."""
    return said.verdicts["deviates"] + said.verdicts["suite-fault"]


def _headline(records: Records, said: Summary, review: Reviewed | None) -> str:
    """What the colour says: how the run compares with what was expected, else its verdict."""
    if review is None:
        return said.headline
    text = f"{records.shard}: {review.sentence}" if records.shard else review.sentence
    return text[:1].upper() + text[1:]


def _sentences(said: Summary, review: Reviewed | None) -> list[str]:
    first = [f"Incomplete: {said.incomplete}."] if said.incomplete else []
    verdict = [] if review is None else [said.headline]
    return [*first, *verdict, *said.sentences]


def _ran(records: Records, said: Summary) -> str:
    header = records.header
    versions = ", ".join(
        f"{name} {version}".strip() for name, version in said.libraries.items() if version
    )
    where = (
        f"Python {header.get('python', '')}, {header.get('os', '')}, {header.get('machine', '')}"
    )
    profile = f"profile {header.get('profile', '')}"
    parts = [versions, profile, records.shard, where, f"dlconform {header.get('suite', '')}"]
    return plain("; ".join(filter(None, parts)), 400)


def _red(marks: Sequence[tuple[Case, Mark]], wrong: Sequence[tuple[str, Mark]]) -> _Block:
    """What is red, by its text, the most frequent first; what is wrong with the run before it."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for case, mark in marks:
        if mark.kind in {"failed", "error"}:
            counts[mark.text] += 1
            first.setdefault(mark.text, case.id)
    rows = [("", plain(mark.text), code(name)) for name, mark in wrong]
    shown = counts.most_common(_ROWS)
    rows += [(f"{count:,}", plain(text), code(first[text])) for text, count in shown]
    total = len(wrong) + len(counts)
    return _Block("Red", ("cases", "why", "for example"), tuple(rows), total)


def _findings(said: Summary) -> _Block:
    reasons = {row["code"]: row["text"] for row in modules().core.reasons()}
    rows = tuple(
        (
            f"{found.count:,}",
            code(found.rule),
            plain(reasons.get(found.reason, found.reason)),
            plain(found.culprit),
            code(found.first),
        )
        for found in said.deviations[:_ROWS]
    )
    columns = ("cases", "rule", "what was seen", "blamed", "for example")
    return _Block("Deviations", columns, rows, len(said.deviations))


def _known(marks: Sequence[tuple[Case, Mark]]) -> _Block:
    counts = Counter(mark.text for _, mark in marks if mark.why in {"expected", "advisory"})
    rows = tuple((f"{count:,}", plain(text)) for text, count in counts.most_common(_ROWS))
    return _Block("Known", ("cases", "by which expectation"), rows, len(counts))


def _pairs(said: Summary) -> _Block:
    """Outcomes by producer and consumer."""
    names = [name for name in OUTCOMES if any(counts[name] for counts in said.pairs.values())]
    rows = tuple(
        (
            code(producer),
            code(consumer),
            *(f"{counts[name]:,}" if counts[name] else "" for name in names),
        )
        for (producer, consumer), counts in list(said.pairs.items())[:_ROWS]
    )
    columns = ("producer", "consumer", *names)
    return _Block("Who shares with whom", columns, rows, len(said.pairs))
