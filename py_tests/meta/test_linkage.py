"""What the two modules need in order to be loaded: nothing of CUDA, however they were built."""

from __future__ import annotations

import importlib
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

MODULES = ("_core", "_instrument")
CUDA = re.compile(r"cuda|cudart|nvrtc|nvidia|cupti|nvToolsExt", re.IGNORECASE)
NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")


def needed_by(module: Path) -> list[str]:
    """Return the libraries that the loader must find for it."""
    done = subprocess.run(["readelf", "-d", module], capture_output=True, text=True, check=True)
    return NEEDED.findall(done.stdout)


def dynamic_symbols_of(module: Path) -> list[str]:
    """Return the names that it takes from other libraries or shows to them."""
    command = ["readelf", "--wide", "--dyn-syms", module]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return [row[7].split("@")[0] for row in rows if len(row) > 7 and row[0].rstrip(":").isdigit()]


def check(module: Path) -> None:
    """Assert that neither the one nor the other is CUDA's."""
    libraries, symbols = needed_by(module), dynamic_symbols_of(module)

    # That readelf was read: a C++ module needs these and has this.
    assert "libc.so.6" in libraries
    assert any(name.startswith("libstdc++") for name in libraries)
    assert f"PyInit_{module.name.split('.')[0]}" in symbols
    assert not [name for name in libraries if CUDA.search(name)]
    assert not [name for name in symbols if re.match(r"cu[A-Z]|cuda[A-Z]|__cuda", name)]


@pytest.mark.parametrize("name", MODULES)
def test_module_needs_no_cuda_library(name: str) -> None:
    """The modules of this build."""
    origin = importlib.import_module(f"dlpack_conformance.{name}").__file__
    assert origin is not None

    check(Path(origin))


@pytest.mark.parametrize("name", MODULES)
def test_module_of_the_wheel_needs_no_cuda_library(name: str, root: Path, tmp_path: Path) -> None:
    """The modules that users install."""
    wheels = sorted((root / "build" / "dist").glob("dlpack_conformance-*.whl"))
    if not wheels:
        pytest.skip("no wheel in build/dist: ci/test makes it")
    with zipfile.ZipFile(wheels[-1]) as wheel:
        (member,) = (part for part in wheel.namelist() if Path(part).match(f"{name}.*.so"))
        check(Path(wheel.extract(member, tmp_path)))


def test_a_library_of_cuda_would_be_seen(tmp_path: Path) -> None:
    """A module that needs one is refused by the same check."""
    library, module = tmp_path / "libcudart.so.13", tmp_path / "module.so"
    library.with_suffix(".c").write_text("int cudaMalloc(void) { return 0; }")
    module.with_suffix(".c").write_text("int cudaMalloc(void); int f() { return cudaMalloc(); }")
    for made, *linked in ([library, f"-Wl,-soname,{library.name}"], [module, library]):
        command = ["cc", "-shared", "-fPIC", "-o", made, made.with_suffix(".c"), *linked]
        subprocess.run(command, check=True)

    assert [name for name in needed_by(module) if CUDA.search(name)] == [library.name]
    assert "cudaMalloc" in dynamic_symbols_of(module)
