"""The example libraries, built and run as a newcomer would: real arrays, real DLPack."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "conformance" / "examples"
FEW = ("--profile", "quick", "--filter", "layout=matrix,case=exchange")


def dlconform(*arguments: object, folder: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, with a library on the path."""
    search = os.pathsep.join([str(path), os.environ["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, "-m", "dlpack_conformance.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": search},
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the nanobind example out of its sources; the folder of the module."""
    folder = tmp_path_factory.mktemp("nanobind")
    spec = importlib.util.find_spec("nanobind")
    assert spec is not None
    assert spec.origin is not None
    launcher = shutil.which("ccache")
    subprocess.run(
        [
            *("cmake", "-S", EXAMPLES / "nanobind", "-B", folder, "-DCMAKE_BUILD_TYPE=Release"),
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dnanobind_DIR={Path(spec.origin).parent / 'cmake'}",
            *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []),
        ],
        check=True,
        capture_output=True,
    )
    subprocess.run(["cmake", "--build", folder, "--parallel"], check=True, capture_output=True)
    return folder


@pytest.fixture(params=["nanobind", "ctypes"])
def example(request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """Library file of an example, and the folder in which its library lies."""
    name = {"nanobind": "tinynb", "ctypes": "tinyct"}[request.param]
    file = EXAMPLES / request.param / f"dlconform_{name}.py"
    path = request.getfixturevalue("built") if name == "tinynb" else file.parent
    return file, path


def test_example_library_file_is_right(example: tuple[Path, Path], tmp_path: Path) -> None:
    """No complaint about any method; what is left is the library's own."""
    file, path = example

    done = dlconform("libraries", "check", file, "--format", "json", folder=tmp_path, path=path)

    (said,) = json.loads(done.stdout)
    assert said["file"] == [], done.stderr
    assert said["arrays"] >= 20
    assert done.returncode == 1


def test_example_library_runs_with_every_installed_library(
    example: tuple[Path, Path], tmp_path: Path
) -> None:
    """Its arrays share memory both ways, and no case is a fault of the suite."""
    file, path = example
    name = file.stem.removeprefix("dlconform_")

    done = dlconform(
        "run", "--library", file, "--target", name, *FEW, "--format", "json",
        folder=tmp_path, path=path,
    )  # fmt: skip

    said = json.loads(done.stdout)
    plain = {
        tuple(case["id"].split("/")[1:3]): case["outcome"]
        for case in cases(tmp_path / "dlconform.ndjson")
        if case["id"].endswith(("float32/matrix/owned/cpu", "float32/matrix/plain/cpu"))
        and "/from_dlpack/plain/" in case["id"]
    }
    others = {"numpy", "torch", "reference", name}
    assert "suite-fault" not in said["verdicts"], done.stderr
    assert plain == {pair: "shared" for other in others for pair in ((name, other), (other, name))}


def test_example_mistake_is_found_and_its_remedy_is_green(tmp_path: Path) -> None:
    """The planted mistake of tinyct breaks one rule; mended, nothing is red."""
    file = EXAMPLES / "ctypes" / "dlconform_tinyct.py"
    text = (EXAMPLES / "ctypes" / "tinyct.py").read_text()
    codes, rules = [], []
    for copied in ("self", "self.copy() if copy else self"):
        (tmp_path / "tinyct.py").write_text(
            text.replace("_capsule(self, managed)", f"_capsule({copied}, managed)")
        )
        done = dlconform(
            "run", "--library", file, "--target", "tinyct", "--libraries", "tinyct,numpy",
            "--profile", "quick", "--format", "json", folder=tmp_path, path=tmp_path,
        )  # fmt: skip
        codes.append(done.returncode)
        rules.append({found["rule"] for found in json.loads(done.stdout)["deviations"]})

    assert codes == [1, 0]
    assert rules == [{"P-33"}, set()]


@pytest.mark.parametrize("name", ["nanobind/tinynb.cpp", "ctypes/tinyct.py"])
def test_example_names_no_library_under_test(name: str) -> None:
    """They speak DLPack and know nobody."""
    text = (EXAMPLES / name).read_text()

    assert not {"numpy", "torch", "dlpack_conformance"} & set(text.replace(".", " ").split())


def test_example_relation_is_that_of_any_library(tmp_path: Path) -> None:
    """A library from outside takes part in ``relation``."""
    file = EXAMPLES / "ctypes" / "dlconform_tinyct.py"
    code = (
        "import numpy, tinyct; from dlpack_conformance import relation\n"
        "a = tinyct.zeros((3, 4)); b = numpy.from_dlpack(a)\n"
        f"print(relation(a, b[1:], prove=True, files=[{str(file)!r}]))"
    )
    search = os.pathsep.join([str(file.parent), os.environ["PYTHONPATH"]])

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": search},
        check=False,
    )

    assert "outcome='shared', proof='address+write', overlap='overlap'" in done.stdout, done.stderr


def cases(path: Path) -> list[dict[str, Any]]:
    """Case lines of a record file."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if line["kind"] == "case"]
