"""What changed between two runs, as a document, as Markdown and as a page."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import msgspec

from dlpack_conformance.report.diff import KINDS, TEXTS
from dlpack_conformance.report.job_summary import code, plain
from dlpack_conformance.report.templates import environment, page_folder

if TYPE_CHECKING:
    from dlpack_conformance.report.diff import Difference

__all__ = ["COLUMNS", "html", "json", "markdown", "rows"]

COLUMNS = ("change", "where", "cases", "before", "after", "for example")
_LISTED = 200  # ids of a group on the page


def rows(found: Difference) -> list[list[str]]:
    """Groups as rows of `COLUMNS`."""
    return [
        [group.kind, group.where, f"{group.count:,}", group.before, group.after, group.first]
        for group in found.groups
    ]


def json(found: Difference) -> str:
    """Everything as one JSON document, each case that changed by itself."""
    document = {
        "before": str(found.before.path),
        "after": str(found.after.path),
        "warnings": found.warnings,
        "versions": found.versions,
        "counts": found.counts,
        "unchanged": found.unchanged,
        "stopped_sharing": sum(change.stopped_sharing for change in found.changes),
        "changes": [
            {
                "id": change.id,
                "change": change.sort,
                "before": change.before,
                "after": change.after,
            }
            for change in found.changes
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def markdown(found: Difference) -> str:
    """Counts by kind, then a table of the groups of each kind."""
    names = [plain(one.path.name) for one in (found.before, found.after)]
    lines = ["# Changes", "", f"{' → '.join(names)}: {plain(found.between, 400)}", ""]
    lines += [f"> {plain(warning, 400)}" for warning in found.warnings]
    lines += [f"- {count:,} {TEXTS[kind]}" for kind, count in found.counts.items()]
    lines += [f"- {found.unchanged:,} unchanged"]
    for kind in found.counts:
        columns = COLUMNS[1:]
        lines += ["", f"## {TEXTS[kind].capitalize()}", "", f"| {' | '.join(columns)} |"]
        lines.append("|" + " --- |" * len(columns))
        for group in (one for one in found.groups if one.kind == kind):
            cells = [plain(group.where), f"{group.count:,}", plain(group.before)]
            cells += [plain(group.after), code(group.first)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def html(found: Difference) -> str:
    """One page that loads nothing and needs no script."""
    style = (page_folder() / "page.css").read_text(encoding="utf-8")
    digest = hashlib.sha256(style.encode()).digest()
    before, after = found.before.path.name, found.after.path.name
    sections = [
        (
            kind,
            TEXTS[kind],
            [
                {
                    "count": f"{group.count:,}",
                    "where": group.where,
                    "before": group.before,
                    "after": group.after,
                    "first": group.first,
                    "ids": group.ids[:_LISTED],
                    "left": max(0, group.count - _LISTED),
                }
                for group in found.groups
                if group.kind == kind
            ],
        )
        for kind in found.counts
    ]
    changed = len(found.changes)
    return (
        environment()
        .get_template("diff.html.j2")
        .render(
            title=f"{before} → {after}",
            headline=f"{changed:,} case{'s' * (changed != 1)} changed.",
            before=before,
            after=after,
            between=found.between,
            warnings=found.warnings,
            kinds=[(kind, TEXTS[kind], f"{found.counts.get(kind, 0):,}") for kind in KINDS],
            unchanged=f"{found.unchanged:,}",
            sections=sections,
            style=style,
            style_hash="sha256-" + base64.b64encode(digest).decode("ascii"),
        )
    )
