"""Three machines and one: the merged shards are the records of one run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = Path(__file__).parents[1] / "helpers" / "planted_library.py"
CRASHES = "exchange/reference/planted/planted.fault/plain/uint8/*/plain/cpu"
ASKED = (
    *("--library", PLANTED, "--libraries", "planted", "--profile", "full"),
    *("--filter", CRASHES, "--filter", "protocol/reference/C-2*/*"),
    *("--filter", "exchange/reference/reference/from_dlpack/plain/*/*/plain/cpu"),
)
TIME = re.compile(rb',"time_ns":\d+}$')


def command(*arguments: object, folder: Path, seed: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, without colour; ``seed``: of the hashes of texts."""
    return subprocess.run(
        [sys.executable, "-m", "dlpack_conformance.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "NO_COLOR": "1",
            "PLANTED_DIR": str(folder),
            "PYTHONHASHSEED": str(seed),
        },
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one whole run, its three shards, and what they were merged to."""
    folder = tmp_path_factory.mktemp("shards")
    (folder / "died").touch()
    done = command("run", *ASKED, "--out", "whole.ndjson", folder=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    for number in (1, 2, 3):
        shard = ("--shard", f"{number}/3", "--out", f"s{number}.ndjson.gz", "--exit-zero")
        # Seeds of hashes and counts of lanes differ, as on different machines.
        done = command("run", *ASKED, *shard, "--jobs", number, folder=folder, seed=number)
        assert done.returncode == 0, done.stdout + done.stderr
    parts = [f"s{number}.ndjson.gz" for number in (3, 1, 2)]
    done = command("merge", *parts, "--out", "merged.ndjson", "--exit-zero", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def lines(path: Path) -> list[bytes]:
    """Lines of a file without the durations."""
    return [TIME.sub(b"", line) for line in path.read_bytes().splitlines()]


def test_merged_shards_equal_one_run_line_for_line(folder: Path) -> None:
    """Cases and footer, a crash among them; the header differs in the command alone."""
    whole, merged = lines(folder / "whole.ndjson"), lines(folder / "merged.ndjson")
    header, wanted = json.loads(merged[0]), json.loads(whole[0])

    assert merged[1:] == whole[1:]
    assert any(b'"outcome":"crashed"' in line for line in merged)
    assert len(header["merged"]) == 3
    different = {key for key in {*header, *wanted} if header.get(key) != wanted.get(key)}
    assert different == {"command", "merged"}


def test_shard_is_judged_and_reported_by_itself(folder: Path) -> None:
    """Complete for its part, which every face names; judged again it is the same."""
    again = command("judge", "s2.ndjson.gz", "--out", "again.ndjson.gz", folder=folder)
    said = command("report", "s2.ndjson.gz", "--junit", "s2.xml", "--exit-zero", folder=folder)

    assert again.returncode in (0, 1), again.stderr
    assert (folder / "again.ndjson.gz").read_bytes() == (folder / "s2.ndjson.gz").read_bytes()
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("Shard 2 of 3: ")
    assert 'name="dlconform full shard 2 of 3"' in (folder / "s2.xml").read_text()


def test_missing_and_doubled_shards_are_refused(folder: Path) -> None:
    """Exit 4, by number, and nothing is written."""
    missing = command("merge", "s1.ndjson.gz", "s3.ndjson.gz", "--out", "x.ndjson", folder=folder)
    twice = command("merge", *["s1.ndjson.gz"] * 2, "--out", "x.ndjson", folder=folder)

    assert (missing.returncode, twice.returncode) == (4, 4)
    assert "shard 2 of 3 missing" in missing.stderr
    assert "shard 1 of 3 is there twice" in twice.stderr
    assert not (folder / "x.ndjson").exists()


def test_diff_of_one_run_and_the_merged_shards_is_empty(folder: Path) -> None:
    """No case changed, none is new, none is gone."""
    done = command("diff", "whole.ndjson", "merged.ndjson", "--format", "json", folder=folder)

    found = json.loads(done.stdout)
    assert (found["counts"], found["changes"], found["warnings"]) == ({}, [], [])
    assert found["unchanged"] > 100
