"""``run judge report explain repro`` as a user chains them: files and exit codes."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
FEW = "exchange/reference/reference/from_dlpack/plain/*/*/plain/cpu"
ONE = "exchange/reference/reference/from_dlpack/plain/float32/matrix/plain/cpu"
PLANTED = Path(__file__).parents[1] / "helpers" / "planted_library.py"
ABORTS = "exchange/reference/planted/planted.fault/plain/uint8/matrix/plain/cpu"


def command(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, without colour."""
    return subprocess.run(
        [sys.executable, "-m", "dlpack_conformance.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PLANTED_DIR": str(folder)},
        check=False,
    )


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the records of a short run of the reference with itself."""
    folder = tmp_path_factory.mktemp("run")
    done = command("run", "--libraries", "reference", "--filter", FEW, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dlconform.ndjson"


def test_run_writes_the_default_file_and_says_so(records: Path) -> None:
    """Header first, footer last, a line a case between."""
    kinds = [json.loads(line)["kind"] for line in records.read_text().splitlines()]

    assert kinds[0] == "header"
    assert kinds[-1] == "footer"
    assert set(kinds[1:-1]) == {"case"}


def test_judge_gives_the_file_again(records: Path, tmp_path: Path) -> None:
    """Byte for byte, to a file, packed, and to stdout."""
    assert command("judge", records, "--out", "again.ndjson", folder=tmp_path).returncode == 0
    assert command("judge", records, "--out", "again.ndjson.gz", folder=tmp_path).returncode == 0
    printed = command("judge", records, folder=tmp_path)

    wanted = records.read_bytes()
    assert (tmp_path / "again.ndjson").read_bytes() == wanted
    assert gzip.decompress((tmp_path / "again.ndjson.gz").read_bytes()) == wanted
    assert printed.stdout.encode() == wanted


def test_report_writes_a_page_that_loads_nothing(records: Path, tmp_path: Path) -> None:
    """Summary on stdout, page in a file, chatter on stderr."""
    done = command("report", records, "--out", "index.html", "--format", "json", folder=tmp_path)

    page = (tmp_path / "index.html").read_text()
    assert done.returncode == 0
    assert json.loads(done.stdout)["incomplete"] == ""
    assert "index.html" in done.stderr
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_report_of_a_file_without_footer_exits_7(records: Path, tmp_path: Path) -> None:
    """A run that did not end is said to be incomplete, and is never green."""
    cut = tmp_path / "cut.ndjson"
    cut.write_text("".join(records.read_text().splitlines(keepends=True)[:-2]))

    reported = command("report", cut, folder=tmp_path)

    assert reported.returncode == 7
    assert "incomplete" in reported.stdout.lower()
    assert command("judge", cut, "--out", "x.ndjson", folder=tmp_path).returncode == 7


def test_run_to_stdout_prints_records_alone(tmp_path: Path) -> None:
    """``--out -`` leaves stdout to the records; the summary goes to stderr."""
    done = command(
        "run", "--libraries", "reference", "--filter", ONE, "--out", "-", folder=tmp_path
    )

    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == [
        "header",
        "case",
        "footer",
    ]
    assert not list(tmp_path.glob("*.ndjson"))


def test_run_of_no_case_exits_5(tmp_path: Path) -> None:
    """A filter that selects nothing is no success."""
    done = command(
        "run", "--libraries", "reference", "--filter", "dtype=int8,dtype=int16", folder=tmp_path
    )

    assert done.returncode == 5


@pytest.mark.parametrize(("options", "code"), [
    ((), 1),
    (("--exit-zero",), 0),
    (("--target", "planted"), 1),
])  # fmt: skip
def test_run_with_a_crash_exits_1(tmp_path: Path, options: tuple[str, ...], code: int) -> None:
    """A library that ends the process deviates; ``--exit-zero`` hides that and nothing else."""
    (tmp_path / "died").touch()
    arguments = ("run", "--library", PLANTED, "--libraries", "planted", "--profile", "full")

    done = command(*arguments, "--filter", ABORTS, *options, folder=tmp_path)

    assert done.returncode == code, done.stdout + done.stderr
    assert '"outcome":"crashed"' in (tmp_path / "dlconform.ndjson").read_text()


def test_run_refuses_a_target_that_takes_no_part(tmp_path: Path) -> None:
    """A target that can be blamed for nothing would always be green."""
    done = command("run", "--libraries", "reference", "--target", "nobody", folder=tmp_path)

    assert done.returncode == 4
    assert "nobody" in done.stderr


def test_explain_reads_records_and_exits_0(records: Path, tmp_path: Path) -> None:
    """Outcome, proof and rule of the selected cases."""
    arguments = ("explain", "reference", "reference", "--dtype", "float32", "--layout", "matrix")

    done = command(*arguments, "--records", records, folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert ONE in done.stdout
    assert "shared" in done.stdout


def test_explain_of_many_cases_begins_with_their_counts(records: Path, tmp_path: Path) -> None:
    """A reader sees first how often memory was shared; one case needs no count."""
    many = command("explain", "reference", "reference", "--records", records, folder=tmp_path)
    one = command(
        *("explain", "reference", "reference", "--records", records, "--dtype", "float32"),
        *("--layout", "matrix"),
        folder=tmp_path,
    )

    assert re.match(r"[\d,]+ cases: [\d,]+ shared, [\d,]+ empty\n", many.stdout), many.stdout[:80]
    assert one.stdout.startswith(ONE)


def test_explain_as_json_has_all_facts(records: Path, tmp_path: Path) -> None:
    """Facts that the record leaves out are put back."""
    arguments = ("explain", "reference", "reference", "--dtype", "float32", "--layout", "matrix")

    done = command(*arguments, "--records", records, "--format", "json", folder=tmp_path)

    found = {case["id"]: case for case in json.loads(done.stdout)}
    assert found[ONE]["facts"]["source.dtype"] == "float32"
    assert found[ONE]["facts"]["result.values"] is True


def test_explain_of_nothing_exits_5(records: Path, tmp_path: Path) -> None:
    """A pair that the records do not have is said to be missing."""
    done = command("explain", "reference", "nobody", "--records", records, folder=tmp_path)

    assert done.returncode == 5
    assert done.stderr.startswith("error[nothing-ran]")


def test_repro_prints_a_short_script_that_runs(records: Path, tmp_path: Path) -> None:
    """At most 25 lines; exit 0 where nothing deviates."""
    done = command("repro", ONE, "--records", records, folder=tmp_path)
    script = tmp_path / "show.py"
    script.write_text(done.stdout)

    shown = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) <= 25
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_repro_of_an_unknown_case_exits_4(records: Path, tmp_path: Path) -> None:
    """The id is named."""
    done = command("repro", "exchange/a/b", "--records", records, folder=tmp_path)

    assert done.returncode == 4
    assert "exchange/a/b" in done.stderr
