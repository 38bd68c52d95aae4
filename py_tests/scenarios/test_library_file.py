"""``dlconform libraries new`` and ``check``: a wrong file is told from a wrong library."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dlpack_conformance.engine.library_check import check_library
from dlpack_conformance.libraries import _template

Run = Callable[..., Any]
METHODS = (
    *("probe", "prepare", "types", "make", "describe", "read", "get", "write", "offers"),
    *("accepts", "routes", "usages", "script_calls", "script_make", "script_api", "item_bytes"),
    *("probes", "versions", "makes"),
)
RIGHT = """
from dlpack_conformance.libraries import Makes, reference as base
name = "mine"
readonly_arrays = True
immutable_arrays = False
versions = lambda: {"mine": "1"}
makes = lambda: [Makes(source, ("float32", "int16"), None) for source in ("plain", "readonly")]
""" + "".join(f"{method} = base.{method}\n" for method in METHODS[:-2])
DESCRIBE = "describe = lambda x: base.describe(x)._replace({})\n"
WRONG = {
    "strides": (DESCRIBE.format("strides=(1,) * len(x.shape)"), "describe", "(4, 1)"),
    "shape": (DESCRIBE.format("shape=x.shape[::-1]"), "describe", "(3, 4)"),
    "dtype": (DESCRIBE.format("dtype='uint8'"), "describe", "float32"),
    "device": (DESCRIBE.format("device='gpu'"), "describe", "cpu"),
    "address": (DESCRIBE.format("address=x.address + 4"), "describe", "the address"),
    "writable": (DESCRIBE.format("writable=True"), "describe", "False"),
    "no description": ("describe = lambda x: x.shape\n", "describe", "a Description"),
    "reads backwards": ("read = lambda x: base.read(x)[::-1]\n", "read", "["),
    "reads a tuple": ("read = lambda x: tuple(base.read(x))\n", "read", "a list of numbers"),
    "gets the first": ("get = lambda x, at: x.get((0,) * len(at))\n", "get", "6.0"),
    "writes nothing": ("write = lambda *_: None\n", "write", "the memory holds"),
    "makes a copy": (
        (
            "def make(source):\n    from dlpack_conformance import modules\n"
            "    return modules().instrument.from_dlpack(base.make(source), copy=True)\n"
        ),
        "make",
        "the address",
    ),
    "makes a list": ("make = lambda source: source.values\n", "make", "an array: Array"),
    "unknown source": ("makes = lambda: [Makes('plane', ('float32',), None)]\n", "makes", "catal"),
    "unknown dtype": ("makes = lambda: [Makes('plain', ('float',), None)]\n", "makes", "catalogue"),
    "makes nothing": ("makes = lambda: []\n", "makes", "one at least"),
    "no versions": ("versions = lambda: {}\n", "versions", "a dict"),
    "a flag as text": ("readonly_arrays = 'yes'\n", "readonly_arrays", "True or False"),
    "unknown offer": ("offers = lambda: {'dlpack': None}\n", "offers", "__dlpack__"),
    "unknown entry": ("accepts = lambda: {'fromdlpack': None}\n", "accepts", "from_dlpack"),
    "claims any object": ("item_bytes = lambda x: 4\n", "item_bytes", "None"),
    "item size": (
        "item_bytes = lambda x: 8 if hasattr(x, 'dtype') else None\n",
        "item_bytes",
        "4",
    ),
    "types in a list": ("types = lambda: [int]\n", "types", "a tuple of types"),
    "misspelled call": (
        (
            "from dlpack_conformance.libraries import Entry\n"
            "def take(x): return base.from_dlpak(x)\n"
            "accepts = lambda: {'from_dlpack': Entry(take)}\n"
        ),
        "accepts",
        "a call of the library",
    ),
    "returns no array": (
        (
            "from dlpack_conformance.libraries import Entry\n"
            "accepts = lambda: {'from_dlpack': Entry(lambda x: [])}\n"
        ),
        "accepts",
        "an array: Array",
    ),
    "script is no text": ("script_make = lambda source: [1]\n", "script_make", "lines of text"),
}


def library(folder: Path, change: str = "") -> Path:
    """Write the file of a library that is the reference, with a change at its end."""
    file = folder / "mine.py"
    file.write_text(RIGHT + change)
    return file


def complaints(file: Path, **options: Any) -> list[Any]:
    """Return what is wrong with a file, without running a case."""
    return check_library("mine", [str(file)], **options).complaints


def test_right_file_of_a_right_library_exits_0(dlconform: Run, tmp_path: Path) -> None:
    """Its small arrays are counted, and so are the cases of a short run."""
    done = dlconform("libraries", "check", library(tmp_path), "--format", "json")

    (said,) = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (said["library"], said["file"], said["deviations"]) == ("mine", [], [])
    assert said["arrays"] > 50
    assert said["cases"] > 500


def test_right_file_of_a_wrong_library_exits_1(dlconform: Run, tmp_path: Path) -> None:
    """A library whose export states another shape: its file says the truth and is not accused."""
    wrong = (
        "def make(source):\n"
        "    from dlpack_conformance import modules\n"
        "    strides = tuple(0 for _ in source.strides)\n"
        "    return modules().instrument.Array(source.memory, source.dtype, source.shape,\n"
        "        source.strides, readonly=source.source == 'readonly',\n"
        "        states={'strides': strides})\n"
    )

    done = dlconform("libraries", "check", library(tmp_path, wrong))

    assert done.returncode == 1, done.stdout + done.stderr
    assert "the library deviates" in done.stdout
    assert "answers rightly" in done.stderr


@pytest.mark.parametrize("name", WRONG)
def test_wrong_file_is_told_by_method_value_and_what_was_expected(
    tmp_path: Path, name: str
) -> None:
    """Each mistake names its method; what is right is not complained about."""
    change, method, expected = WRONG[name]

    found = complaints(library(tmp_path, change))

    assert found
    assert method in {one.method for one in found} <= {method, "make or describe"}, found
    assert any(expected in one.expected for one in found), found


@pytest.mark.parametrize("method", METHODS)
def test_file_that_raises_in_a_method_is_named(tmp_path: Path, method: str) -> None:
    """The method, the exception and its line; everything else is asked all the same."""
    file = library(tmp_path, f"def {method}(*args):\n    raise RuntimeError('boom')\n")

    found = [one for one in complaints(file) if one.method == method]

    assert len(found) == 1
    line = len(file.read_text().splitlines())
    assert found[0].got == f"raised RuntimeError: boom (line {line} of mine.py)"


def test_wrong_file_exits_4_and_runs_no_case(dlconform: Run, tmp_path: Path) -> None:
    """Method, value, what was expected and what came are one row."""
    done = dlconform("libraries", "check", library(tmp_path, WRONG["strides"][0]))

    assert done.returncode == 4
    assert re.search(r"describe +float32 matrix plain: strides.*\(4, 1\) +\(1, 1\)", done.stdout)
    assert done.stderr.endswith("no case was run\n")


@pytest.mark.parametrize("method", ["probe", "versions", "makes", "routes", "usages", "accepts"])
def test_run_of_a_file_that_raises_exits_4(dlconform: Run, tmp_path: Path, method: str) -> None:
    """The census names library and method; nothing is run."""
    file = library(tmp_path, f"def {method}(*args):\n    raise RuntimeError('boom')\n")

    done = dlconform("run", "--library", file, "--libraries", "mine")

    assert done.returncode == 4
    assert "'mine'" in done.stderr
    assert "raised RuntimeError: boom" in done.stderr
    assert not list(tmp_path.glob("*.ndjson"))


ONE_DTYPE = """
makes = lambda: [Makes({}, ('float32',), ('vector', 'matrix'))]
def make(source):
    if source.dtype != 'float32' or source.layout == {}:
        raise TypeError(source.dtype)
    return base.make(source)
