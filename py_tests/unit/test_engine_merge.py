"""Merging shards: the file of one run, or a refusal that names what is wrong."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shard_files
from dlpack_conformance import modules
from dlpack_conformance.engine import judge_file, merged_lines
from dlpack_conformance.errors import ReportError
from dlpack_conformance.report import read

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    """Return three shards of one run."""
    return shard_files.write_all(tmp_path, 3)


@pytest.mark.parametrize("count", [1, 3, 40])
def test_merged_shards_are_the_lines_of_one_run(tmp_path: Path, count: int) -> None:
    """Cases and footer byte for byte, in any order of the files; the header but for two keys."""
    whole = shard_files.write(tmp_path / "whole.ndjson").read_bytes().splitlines(keepends=True)
    files = shard_files.write_all(tmp_path, count)
    merged = list(merged_lines(files[::-1], ("dlconform", "merge")))
    header, wanted = json.loads(merged[0]), json.loads(whole[0])

    assert merged[1:] == whole[1:]
    assert header.pop("merged") == [
        ["dlconform", "run", f"({at}, {count})"] for at in range(1, count + 1)
    ]
    assert header.pop("command") == ["dlconform", "merge"]
    assert header == {key: value for key, value in wanted.items() if key != "command"}


def test_merged_gzip_shards_are_the_same(tmp_path: Path, shards: list[Path]) -> None:
    """Packed files, and a mixture of both."""
    packed = shard_files.write(tmp_path / "s2.ndjson.gz", (2, 3))

    assert list(merged_lines([shards[0], packed, shards[2]])) == list(merged_lines(shards))


def test_shard_alone_is_complete_for_its_part(shards: list[Path]) -> None:
    """Every reader says which part it is, none calls it incomplete; judged again it is equal."""
    records = read(shards[1])

    assert records.incomplete == ""
    assert records.shard == "shard 2 of 3"
    assert 0 < len(records.cases) < records.header["shard"]["planned"]
    assert b"".join(judge_file(shards[1])) == shards[1].read_bytes()


def test_merged_file_is_whole_for_every_reader(tmp_path: Path, shards: list[Path]) -> None:
    """No reader takes it for a shard; judged again it is equal."""
    path = tmp_path / "merged.ndjson"
    path.write_bytes(b"".join(merged_lines(shards)))
    records = read(path)

    assert (records.shard, records.incomplete) == ("", "")
    assert b"".join(judge_file(path)) == path.read_bytes()


def refused(files: list[Path]) -> ReportError:
    """Return the error with which a merge ends."""
    with pytest.raises(ReportError) as error:
        list(merged_lines(files))
    return error.value


def test_missing_shard_is_refused_by_number(shards: list[Path]) -> None:
    """One, and several."""
    assert "shard 2 of 3 missing" in str(refused([shards[0], shards[2]]))
    assert "shards 1, 3 of 3 missing" in str(refused([shards[1]]))


def test_doubled_shard_is_refused_with_both_files(tmp_path: Path, shards: list[Path]) -> None:
    """The same number twice, also where it is another file."""
    again = shard_files.write(tmp_path / "again.ndjson", (2, 3))
    error = refused([*shards, again])

    assert "shard 2 of 3 is there twice" in str(error)
    assert error.file == str(again)
    assert str(shards[1]) in str(error)


def test_shards_of_another_count_are_refused(tmp_path: Path, shards: list[Path]) -> None:
    """A third of one run and a half of another."""
    other = shard_files.write(tmp_path / "half.ndjson", (2, 2))

    assert "is shard 2 of 2, and" in str(refused([shards[0], other, shards[2]]))


def test_file_that_is_no_shard_is_refused(tmp_path: Path, shards: list[Path]) -> None:
    """A whole run has nothing to be merged with."""
    whole = shard_files.write(tmp_path / "whole.ndjson")

    assert "the file is no shard" in str(refused([*shards, whole]))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda top: top.update(catalogue="0" * 16), "header: catalogue: is '0000000000000000'"),
        (lambda top: top.update(profile="full"), "header: profile: is 'full'"),
        (lambda top: top.update(filters=[]), "header: filters"),
        (lambda top: top.update(python="3.9.1"), "header: python: is '3.9.1'"),
        (lambda top: top.update(machine="riscv"), "header: machine: is 'riscv'"),
        (lambda top: top.pop("suite"), "header: suite: is absent"),
        (
            lambda top: top["census"]["libraries"]["reference"]["versions"].update(x="9"),
            "header: census.libraries.reference.versions.x: is '9'",
        ),
        (lambda top: top["shard"].update(planned=1), "header: shard: is 1"),
    ],
)
def test_mixture_is_refused_with_key_and_both_values(
    shards: list[Path], change: Callable[[dict[str, Any]], object], named: str
) -> None:
    """Catalogue, versions, options and machine are those of one run, or nothing is merged."""
    shard_files.with_header(shards[2], change)
    error = refused(shards)

    assert error.file == str(shards[2])
    assert named in str(error)
    assert str(shards[0]) in str(error)


def test_shards_of_another_catalogue_are_refused(shards: list[Path]) -> None:
    """All alike, but which cases there are can't be told here."""
    for path in shards:
        shard_files.with_header(path, lambda top: top.update(catalogue="0" * 16))
    error = refused(shards)

    assert modules().core.catalogue_digest() in str(error)
    assert "merge with the release that ran it" in error.allowed


