"""What the page says besides its cases.

The catalogue's texts, promises, claims and the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlpack_conformance import modules
from dlpack_conformance.errors import ReportError
from dlpack_conformance.report.counts import OURS
from dlpack_conformance.report.proof import COUNTS, read_proof
from dlpack_conformance.report.records import AXES

if TYPE_CHECKING:
    from dlpack_conformance.report.records import Records

__all__ = ["environment", "tables"]


def tables(records: Records) -> dict[str, Any]:
    """Texts of the catalogue by name.

    And what the header says of routes, exclusions and the environment.
    """
    core = modules().core
    census = records.header.get("census", {})
    facts = core.facts()
    titles = {row["key"]: row["title"] for row in core.documents()}
    return {
        "axes": AXES,
        "rules": {row["id"]: _rule(row) for row in core.rules()},
        "ambiguities": {row["id"]: row for row in core.ambiguities()},
        "reasons": _texts(core.reasons(), key="code"),
        "dtypes": _texts(core.dtypes()),
        "layouts": {row["name"]: _layout(row) for row in core.layouts()},
        "sources": _texts(core.sources()),
        "devices": _texts(core.devices()),
        "requests": _texts(core.requests()),
        "facts": {row["spelled"]: row["text"] for row in facts},
        "fact_order": list(dict.fromkeys(row["name"] for row in facts)),
        "ways": {
            "/".join((way["producer"], way["consumer"], way["route"])): {
                **way["promise"],
                "document": titles.get(way["promise"]["document"], way["promise"]["document"]),
            }
            for way in census.get("ways", [])
        },
        "proof": _proof(),
        "ours": sorted(OURS),
        "versions": records.versions,
        "excluded": records.header.get("excluded", {}),
        "missing": records.header.get("missing", {}),
        "environment": environment(records),
    }


def _proof() -> dict[str, Any] | None:
    """Which checks were seen to fail, as far as the page shows it; None where nothing says so."""
    try:
        proof = read_proof()
    except ReportError:
        return None
    faults = {
        rule: [{key: one[key] for key in ("name", "text", "caught")} for one in planted]
        for rule, planted in proof["faults_by_rule"].items()
    }
    counts = {key: proof[key] for key in COUNTS}
    return {**counts, "faults_by_rule": faults, "unplanted": proof["unplanted"]}


def environment(records: Records) -> list[tuple[str, str | list[str]]]:
    """Name and value of what the run ran on, in reading order."""
    header = records.header
    libraries = [
        f"{library}: {', '.join(f'{name} {version}' for name, version in versions.items())}"
        for library, versions in records.versions.items()
    ]
    command = header.get("command", "")
    rows: list[tuple[str, Any]] = [
        ("suite", f"dlconform {header.get('suite', '')}"),
        ("catalogue", header.get("catalogue")),
        ("libraries", libraries),
        ("Python", header.get("python")),
        ("operating system", header.get("os")),
        ("machine", header.get("machine")),
        ("devices", header.get("devices")),
        ("profile", header.get("profile") or header.get("census", {}).get("profile")),
        ("filters", header.get("filters")),
        ("part", records.shard),
        ("command", " ".join(command) if isinstance(command, list) else command),
    ]
    rows += [("shard run by", " ".join(shard)) for shard in header.get("merged", [])]
    return [
        (name, value if isinstance(value, list) else str(value)) for name, value in rows if value
    ]


def _texts(rows: list[dict[str, Any]], *, key: str = "name") -> dict[str, str]:
    return {row[key]: row.get("text", "") for row in rows}


def _layout(row: dict[str, Any]) -> str:
    shape, strides = tuple(row["shape"]), tuple(row["strides"])
    offset = f", element 0 at {row['offset']}" if row["offset"] else ""
    return f"{row['text']}; shape {shape}, strides {strides}{offset}"


def _rule(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": row["text"],
        "level": row["level"],
        "duty": row["duty"],
        "source": [
            {"document": place["title"], "place": place["place"], "where": place["where"]}
            for place in row["sources"]
        ],
        "ambiguity": row["ambiguity"],
        "readings": row["readings"],
        "binds": row["binds"],
        "since": row["since"],
        "until": row["until"],
        "judged_in": row["judged_in"],
        "untestable": row["untestable"],
    }
