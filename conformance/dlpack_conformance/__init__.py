"""DLPack conformance suite: when two array libraries share memory, by observation.

Importing this package imports no array library and neither of its two modules; `modules` does that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

# Now, so that the name stays the function whoever imports the module of that name later.
from dlpack_conformance.relation import Relation, relation

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Modules", "Relation", "modules", "relation"]

_PACKAGE = "dlpack_conformance"
_loaded: Modules | None = None


class Modules(NamedTuple):
    """The two binary modules of one build."""

    core: ModuleType
    instrument: ModuleType


def modules() -> Modules:
    """Import ``_core`` and ``_instrument`` once, and refuse a mixture of builds.

    Raises
    ------
    BuildMismatchError
        A module's digest is not the package's; both are named.
    """
    global _loaded  # one pair of modules a process, as the interpreter has it
    if _loaded is None:
        from importlib import import_module

        from dlpack_conformance.errors import BuildMismatchError

        ours = import_module(f"{_PACKAGE}._digest").DIGEST
        found = [import_module(f"{_PACKAGE}.{name}") for name in ("_core", "_instrument")]
        for module in found:
            if ours != module.DIGEST:
                raise BuildMismatchError(
                    f"{module.__name__} has digest {module.DIGEST}, {_PACKAGE} has {ours}: "
                    "build and install again, so that both come from one source"
                )
        _loaded = Modules(*found)
    return _loaded
