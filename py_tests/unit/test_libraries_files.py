"""Every library file, whether its library is installed or not: its functions, what is missing."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from typing import Any

import pytest
from dlpack_conformance import modules
from dlpack_conformance.engine.census import census
from dlpack_conformance.engine.discover import find_libraries
from dlpack_conformance.libraries import Library, Promise, Source
from dlpack_conformance.libraries import _shared as shared

LIBRARIES = find_libraries()
FOREIGN = sorted(set(LIBRARIES) - {"reference"})
ON_CUDA = [name for name in FOREIGN if hasattr(LIBRARIES[name], "on_device")]
ALONE_ON_CUDA = ("cuda.core", "cupy", "numba.cuda")
FUNCTIONS = sorted(
    name
    for name, member in vars(Library).items()
    if inspect.isfunction(member) and not name.startswith("_")
)


def owned(layout: str, dtype: str = "int32") -> Source:
    """Return the owned source of a layout on the first CUDA device."""
    row = next(row for row in shared.layouts() if row.name == layout)
    values = list(modules().core.values(dtype, layout))
    return Source(
        dtype, layout, "owned", "cuda-0", row.shape, row.strides, row.offset, values, None, None
    )


def test_libraries_of_issue_five_are_all_there() -> None:
    """The libraries that exchange arrays on CUDA, by the names that users know."""
    assert set(LIBRARIES) >= {"cuda.core", "cupy", "jax", "numba.cuda", "reference", "torch"}


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_library_has_the_whole_interface(name: str) -> None:
    """All functions of `Library`, with as many arguments as it has them."""
    library = LIBRARIES[name]
    for function in FUNCTIONS:
        asked = list(inspect.signature(getattr(Library, function)).parameters)[1:]
        given = inspect.signature(getattr(library, function)).parameters
        assert len(given) == len(asked), (function, list(given), asked)
    assert isinstance(library.readonly_arrays, bool)
    assert isinstance(library.immutable_arrays, bool)


def test_library_files_import_no_array_library() -> None:
    """Finding them all, their routes and their probes is free of what they are about."""
    code = (
        "import sys\n"
        "from dlpack_conformance.engine.discover import find_libraries, find_probes, find_routes\n"
        "libraries = find_libraries()\n"
        "find_routes(libraries)\n"
        "for library in libraries.values(): find_probes(library)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"numpy", "torch", "jax", "cupy", "numba", "cuda"} & set(done.stdout.split())


@pytest.mark.parametrize("name", FOREIGN)
def test_missing_library_says_which_module_is_not_there(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The reason names the module, and nothing is raised."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)

    said = LIBRARIES[name].probe()

    assert said is not None
    assert said.startswith("no module named '")
    assert name.split(".")[0] in said


@pytest.mark.parametrize("name", FOREIGN)
def test_library_that_does_not_import_says_why(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whatever its import raises is the reason, on one line."""

    def broken() -> Any:
        raise OSError("libbroken.so: cannot open shared object file\nand more")

    monkeypatch.setattr(importlib.util, "find_spec", lambda module: module)
    monkeypatch.setattr(LIBRARIES[name], "_load", broken)

    assert str(LIBRARIES[name].probe()).startswith("OSError: libbroken.so: cannot open")


def test_census_counts_missing_libraries_and_goes_on() -> None:
    """Each is there, or missing with the reason; the reference is always there."""
    found = census()

    assert "reference" in found.libraries
    assert set(found.libraries) | set(found.missing) == set(LIBRARIES)
    assert not set(found.libraries) & set(found.missing)
    assert all(found.missing.values())


@pytest.mark.parametrize("name", ON_CUDA)
def test_library_on_devices_says_where_it_never_is(name: str) -> None:
    """None but ours has arrays on simulated devices, which it says before it imports anything."""
    with pytest.raises(NotImplementedError, match="simulated"):
        LIBRARIES[name].reaches("simulated")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_library_routes_have_a_promise_with_its_source(name: str) -> None:
    """Where nothing is promised, too, it says which text is silent."""
    for route in LIBRARIES[name].routes():
        promise: Promise = route.promise
        assert promise.document, route.name
        assert promise.section, route.name
        assert route.requests, route.name


def test_ways_to_the_host_are_copies_that_end_there() -> None:
    """A route by which arrays of a device come to the host says that they lie there then."""
    ways = {
        route.name: route.promise
        for library in LIBRARIES.values()
        for route in library.routes()
        if route.promise.device
    }

    assert set(ways) == {
        "cupy.ndarray.get",
        "numba.cuda.DeviceNDArray.copy_to_host",
        "torch.Tensor.cpu",
    }
    assert {(promise.kind, promise.device) for promise in ways.values()} == {("copies", "cpu")}


@pytest.mark.parametrize("name", ALONE_ON_CUDA)
def test_library_of_devices_alone_makes_nothing_on_the_host(name: str) -> None:
    """All its sources lie on the device, and there are some of each dtype and of many layouts."""
    made = LIBRARIES[name].makes()

    assert {makes.device for makes in made} == {"cuda-0"}
    assert {"bool", "float32", "complex128"} <= set(made[0].dtypes)
    assert {"vector", "matrix", "fortran"} <= set(made[0].layouts or ())
    assert "huge" not in (made[0].layouts or ())


@pytest.mark.parametrize("name", ALONE_ON_CUDA)
def test_scripts_of_sources_on_a_device_are_python(name: str) -> None:
    """Every layout that it makes can be written down."""
    library = LIBRARIES[name]
    for layout in library.makes()[0].layouts or ():
        lines = library.script_make(owned(layout))
        compile("\n".join(lines), layout, "exec")
        assert lines[-1].startswith("a = "), layout


@pytest.mark.parametrize("layout", LIBRARIES["cupy"].makes()[0].layouts or ())
def test_strided_source_reads_as_asked(layout: str) -> None:
    """NumPy has the functions by which CuPy's sources are made: there the values are as asked."""
    numpy = pytest.importorskip("numpy")
    source = owned(layout)
    lines = LIBRARIES["cupy"].script_make(source)
    space: dict[str, Any] = {"cupy": numpy}
    exec("\n".join(lines[1:]), space)
    a = space["a"]

    assert a.shape == source.shape
    assert a.reshape(-1).tolist() == list(source.values)
    if a.size:
        assert tuple(stride // 4 for stride in a.strides) == source.strides
