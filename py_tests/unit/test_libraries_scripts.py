"""Scripts: lines that make a source, run alone, make what the library file makes."""

from __future__ import annotations

import ast
from typing import Any

import library_sources
import pytest
from dlpack_conformance import modules

LIBRARIES = library_sources.installed()
LAYOUTS = (
    "scalar",
    "vector",
    "columns",
    "reversed",
    "offset-odd",
    "broadcast-rows",
    "windows",
    "empty-0x3",
)
DTYPES = (
    "float32",
    "int16",
    "bool",
    "complex64",
    "bfloat16",
    "float4_e2m1fnx2",
    "bits8",
    "str",
    "record",
    "qint8",
)


def chosen() -> list[tuple[str, str, str, str]]:
    """Return library, source, dtype and layout of the scripts that are tried."""
    found = []
    for name, library in LIBRARIES.items():
        for makes in library.makes():
            made = set(library_sources.combinations(makes))
            found += [
                (name, makes.source, dtype, layout)
                for dtype in DTYPES
                for layout in (*LAYOUTS, "step", "matrix")
                if (dtype, layout) in made
            ]
    return found


def run(lines: list[str]) -> dict[str, object]:
    """Run the lines in a namespace of their own."""
    scope: dict[str, object] = {}
    exec(compile("\n".join(lines), "script", "exec"), scope)
    return scope


@pytest.mark.filterwarnings("ignore:.*quantize")
@pytest.mark.filterwarnings("ignore:The given buffer is not writable")
@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_script_makes_what_the_library_file_makes(name: str) -> None:
    """Shape, strides, dtype, writability and values are those of the source in the case."""
    library = LIBRARIES[name]
    wrong = []
    for _, source, dtype, layout in (case for case in chosen() if case[0] == name):
        built = library_sources.build(dtype, layout, source)
        lines = library.script_make(library_sources.alone(built.source))
        a = run(lines)["a"]
        x = library.make(built.source)
        theirs, ours = library.describe(a), library.describe(x)
        same = theirs._replace(address=None) == ours._replace(address=None)
        if 0 in built.source.shape:
            same = (theirs.shape, theirs.dtype) == (ours.shape, ours.dtype)
        if not same or len(lines) > 8:
            wrong.append((source, dtype, layout, theirs, ours, lines))
        elif source != "meta" and library.read(a) != library.read(x):
            wrong.append((source, dtype, layout, library.read(a), lines))

    assert wrong == []


@pytest.mark.parametrize(
    ("device", "stated"),
    [
        ("cuda-0", (2, 0)),
        ("cuda-host", (3, 0)),
        ("cuda-managed-0", (13, 0)),
        ("simulated-0", (12, 0)),
    ],
)
def test_script_of_the_reference_makes_a_source_on_its_device(
    device: str, stated: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the memory that the case names; here a simulated device stands for CUDA's."""
    instrument = modules().instrument
    monkeypatch.setattr(instrument, "cuda", lambda: instrument.simulated(type=2))
    built = library_sources.build("float32", "columns", "plain")
    source = library_sources.alone(built.source)._replace(device=device)
    a: Any = run(LIBRARIES["reference"].script_make(source))["a"]

    assert a.device == stated
    assert a.accelerator is not None
    assert a.read() == list(source.values)


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_script_api_reads_as_the_library_file_reads(name: str) -> None:
    """Values, address, shape and type of a script are what the library file sees."""
    library = LIBRARIES[name]
    for dtype in ("float32", "bool", "complex64"):
        built = library_sources.build(dtype, "columns", "plain")
        x = library.make(built.source)
        api = library.script_api(dtype)
        scope = run([api["import"]]) | {"x": x}

        assert eval(api["values"].format(x="x"), scope) == library.read(x)
        assert eval(api["address"].format(x="x"), scope) == library.describe(x).address
        assert eval(api["shape"].format(x="x"), scope) == library.describe(x).shape
        assert isinstance(x, eval(api["type"], scope))
        exec(api["write"].format(x="x", index="(0, 1)", value=repr(built.new)), scope)
        assert library.get(x, (0, 1)) == built.new


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_script_imports_one_library_alone(name: str) -> None:
    """The lines that make a source import that library, or the reference's module."""
    library = LIBRARIES[name]
    source = library_sources.alone(library_sources.build("float32", "matrix", "plain").source)
    tree = ast.parse("\n".join(library.script_make(source)))
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert names == {"dlpack_conformance" if name == "reference" else name}
