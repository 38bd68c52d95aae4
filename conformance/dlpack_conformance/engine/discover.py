"""Finds library files and routes: package scan, entry points, files from the command line."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from dlpack_conformance import libraries as _libraries
from dlpack_conformance import probes as _probes
from dlpack_conformance import routes as _routes
from dlpack_conformance.errors import LibraryFileError
from dlpack_conformance.libraries import Library, Route
from dlpack_conformance.probes import Probe

__all__ = ["ENTRY_POINTS", "find_libraries", "find_owner", "find_probes", "find_routes"]

ENTRY_POINTS = "dlpack_conformance.libraries"
_NEEDED = (
    "probe",
    "versions",
    "prepare",
    "makes",
    "make",
    "describe",
    "read",
    "get",
    "write",
    "routes",
    "accepts",
    "offers",
)


def _no_lines(source: Any) -> list[str]:
    raise LookupError("the library file writes no scripts")


# What a library file may leave out, and what is then its answer.
_LEFT_OUT: dict[str, Any] = {
    "usages": list,
    "script_calls": dict,
    "script_make": _no_lines,
    "script_api": lambda dtype: {},
}


class _Completed:
    """A library file with the functions that it leaves out."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        if name in _LEFT_OUT and not hasattr(self._library, name):
            return _LEFT_OUT[name]
        return getattr(self._library, name)


def find_libraries(files: Iterable[str | Path] = ()) -> dict[str, Library]:
    """Library files by name: the package's, entry points', then ``files``; none is made to import.

    Raises
    ------
    LibraryFileError
        A file can't be loaded, lacks a function of `Library`, or has a name that is taken.
    """
    found: dict[str, Library] = {}
    for module in _scan(_libraries):
        _take(found, module, module.__name__)
    for point in _points():
        _take(found, point.load(), f"entry point {point.name}")
    for file in files:
        _take(found, _load(Path(file)), str(file))
    return found


@cache
def _points() -> list[EntryPoint]:
    """Entry points of what is installed, which stays so while a process lives."""
    return sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)


def find_owner(x: Any, libraries: dict[str, Library]) -> tuple[Library, int | None] | None:
    """Library whose array ``x`` is, and bytes of one element where its file says them; or None.

    Files from outside are asked first: they may know a subclass of an array of the package's.
    """
    for library in reversed(libraries.values()):
        item_bytes = getattr(library, "item_bytes", None)
        if item_bytes is not None:
            size = item_bytes(x)
            if size is not None:
                return library, size
        elif library.probe() is None and isinstance(x, tuple(getattr(library, "types", tuple)())):
            return library, None
    return None


def find_routes(libraries: dict[str, Library]) -> list[tuple[Route, str]]:
    """Each route with the library that owns it ("" for a protocol route), sorted by name.

    Raises
    ------
    LibraryFileError
        A library file raised when it was asked for its routes.
    """
    found: list[tuple[Route, str]] = []
    for module in _scan(_routes):
        routes = getattr(module, "ROUTES", None) or [module.ROUTE]
        found += [(route, "") for route in routes]
    for name, library in libraries.items():
        found += [(route, name) for route in _own_routes(library)]
    return sorted(found, key=lambda pair: (pair[0].name, pair[1]))


def _own_routes(library: Library) -> list[Route]:
    try:
        return list(library.routes())
    except Exception as error:
        raise LibraryFileError(
            f"library {library.name!r}: routes() raised {type(error).__name__}: {error}"
        ) from error


def find_probes(library: Library) -> dict[tuple[str, str], Probe]:
    """Probes that are made of a library, by rule and variant: the package's and its own file's.

    Raises
    ------
    LibraryFileError
        Two probes have the same rule and variant.
    """
    probes = [probe for module in _scan(_probes) for probe in module.PROBES]
    own = getattr(library, "probes", None)
    if own is not None:
        probes += own()
    found: dict[tuple[str, str], Probe] = {}
    for probe in probes:
        key = (probe.rule, probe.variant)
        if key in found:
            raise LibraryFileError(
                f"{library.name}: the probe {probe.rule}/{probe.variant} is there twice"
            )
        found[key] = probe
    return found


def _scan(package: ModuleType) -> Iterator[ModuleType]:
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{info.name}")


def _load(path: Path) -> ModuleType:
    name = f"dlconform_library_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise LibraryFileError(f"{path}: not a Python file that can be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LibraryFileError(
            f"{path}: loading it raised {type(error).__name__}: {error}"
        ) from error
    return module


def _take(found: dict[str, Library], thing: Any, where: str) -> None:
    """Add a library, or those of a module with a list ``LIBRARIES``."""
    for library in getattr(thing, "LIBRARIES", None) or [thing]:
        missing = [name for name in ("name", *_NEEDED) if not hasattr(library, name)]
        if missing:
            raise LibraryFileError(f"{where}: a library file lacks {', '.join(missing)}")
        name = library.name
        if name in found:
            raise LibraryFileError(f"{where}: the name {name!r} is taken by another library file")
        whole = all(hasattr(library, each) for each in _LEFT_OUT)
        found[name] = cast("Library", library if whole else _Completed(library))