"""


def verdicts(dlconform: Run, tmp_path: Path, change: str) -> list[dict[str, Any]]:
    """Return the cases of a few rules, of a library with a change."""
    dlconform(
        *("run", "--library", library(tmp_path, change), "--libraries", "mine"),
        *("--target", "mine", "--filter", "protocol/mine/P-*/*", "--filter", "protocol/mine/H-*/*"),
    )
    lines = map(json.loads, (tmp_path / "dlconform.ndjson").read_text().splitlines())
    return [line for line in lines if line["kind"] == "case"]


def test_library_of_one_dtype_has_no_fault_of_the_suite(dlconform: Run, tmp_path: Path) -> None:
    """Probes that need any array take one that the library makes."""
    found = verdicts(dlconform, tmp_path, ONE_DTYPE.format("'plain'", "''"))

    assert len(found) > 100
    assert {case["verdict"] for case in found}.isdisjoint({"suite-fault", "deviates"})


def test_source_that_a_file_promises_and_does_not_make_is_not_run(
    dlconform: Run, tmp_path: Path
) -> None:
    """Nothing was observed, so nobody is accused; what was raised is kept."""
    found = verdicts(dlconform, tmp_path, ONE_DTYPE.format("'plain'", "'matrix'"))

    lost = [case for case in found if "source.error" in case["facts"]]
    assert lost
    assert {(case["outcome"], case["verdict"]) for case in lost} == {("not-run", "not-judged")}
    assert {case["facts"]["source.message"] for case in lost} == {"float32"}
    assert "suite-fault" not in {case["verdict"] for case in found}


def test_file_may_leave_out_usages_and_scripts(dlconform: Run, tmp_path: Path) -> None:
    """It runs all the same; its cases have no script, and that is said."""
    file = library(tmp_path)
    file.write_text(re.sub(r"^(usages|script_\w+) = .*\n", "", RIGHT, flags=re.MULTILINE))
    one = "exchange/mine/reference/from_dlpack/plain/float32/matrix/plain/cpu"

    ran = dlconform("run", "--library", file, "--libraries", "mine", "--filter", one)
    shown = dlconform(
        "explain", "mine", "reference", "--library", file, "--records", "dlconform.ndjson"
    )

    assert ran.returncode == 0, ran.stderr
    assert shown.returncode == 0, shown.stderr
    assert "no script" in shown.stdout


def test_file_that_ends_the_process_is_told_and_the_rest_is_asked(tmp_path: Path) -> None:
    """Where it was lost, and how; other methods are asked in a new process."""
    change = (
        "import os\ndef read(x):\n    if x.dtype == 'int16' and len(x.shape) == 2: os.abort()\n"
        "    return base.read(x)\nversions = dict\n"
    )

    found = complaints(library(tmp_path, change))
    lost = [one for one in found if one.method == "read"]

    assert {one.method for one in found} == {"read", "versions"}
    assert {one.got for one in lost} == {"ended the process: SIGABRT"}
    assert "int16 matrix plain" in [one.value for one in lost]


def test_file_that_hangs_is_told(tmp_path: Path) -> None:
    """A method that makes no step is ended."""
    found = complaints(
        library(tmp_path, "import time\nusages = lambda: time.sleep(99)\n"), seconds=3.0
    )

    assert [(one.method, one.got) for one in found] == [("usages", "no step for 3 s")]


def test_library_that_is_not_installed_exits_5(dlconform: Run, tmp_path: Path) -> None:
    """The file is not accused of it."""
    done = dlconform("libraries", "check", library(tmp_path, "probe = lambda: 'no such module'\n"))

    assert done.returncode == 5
    assert done.stderr.startswith("error[library] mine: no such module")


@pytest.mark.parametrize("given", ["nobody", "missing.py"])
def test_check_of_no_library_exits_4(dlconform: Run, given: str) -> None:
    """What was given is named."""
    done = dlconform("libraries", "check", given)

    assert done.returncode == 4
    assert given in done.stderr


def test_file_without_functions_exits_4_and_names_them(dlconform: Run, tmp_path: Path) -> None:
    """All that are missing at once."""
    file = tmp_path / "bare.py"
    file.write_text("name = 'bare'\ndef probe(): return None\n")

    done = dlconform("libraries", "check", file)

    assert done.returncode == 4
    assert "lacks versions, prepare, makes, make, describe, read, get, write" in done.stderr


def test_new_writes_a_file_that_check_reads(dlconform: Run, tmp_path: Path) -> None:
    """It loads as it is, and says what is to be filled in, by method."""
    (tmp_path / "tiny.py").touch()
    done = dlconform("libraries", "new", "tiny")
    file = tmp_path / "dlconform_tiny.py"
    checked = dlconform("libraries", "check", file.name, PYTHONPATH=_with(tmp_path))

    assert done.stdout == "dlconform_tiny.py\n"
    assert "mylib" not in file.read_text()
    assert checked.returncode == 4
    for method in ("types", "make", "accepts"):
        assert re.search(rf"^ *{method} .*fill in this function", checked.stdout, re.MULTILINE)


def test_new_of_a_library_that_is_not_installed_says_so(dlconform: Run, tmp_path: Path) -> None:
    """Its probe is right from the first."""
    dlconform("libraries", "new", "nowhere", "--out", "n.py")

    assert dlconform("libraries", "check", "n.py").returncode == 5


@pytest.mark.parametrize(("arguments", "cause"), [
    (("my-lib",), "'my-lib' is no name"),
    (("tiny", "--out", "there.py"), "there.py: it is there already"),
    (("tiny", "--out", "none/x.py"), "none/x.py: No such file"),
])  # fmt: skip
def test_new_overwrites_nothing_and_exits_4(
    dlconform: Run, tmp_path: Path, arguments: tuple[str, ...], cause: str
) -> None:
    """A name that no module has, a file that is there, a folder that is not."""
    (tmp_path / "there.py").write_text("kept")

    done = dlconform("libraries", "new", *arguments)

    assert done.returncode == 4
    assert cause in done.stderr
    assert (tmp_path / "there.py").read_text() == "kept"


def test_template_has_each_function_once_with_a_text() -> None:
    """What a reader fills in says what is wanted."""
    assert _template.__file__ is not None
    tree = ast.parse(Path(_template.__file__).read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]

    assert len({node.name for node in functions}) == len(functions) > 15
    assert all(ast.get_docstring(node) for node in functions)


def test_bare_libraries_lists_as_before(dlconform: Run) -> None:
    """The group itself is the list."""
    rows = json.loads(dlconform("libraries", "--format", "json").stdout)

    assert "reference" in {row["name"] for row in rows}


def _with(folder: Path) -> str:
    import os

    return os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])
