"""Crashing cases a second, confirmed: the largest group of the default profile, run again alone."""

from __future__ import annotations

from collections import Counter

from measure import FOLDER, default_records, dlconform, emit


def main() -> None:
    """Measure; the time of the same run with one harmless case is the start that does not count."""
    from dlpack_conformance.report import read

    records = read(default_records())
    lost = Counter(
        (axes["producer"], axes["consumer"], axes["layout"])
        for case in records.cases
        if case.outcome == "crashed" and (axes := case.axes)["case"] == "exchange"
    )
    if not lost:
        raise SystemExit("no case of the default profile ended its process: nothing to measure")
    (producer, consumer, layout), _ = lost.most_common(1)[0]
    harmless = next(
        case.id
        for case in records.cases
        if case.outcome == "shared" and case.id.startswith(f"exchange/{producer}/{consumer}/")
    )
    out = FOLDER / "crashes.ndjson"
    group = f"producer={producer},consumer={consumer},layout={layout}"
    start = min(dlconform("run", "--filter", harmless, "--out", out) for _ in range(3))
    whole = dlconform("run", "--filter", group, "--out", out)
    crashed = read(out).count("outcome")["crashed"]
    emit("crashing cases a second, confirmed", crashed / (whole - start), 20, at_least=True)
