"""A run that is stopped, and one that ends: what its file says, and that it says the same again."""

from __future__ import annotations

import gzip
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from dlpack_conformance.engine import judge_file
from run_engine import finish, query, records, start, wait_for

TIME = re.compile(rb',"time_ns":\d+')


def stop(out: Path, number: int) -> int:
    """Start a run that stands still in one case, stop its supervisor; the exit status."""
    (out.parent / "died").touch()
    process = start(out, query("complex*"), query("bool"), timeout_s=60.0, batch=1)
    runner = int(wait_for(out.parent / "pid"))
    process.send_signal(number)
    process.communicate(timeout=30)
    assert gone(runner)
    return process.returncode


def gone(pid: int) -> bool:
    """Tell whether a process ends within seconds."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_stopping_the_supervisor_leaves_an_incomplete_file(tmp_path: Path, number: int) -> None:
    """Header and finished cases are there, the footer is not, and no runner lives on."""
    out = tmp_path / "run.ndjson"
    status = stop(out, number)
    lines = records(out)

    assert lines[0]["kind"] == "header"
    assert all(line["kind"] == "case" for line in lines[1:])
    assert len(lines) - 1 < lines[0]["planned"]
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def test_stopping_leaves_gzip_that_reads_up_to_the_cut(tmp_path: Path) -> None:
    """A compressed file of a killed run gives the batches that were flushed."""
    out = tmp_path / "run.ndjson.gz"
    stop(out, signal.SIGKILL)
    lines = list(judge_file(out))

    assert lines[0].startswith(b'{"kind":"header"')
    assert not lines[-1].startswith(b'{"kind":"footer"')
    with pytest.raises(EOFError), gzip.open(out) as file:
        file.read()


def test_stopping_is_told_from_ending(tmp_path: Path) -> None:
    """A run that ends has a footer that counts its cases, in plan order."""
    out = tmp_path / "run.ndjson"
    finish(start(out, query("bool"), query("bfloat16"), query("float16"), batch=1, jobs=2))
    lines = records(out)

    assert [line["kind"] for line in lines] == ["header", "case", "case", "case", "footer"]
    assert lines[-1]["cases"] == 3
    assert sum(lines[-1]["counts"].values()) == 3


def test_two_runs_are_the_same_but_for_time(tmp_path: Path) -> None:
    """Header, case lines and footer of two runs are equal when ``time_ns`` is taken out."""
    files = []
    for name in ("first", "second"):
        out = tmp_path / name / "run.ndjson"
        out.parent.mkdir()
        (out.parent / "died").touch()
        (out.parent / "pid").touch()
        finish(start(out, query("*"), query("uint8", layout="*"), jobs=2, batch=16))
        files.append(TIME.sub(b"", out.read_bytes()))

    assert files[0].count(b"\n") > 60
    assert files[0] == files[1]


def test_judging_the_file_gives_it_again(tmp_path: Path) -> None:
    """Each verdict follows from the facts in its line, also of crashed cases: equal bytes."""
    out = tmp_path / "run.ndjson"
    (tmp_path / "died").touch()
    (tmp_path / "pid").touch()
    finish(start(out, query("*"), timeout_s=1.0))

    assert b"".join(judge_file(out)) == out.read_bytes()


def test_records_go_to_stdout_in_plan_order(tmp_path: Path) -> None:
    """``-`` gives the same lines on stdout as a file."""
    out = tmp_path / "run.ndjson"
    finish(start(out, query("bool"), query("float16"), batch=1))
    process: subprocess.Popen[str] = start(
        tmp_path / "unused", query("bool"), query("float16"), batch=1, out="-"
    )
    text, _ = process.communicate(timeout=60)
    shown = "\n".join(text.splitlines()[:-1]) + "\n"  # the last line is the test's own summary

    assert TIME.sub(b"", shown.encode()) == TIME.sub(b"", out.read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["run.ndjson"]
