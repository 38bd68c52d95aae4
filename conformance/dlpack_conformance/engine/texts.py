"""Texts of exceptions and warnings, made the same in every process."""

from __future__ import annotations

import re
import warnings
from typing import Any

__all__ = ["WarningLog", "bases_of", "class_of", "message_of", "normal", "type_names"]

_MAX_CHARS = 400
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{3,}")
_CPP_STACK = re.compile(r"\s*\n(?:Exception raised from|frame #0)[\s\S]*")
_ID = re.compile(r"(?<![\w.+-])\d{12,}(?![\w.])")
_PACKAGE_PATH = re.compile(r"(?:/[^\s'\":,()]+)?/(?:site|dist)-packages/")
_OTHER_PATH = re.compile(r"(?<![\w.:/])/(?:[^\s/'\":,()]+/)+(?=[^\s/'\":,()]+)")
_names: dict[type, tuple[str, list[str]]] = {}
_normal: dict[str, str] = {}


def normal(text: str) -> str:
    """Return a text that is the same in every process, at most 400 characters.

    Addresses become ``0x..``, object ids ``#``; paths are cut to the package; stacks of C++ are
    left out.
    """
    found = _normal.get(text)
    if found is None:
        found = _CPP_STACK.sub("", text[: 8 * _MAX_CHARS])
        found = _ADDRESS.sub("0x..", found)
        found = _PACKAGE_PATH.sub("", found)
        found = _OTHER_PATH.sub("", found)
        found = _ID.sub("#", found).strip()
        if len(found) > _MAX_CHARS:
            found = found[: _MAX_CHARS - 3] + "..."
        if len(_normal) < 4096:
            _normal[text] = found
    return found


def _spelled(cls: type) -> str:
    name = cls.__qualname__
    return name if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__}.{name}"


def type_names(cls: type) -> tuple[str, list[str]]:
    """Name of an exception class, and its bases, nearest first, up to ``Exception``."""
    found = _names.get(cls)
    if found is None:
        bases = [_spelled(base) for base in cls.__mro__[1:] if base not in (BaseException, object)]
        found = _names[cls] = (_spelled(cls), bases)
    return found


def class_of(error: BaseException) -> str:
    """Name of the exception's class; a bare word for Python's own."""
    return type_names(type(error))[0]


def bases_of(error: BaseException) -> list[str]:
    """Names of the bases of the exception's class, nearest first, up to ``Exception``."""
    return type_names(type(error))[1]


def message_of(error: BaseException) -> str:
    """The exception's message, normal; also when its own ``__str__`` raises."""
    try:
        return normal(str(error))
    except Exception as failure:
        return f"<message unreadable: {type(failure).__name__}>"


class WarningLog:
    """Collects each warning as ``class: message``; installed once a process, filter ``always``."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def install(self) -> None:
        """Put the filter first and take the printer's place; after the libraries are imported."""
        warnings.simplefilter("always")
        warnings.showwarning = self._show

    def _show(self, message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        self.seen.append(f"{_spelled(category)}: {normal(str(message))}")

    def take(self) -> list[str]:
        """What was seen since the last call."""
        seen, self.seen = self.seen, []
        return seen
