"""Who may use whom: the arrows of ARCHITECTURE.md, read from the include and import lines."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "conformance" / "dlpack_conformance"
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

VALUE_TYPES = {"dlpack", "dtype", "layout", "device", "buffer", "error", "managed_tensor"}
# Header or source by stem -> what it may include of the instrument besides itself.
INSTRUMENT = {
    "producer": VALUE_TYPES,
    "consumer": VALUE_TYPES,
    "exchange_api": VALUE_TYPES | {"producer", "consumer"},
    "accelerator": {"device"},
    "pending_bytes": {"accelerator"},
    "device_producer": VALUE_TYPES | {"accelerator", "pending_bytes", "producer"},
    "device_consumer": VALUE_TYPES | {"accelerator", "pending_bytes", "consumer"},
}
# Room of conformance/ -> rooms it may include.
SUITE = {
    "catalogue": {"catalogue", "dlpack_impl"},
    "core": {"core", "catalogue", "dlpack_impl"},
    "observe": {"observe", "core", "catalogue", "dlpack_impl"},
    "gtest": {"gtest", "observe", "core", "catalogue", "dlpack_impl"},
    "bindings": {"bindings", "observe", "core", "catalogue", "dlpack_impl"},
}
# Predicates of the rules speak about facts and cases: value types that lie in core/.
CORE_VALUE_TYPES = {"core/facts.h", "core/case.h", "core/outcome.h"}
# Room of the Python package -> rooms it may import.
PYTHON = {
    "cli": {"cli", "report", "engine"},
    "engine": {"engine", "libraries", "routes", "probes"},
    "report": {"report", "libraries"},
    # A library file has probes of its own functions, as values of that room.
    "libraries": {"libraries", "probes"},
    "routes": {"routes", "libraries"},
    "probes": {"probes", "libraries"},
}
# The suite's own tools; anything else that is not in the standard library is an array library.
OWN_TOOLS = {
    *("click", "rich", "jinja2", "msgspec", "packaging", "tomli", "tomlkit"),
    "dlpack_conformance",
}
# By the plugin alone: pytest loads it, and the suite does without.
OWN_TOOLS_OF = {"pytest_plugin": {"pytest"}}


def cpp_files(*rooms: str) -> list[Path]:
    """Headers, sources and tables of some rooms."""
    files = [
        f for room in rooms for f in (ROOT / room).rglob("*") if f.suffix in {".h", ".cpp", ".def"}
    ]
    return sorted(files)


def includes(path: Path) -> list[str]:
    """Return what a C++ file includes."""
    return INCLUDE.findall(path.read_text())


def python_files(room: str = "") -> list[Path]:
    """Modules of the package or of one room of it."""
    return sorted((PACKAGE / room).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Each imported module with its statement; ``from a import b`` gives ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                yield f"{node.module}.{name.name}", node


def room_of(path: Path) -> str:
    """Return the first folder below the package, or nothing for its own modules."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("stem", sorted(INSTRUMENT))
def test_arrows_of_the_instrument_hold(stem: str) -> None:
    """Producer and consumer share value types and never include one another."""
    names = {f"{stem}.h", f"{stem}.cpp"}
    files = [f for f in cpp_files("dlpack_impl/include", "dlpack_impl/src") if f.name in names]
    assert files
    for path in files:
        used = {Path(name).stem for name in includes(path) if name.startswith("dlpack_impl/")}
        assert used - {stem} <= INSTRUMENT[stem], path


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("producer", "consumer"),
        ("consumer", "producer"),
        ("device_producer", "consumer"),
        ("device_consumer", "producer"),
    ],
)
def test_arrows_keep_producer_and_consumer_apart_through_other_headers(
    first: str, second: str
) -> None:
    """No chain of includes leads from the one to the other."""
    include = ROOT / "dlpack_impl" / "include"
    todo, seen = [f"dlpack_impl/{first}.h"], set()
    while todo:
        name = todo.pop()
        if name not in seen and (include / name).is_file():
            seen.add(name)
            todo += includes(include / name)

    assert f"dlpack_impl/{first}.h" in seen
    assert f"dlpack_impl/{second}.h" not in seen


@pytest.mark.parametrize("room", ["cuda", "simulated"])
def test_arrows_of_the_accelerators_hold(room: str) -> None:
    """An accelerator knows devices, not producers or consumers, and no other accelerator."""
    folder = ROOT / "dlpack_impl" / room
    files = [f for f in folder.iterdir() if f.suffix in {".h", ".cpp", ".cu"}]
    assert files
    for path in files:
        own = {name for name in includes(path) if "/" in name and not name.startswith("sys/")}
        used = {Path(name).stem for name in own if name.startswith("dlpack_impl/")}
        assert used <= {"accelerator", "buffer", "device", "dlpack", "error"}, path
        assert {name.split("/")[0] for name in own} <= {room, "dlpack_impl"}, path


def test_arrows_only_the_cuda_room_includes_the_cuda_runtime() -> None:
    """Everything else compiles without it."""
    for path in cpp_files("dlpack_impl", "conformance"):
        used = [name for name in includes(path) if re.match(r"cuda[A-Z_.]", name)]
        assert not used or path.parent == ROOT / "dlpack_impl" / "cuda", path


