"""The main job: NumPy, PyTorch and the reference, default profile, from process start to HTML."""

from __future__ import annotations

import gzip
import json

from measure import FOLDER, dlconform, emit


def main() -> None:
    """Measure the run, and what its records and its page weigh."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    records, page = FOLDER / "run.ndjson", FOLDER / "index.html"
    seconds = dlconform(
        "run", "--profile", "default", "--exit-zero", "--out", records, "--html", page
    )
    lines = records.read_bytes().splitlines(keepends=True)
    footer = json.loads(lines[-1])
    ran = footer["cases"] - footer["counts"].get("not-run", 0)
    emit("default profile, cases that ran", ran, 40_000, at_least=True)
    emit("default profile, seconds from process start to HTML", seconds, None)
    emit("bytes a record line", sum(map(len, lines[1:-1])) / footer["cases"], 400)
    packed = len(gzip.compress(b"".join(lines), 6))
    emit("records gzipped, MB for 300,000 cases", packed / footer["cases"] * 0.3, 15)
    emit("page, MB for the default profile", page.stat().st_size / 1e6, 2)
