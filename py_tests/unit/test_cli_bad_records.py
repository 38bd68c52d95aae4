"""Every verb that reads records, on files that are none: a clear error and the right exit code."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import report_synthetic as synthetic
import shard_files

Run = Callable[..., "subprocess.CompletedProcess[str]"]
READERS = {
    "report": ("report", "{}"),
    "judge": ("judge", "{}"),
    "diff": ("diff", "{}", "{}"),
    "merge": ("merge", "{}"),
    "claims": ("claims", "{}"),
    "badge": ("badge", "{}", "--out", "b.svg"),
    "findings": ("findings", "{}"),
}
NEWER = '{"kind":"header","schema":99,"census":{}}\n'
FILES = {
    "empty": ("", "line 1"),
    "newer-schema": (NEWER, "newer than this version of the suite reads; allowed: up to 1"),
    "unknown-schema": (NEWER.replace("99", '"two"'), "line 1: schema: is 'two'"),
    "another-file": ('{"name":"x"}\n', "line 1: kind: is None"),
    "a-list": ("[1]\n", "line 1: kind"),
    "planned-is-text": ('{"kind":"header","planned":"x"}\n', "line 1: planned: is 'x'"),
    "shard-is-text": ('{"kind":"header","shard":"2/3"}\n', "line 1: shard: is '2/3'"),
    "shard-of-texts": ('{"kind":"header","shard":{"number":"x"}}\n', "line 1: shard: is {"),
    "census-is-null": ('{"kind":"header","census":null}\n', "line 1: census: is None"),
    "no-text": ("\x00\xff\x00\n", "line 1"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("verb", READERS)
def test_file_that_is_no_record_exits_4_by_name(
    dlconform: Run, tmp_path: Path, verb: str, name: str
) -> None:
    """File and key are named, on stderr alone; nothing is written, and no traceback is shown."""
    text, named = FILES[name]
    path = tmp_path / "bad.ndjson"
    path.write_bytes(text.encode("latin-1"))
    done = dlconform(*(str(path) if part == "{}" else part for part in READERS[verb]))

    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith(f"error[report] {path}: ")
    assert named in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["bad.ndjson"]


@pytest.mark.parametrize("broken", ["{", '{"kind":"case"}', '["case"]', '{"kind":"case","id":7}'])
@pytest.mark.parametrize("verb", ["report", "judge", "diff", "badge"])
def test_line_that_is_no_case_exits_4_by_number(
    dlconform: Run, tmp_path: Path, verb: str, broken: str
) -> None:
    """The number of the line, so that it can be looked at."""
    path = shard_files.write(tmp_path / "bad.ndjson")
    shard_files.edit(path, lambda rows: [*rows[:4], broken.encode() + b"\n", *rows[5:]])
    done = dlconform(*(str(path) if part == "{}" else part for part in READERS[verb]))

    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith(f"error[report] {path}: line 5: ")


@pytest.mark.parametrize(
    "facts", [{"no.such": 1}, {"source.shape": "x"}, {"suite.not_run": 7}, {"x\x1b[31m": None}]
)
def test_judge_of_a_fact_that_is_none_exits_4_by_line(
    dlconform: Run, tmp_path: Path, facts: dict[str, object]
) -> None:
    """An unknown name or a wrong type can't be judged; the line says where it is."""
    path = shard_files.write(tmp_path / "bad.ndjson")

    def change(rows: list[bytes]) -> list[bytes]:
        row = json.loads(rows[2]) | {"facts": facts}
        return [*rows[:2], json.dumps(row).encode() + b"\n", *rows[3:]]

    shard_files.edit(path, change)
    done = dlconform("judge", path, "--out", "again.ndjson")

    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith(f"error[report] {path}: line 3: ")
    assert "\x1b" not in done.stderr
    assert not (tmp_path / "again.ndjson").exists()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("output", ["--junit", "--markdown", "--csv", "--out"])
def test_cut_file_gives_what_it_has_and_exits_7(
    dlconform: Run, tmp_path: Path, packed: bool, output: str
) -> None:
    """Nothing that was written is lost, and nobody calls it whole."""
    data = synthetic.write(tmp_path / "run.ndjson").read_bytes()
    data = gzip.compress(data)[:-2000] if packed else data[: len(data) // 2]
    path = tmp_path / ("cut.ndjson.gz" if packed else "cut.ndjson")
    path.write_bytes(data)
    done = dlconform("report", path, output, "face", "--exit-zero")

    assert done.returncode == 7, done.stderr
    assert "INCOMPLETE" in done.stdout
    assert (tmp_path / "face").stat().st_size > 1000


def test_hostile_texts_pass_through_every_face(dlconform: Run, tmp_path: Path) -> None:
    """Exit code of the run; no face runs, breaks or loses what a library said."""
    evil = "\x1b]0;x\x07<script>alert(1)</script>|`\n\x00\ufffe]]>"
    path = synthetic.write(tmp_path / "run.ndjson")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows[1:-1]:
        if row["outcome"] in {"crashed", "refused"}:
            row["facts"] |= {"route.error": evil, "route.message": evil}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    names = ("--junit", "--markdown", "--csv", "--out")
    outputs = [part for name in names for part in (name, f"face{name}")]
    done = dlconform("report", path, *outputs)

    assert done.returncode == 1, done.stderr
    assert "\x1b" not in done.stdout
    assert "Traceback" not in done.stderr
    for name in names:
        text = (tmp_path / f"face{name}").read_text()
        assert "<script>alert" not in text
        assert "\x1b" not in text
    assert "&lt;script&gt;alert(1)" in (tmp_path / "face--junit").read_text()