@pytest.mark.parametrize("room", sorted(SUITE))
def test_arrows_of_the_suite_hold(room: str) -> None:
    """A room of ``conformance/`` includes only rooms below it."""
    known = {*SUITE, "dlpack_impl"}
    for path in cpp_files(f"conformance/{room}"):
        names = {name for name in includes(path) if "/" in name}
        if room == "catalogue":
            names -= CORE_VALUE_TYPES
        used = {name.split("/")[0] for name in names} & known
        assert used <= SUITE[room], path


def test_arrows_catalogue_uses_only_value_types_of_the_instrument() -> None:
    """Tables know dtypes and layouts, not producers, consumers or memory."""
    for path in cpp_files("conformance/catalogue"):
        used = {Path(name).stem for name in includes(path) if name.startswith("dlpack_impl/")}
        assert used <= {"dtype", "layout", "dlpack"}, path


def test_arrows_only_bindings_include_python() -> None:
    """Everything but the two binding rooms is free of Python.h: a kit for C++ needs none.

    What spoils capsules for the tests of the faults is a module of Python itself.
    """
    for path in cpp_files("dlpack_impl", "conformance"):
        if path.parent.name not in {"bindings", "tamper"}:
            used = [
                name for name in includes(path) if name == "Python.h" or name.startswith("pybind11")
            ]
            assert not used, path


@pytest.mark.parametrize("room", sorted(PYTHON))
def test_arrows_of_the_package_hold(room: str) -> None:
    """A room of the package imports only rooms that its arrows lead to."""
    for path in python_files(room):
        for name, _ in imports(ast.parse(path.read_text())):
            parts = name.split(".")
            if parts[0] == "dlpack_conformance" and len(parts) > 1 and parts[1] in PYTHON:
                assert parts[1] in PYTHON[room], f"{path}: {name}"


@pytest.mark.parametrize("room", ["libraries", "routes", "probes"])
def test_arrows_engine_finds_files_of_a_room_by_discovery(room: str) -> None:
    """No engine module names one library file, route or probe."""
    stems = {path.stem for path in python_files(room) if not path.stem.startswith("_")}
    for path in python_files("engine"):
        for name, _ in imports(ast.parse(path.read_text())):
            parts = name.split(".")
            assert not (parts[:2] == ["dlpack_conformance", room] and stems & set(parts[2:3])), path


def test_arrows_array_libraries_are_imported_in_functions_of_library_files() -> None:
    """Importing the package, or any module of it, imports no array library."""
    for path in python_files():
        tree = ast.parse(path.read_text())
        functions = [
            n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        inside = {id(node) for function in functions for node in ast.walk(function)}
        typing_only = {
            id(node)
            for branch in ast.walk(tree)
            if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
            for node in ast.walk(branch)
        }
        for name, node in imports(tree):
            top = name.split(".")[0]
            tools = OWN_TOOLS | OWN_TOOLS_OF.get(path.stem, set())
            if top in sys.stdlib_module_names or top in tools or id(node) in typing_only:
                continue
            assert room_of(path) == "libraries", f"{path}: {name}"
            assert id(node) in inside, f"{path}: {name} is imported outside a function"


def library_names() -> re.Pattern[str]:
    """Names of the library files as words; the reference is ours and may be named."""
    stems = {path.stem for path in python_files("libraries")} - {"reference"}
    stems = {stem for stem in stems if not stem.startswith("_")}
    assert stems
    return re.compile(rf"(?<![A-Za-z0-9_])({'|'.join(sorted(stems))})(?![A-Za-z0-9_])")


def test_arrows_no_python_outside_library_files_names_a_library() -> None:
    """No name, attribute or text of the code is a library's; docstrings may explain."""
    word = library_names()
    for path in python_files():
        if room_of(path) == "libraries":
            continue
        for node in ast.walk(without_docstrings(ast.parse(path.read_text()))):
            text = spelled(node)
            assert not word.search(text), f"{path}:{getattr(node, 'lineno', 0)}: {text}"


def without_docstrings(tree: ast.Module) -> ast.Module:
    """Drop the expression statements that are only a text."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                statement
                for statement in body
                if not (
                    isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                )
            ]
    return tree


def spelled(node: ast.AST) -> str:
    """Return what a node itself spells: a text, a name, an attribute or an imported module."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.alias):
        return node.name
    return str(getattr(node, "id", getattr(node, "attr", getattr(node, "module", ""))))


def test_arrows_no_cpp_outside_rules_and_claims_names_a_library() -> None:
    """Code and tables know no library; the texts of rules, their sources and claims do."""
    word = library_names()
    for path in cpp_files("dlpack_impl", "conformance"):
        if path.parent.name == "rules" or path.stem in {"ambiguities", "claims", "documents"}:
            continue
        text = COMMENT.sub("", path.read_text())
        found = word.search(text)
        assert found is None, (
            f"{path}: {found and text[max(found.start() - 60, 0) : found.end() + 20]}"
        )
