"""Shards of a small plan of the reference, written without running a case."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine import Options, census
from dlpack_conformance.engine.header import header_of
from dlpack_conformance.engine.records import RecordFile
from dlpack_conformance.engine.shards import shard_cases

FILTER = "exchange/reference/reference/from_dlpack/plain/*/*/plain/cpu"


@lru_cache(maxsize=1)
def _asked() -> Any:
    return census(["reference"])


def write(path: Path, shard: tuple[int, int] | None = None, **header: Any) -> Path:
    """Write the file of one shard, or the whole run; ``header``: keys that are to be others."""
    found = _asked()
    spec = found.spec("quick", (FILTER,))
    plan = modules().core.Plan(spec)
    judge = modules().core.Judge(plan)
    indices = [index for cases in shard_cases(plan.pairs, shard) for index in cases]
    options = Options(
        profile="quick", filters=(FILTER,), shard=shard, command=("dlconform", "run", str(shard))
    )
    top = header_of(options, found, spec, plan, len(indices)) | header
    with RecordFile(str(path), top) as record:
        for index in reversed(indices):
            record.add(index, judge.not_run(index, "start-failed"))
        record.finish()
    return path


def write_all(folder: Path, count: int, ending: str = "ndjson") -> list[Path]:
    """Write all shards of a run."""
    return [write(folder / f"s{at}.{ending}", (at, count)) for at in range(1, count + 1)]


def edit(path: Path, change: Any) -> Path:
    """Write a file again as ``change`` gives its list of lines."""
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    return path


def with_header(path: Path, change: Any) -> Path:
    """Change the header of a file in place."""

    def lines(rows: list[bytes]) -> list[bytes]:
        header = json.loads(rows[0])
        change(header)
        return [json.dumps(header).encode() + b"\n", *rows[1:]]

    return edit(path, lines)
