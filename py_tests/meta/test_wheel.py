"""The wheel: what is in it, and that it works where no array library is installed.

``ci/test`` makes the wheel before the tests; without it (ctest by hand) these tests are skipped.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

# What the wheel requires, and what that requires: linked into the empty environment.
TOOLS = (
    *("click", "jinja2", "markupsafe", "msgspec", "packaging", "rich", "pygments"),
    *("markdown_it", "mdurl", "tomlkit"),
)


@pytest.fixture(scope="module")
def wheel(root: Path) -> zipfile.ZipFile:
    """Return the wheel that was made last."""
    found = sorted((root / "build" / "dist").glob("dlpack_conformance-*.whl"))
    if not found:
        pytest.skip("no wheel in build/dist: ci/test makes it")
    return zipfile.ZipFile(found[-1])


@pytest.fixture(scope="module")
def bare_python(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that has the wheel, its tools and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    wheel.extractall(site)
    for name in TOOLS:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.submodule_search_locations
        (site / name).symlink_to(spec.submodule_search_locations[0])
    return folder / "bin" / "python"


def run(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bare interpreter without anything of ours in its environment."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [python, *arguments], capture_output=True, text=True, env=environment, check=False
    )


@pytest.mark.parametrize("part", [
    "dlpack_conformance/_digest.py",
    "dlpack_conformance/py.typed",
    "dlpack_conformance/_core.pyi",
    "dlpack_conformance/report/page/page.html.j2",
    "dlpack_conformance/report/proof.json",
    "dlpack_conformance/cli/verbs/run.py",
    "dlpack_conformance/expectations/pinned.toml",
])  # fmt: skip
def test_wheel_has(wheel: zipfile.ZipFile, part: str) -> None:
    """Package data that is needed at run time is there."""
    assert part in wheel.namelist()


def test_wheel_has_both_modules_and_the_licence(wheel: zipfile.ZipFile) -> None:
    """Two modules for this interpreter, and the licence text."""
    modules = [Path(name).name.split(".")[0] for name in wheel.namelist() if name.endswith(".so")]

    assert sorted(modules) == ["_core", "_instrument"]
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_wheel_has_no_fault_no_test_and_no_source_of_a_module(wheel: zipfile.ZipFile) -> None:
    """Producers that are wrong on purpose stay in the repository; so do C++ files and headers."""
    for name in wheel.namelist():
        assert "fault" not in name
        assert "test" not in Path(name).parts
        assert Path(name).suffix not in {".cpp", ".h", ".a", ".cmake", ".pyc"}, name
        assert not name.startswith(("include/", "lib/", "share/")), name


def test_wheel_modules_hold_no_fault(wheel: zipfile.ZipFile) -> None:
    """The faults are not linked into the modules either."""
    for name in wheel.namelist():
        if name.endswith(".so"):
            assert b"all_faults" not in wheel.read(name)


def test_wheel_requires_no_array_library(wheel: zipfile.ZipFile) -> None:
    """Array libraries are extras."""
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    lines = wheel.read(name).decode().splitlines()
    required = [
        line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]

    assert required
    assert not [line for line in required if "numpy" in line or "torch" in line]


def test_wheel_works_without_an_array_library(bare_python: Path) -> None:
    """Package, modules and command work; what can't be imported is said, with the reason."""
    imported = run(
        bare_python, "-c", "import dlpack_conformance as d; print(d.modules().core.DIGEST)"
    )
    doctor = run(bare_python, "-m", "dlpack_conformance.cli", "doctor", "--format", "json")

    assert imported.returncode == 0, imported.stderr
    assert doctor.returncode == 0, doctor.stderr
    facts = json.loads(doctor.stdout)["facts"]
    found = {key: text for key, text in facts.items() if key.startswith("library ")}
    usable = [key for key, text in found.items() if not text.startswith("not usable: ")]
    assert usable == ["library reference"]
    assert {"library numpy", "library torch"} < set(found)


def test_wheel_runs_the_reference_alone(bare_python: Path, tmp_path: Path) -> None:
    """The reference with itself needs no array library, and no case of it deviates."""
    out, page = tmp_path / "run.ndjson", tmp_path / "run.html"
    arguments = ["run", "--profile", "quick", "--filter", "dtype=float32", "--html", str(page)]

    done = run(bare_python, "-m", "dlpack_conformance.cli", *arguments, "--out", str(out))

    assert done.returncode == 0, done.stderr + done.stdout
    assert page.stat().st_size > 0


def test_module_of_another_build_is_refused(bare_python: Path) -> None:
    """Package and modules with unequal digests do not work together; both digests are named."""
    code = (
        "import dlpack_conformance._digest as d; d.DIGEST = 'another'\n"
        "import dlpack_conformance; dlpack_conformance.modules()"
    )

    done = run(bare_python, "-c", code)

    assert done.returncode != 0
    assert "another" in done.stderr
    assert "dlpack_conformance._core" in done.stderr
