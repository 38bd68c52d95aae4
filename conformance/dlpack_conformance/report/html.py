"""The page: one HTML file that holds a run whole and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from dlpack_conformance.report.claims import claims
from dlpack_conformance.report.counts import Summary, summary
from dlpack_conformance.report.expansion import Expansion
from dlpack_conformance.report.pack import Columns, Lines, payload
from dlpack_conformance.report.repro import TITLE
from dlpack_conformance.report.tables import tables
from dlpack_conformance.report.templates import environment, page_folder
from dlpack_conformance.report.written import replace_text

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Records
    from dlpack_conformance.report.repro import Scripts

__all__ = ["write_html"]

_SCRIPTS = (
    "data.js",
    "query.js",
    "dom.js",
    "overview.js",
    "pair.js",
    "case.js",
    "pages.js",
    "rules.js",
    "main.js",
)


def write_html(records: Records, path: str | Path, scripts: Scripts | None = None) -> None:
    """Write the page of a run; without ``scripts`` it shows no reproducers, only their commands."""
    folder = page_folder()
    style = (folder / "page.css").read_text(encoding="utf-8")
    parts = [(folder / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    script = '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"
    said = summary(records)
    title = f"dlconform: {said.headline}"
    text = (
        environment()
        .get_template("page.html.j2")
        .render(
            suite=records.header.get("suite", ""),
            title=title,
            headline=said.headline,
            sentences=said.sentences,
            incomplete=said.incomplete,
            cases=f"{said.total:,}",
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            payload=_payload(records, said, title, scripts),
        )
    )
    replace_text(path, text)


def _payload(records: Records, said: Summary, title: str, scripts: Scripts | None) -> str:
    expansion = Expansion(records)
    columns = Columns(len(records.cases))
    lines = Lines()
    for at, case in enumerate(records.cases):
        for k, part in enumerate(case.id.split("/")):
            columns[f"part.{k}"].put(at, part)
        for name in ("outcome", "verdict", "blame", "proof", "modifiers", "input"):
            value = getattr(case, name)
            if value:
                columns[name].put(at, value)
        columns["judged"].put(at, case.judged_json)
        facts = expansion.facts(case, at)
        columns.put_all(at, facts)
        if scripts is not None:
            make, rest = scripts.pieces(case, facts)
            columns["script.make"].put(at, lines.numbers(make))
            columns["script.rest"].put(at, lines.numbers(rest))
    texts = {
        **tables(records),
        "title": title,
        "habits": [[*pair, habits] for pair, habits in said.habits.items()],
        "partial": expansion.partial,
        "claims": claims(records, expansion),
        "usage": {} if scripts is None else scripts.usage_texts,
        "probes": {} if scripts is None else scripts.probe_texts,
        "script_title": TITLE,
        "lines": lines.texts,
    }
    return payload(texts, columns)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")