@pytest.mark.parametrize("change", [{"profile": "nonsense"}, {"libraries": 7}, {"ways": [{}]}])
def test_shards_whose_census_gives_no_plan_are_refused(
    shards: list[Path], change: dict[str, Any]
) -> None:
    """No plan, no proof that the cases are all there."""
    for path in shards:
        shard_files.with_header(path, lambda top: top["census"].update(change))

    assert "no plan can be made from it" in str(refused(shards))


def test_header_that_plans_other_cases_is_refused(shards: list[Path]) -> None:
    """The plan is made again; a count that differs is no proof of anything."""
    shard_files.with_header(shards[1], lambda top: top.update(planned=3))

    assert "header: planned: is 3, and the plan of the header gives" in str(refused(shards))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda rows: rows[:-1], "there is no footer, so the run did not end"),
        (lambda rows: rows[:5], "the file is cut after 4 of"),
        (lambda rows: [*rows[:5], rows[5][:40]], "the file is cut after 4 of"),
        (lambda rows: [*rows[:5], *rows[6:]], "line 6: is not the case that the plan has here"),
        (lambda rows: [*rows[:5], rows[4], *rows[5:]], "line 6: is not the case"),
        (lambda rows: [*rows[:5], rows[-1]], "the file has a footer after 4 of"),
        (lambda rows: [*rows[:-1], rows[-2], rows[-1]], "is no footer, and all planned cases"),
        (lambda rows: [*rows, rows[-1]], "there is something behind the footer"),
        (
            lambda rows: [
                rows[0],
                rows[1].replace(b'"outcome":"not-run"', b'"outcome":"shared"'),
                *rows[2:],
            ],
            "the file was changed after the run",
        ),
    ],
    ids=[
        "no-footer",
        "cut",
        "cut-in-a-line",
        "a-line-less",
        "a-line-twice",
        "early-footer",
        "a-case-more",
        "behind-the-footer",
        "edited",
    ],
)
def test_shard_that_is_not_whole_is_refused(
    shards: list[Path], change: Callable[[list[bytes]], list[bytes]], named: str
) -> None:
    """File and line are named; a run that did not end is to be run again."""
    shard_files.edit(shards[1], change)
    error = refused(shards)

    assert error.file == str(shards[1])
    assert named in str(error)


def test_merge_writes_the_file_and_says_so(dlconform: Run, tmp_path: Path) -> None:
    """Summary on stdout, exit code of the run: nothing ran here."""
    files = shard_files.write_all(tmp_path, 2)
    done = dlconform("merge", *files, "--out", "m.ndjson.gz", "--format", "json")

    assert done.returncode == 5
    assert json.loads(done.stdout)["shard"] == ""
    assert "of 2 shards; records: m.ndjson.gz" in done.stderr
    lines = gzip.decompress((tmp_path / "m.ndjson.gz").read_bytes()).splitlines(keepends=True)
    assert lines[1:] == list(merged_lines(files))[1:]


def test_merge_that_is_refused_leaves_the_old_file(dlconform: Run, tmp_path: Path) -> None:
    """Exit 4, the cause on stderr, nothing half-written, on stdout neither."""
    first, second = shard_files.write_all(tmp_path, 2)
    shard_files.edit(second, lambda rows: rows[:-2])
    (tmp_path / "m.ndjson").write_text("old")

    to_file = dlconform("merge", first, second, "--out", "m.ndjson")
    to_stdout = dlconform("merge", first, second, "--out", "-")

    assert (to_file.returncode, to_stdout.returncode) == (4, 4)
    assert to_file.stderr.startswith(f"error[report] {second}: line ")
    assert "run --shard 2/2 again" in to_file.stderr
    assert (to_file.stdout, to_stdout.stdout) == ("", "")
    assert (tmp_path / "m.ndjson").read_text() == "old"
    assert not list(tmp_path.glob(".*"))


def test_report_of_a_shard_says_which(dlconform: Run, tmp_path: Path) -> None:
    """In the headline and in the JSON form."""
    path = shard_files.write(tmp_path / "s.ndjson", (2, 3))

    assert "Shard 2 of 3: " in dlconform("report", path).stdout
    assert json.loads(dlconform("report", path, "--format", "json").stdout)["shard"] == (
        "shard 2 of 3"
    )


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5", ""])
def test_shard_out_of_range_is_refused(dlconform: Run, text: str) -> None:
    """The option, its value and what is allowed; nothing runs."""
    done = dlconform("run", "--libraries", "reference", f"--shard={text}")

    assert done.returncode == 4
    assert f"--shard {text}" in done.stderr.replace("'", "")
    assert "1/n to n/n" in done.stderr


def test_list_of_shards_is_the_list_of_all(dlconform: Run) -> None:
    """What each shard would run, each case once."""
    options = ("--libraries", "reference", "--profile", "quick", "--filter", shard_files.FILTER)
    whole = dlconform("list", *options).stdout.splitlines()
    parts = [dlconform("list", *options, "--shard", f"{at}/2").stdout.splitlines() for at in (1, 2)]

    assert whole
    assert sorted(parts[0] + parts[1]) == sorted(whole)
