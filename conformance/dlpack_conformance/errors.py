"""Errors of ours. What a library under test does is never one of them; it is an observation."""

from __future__ import annotations

__all__ = [
    "BuildMismatchError",
    "CatalogueError",
    "ConformanceError",
    "EnvironmentMakingError",
    "ExpectationsError",
    "LibraryFileError",
    "OptionError",
    "RelationError",
    "ReportError",
]


class ConformanceError(Exception):
    """Base of all errors that this package raises by itself."""


class CatalogueError(ConformanceError, ValueError):
    """A name or value that the catalogue does not have."""


class BuildMismatchError(ConformanceError):
    """The package and its two modules do not come from one build."""


class OptionError(ConformanceError, ValueError):
    """An option of a run has a value that can't be used: name, value and what is allowed."""


class LibraryFileError(ConformanceError):
    """A library file broke its contract."""


class RelationError(ConformanceError, ValueError):
    """Two arrays that nothing can be said of. ``field``: ``a`` or ``b``; ``value``: its type."""

    def __init__(self, field: str, value: object, reason: str, allowed: str = "") -> None:
        kind = type(value)
        self.field = field
        self.value = f"{kind.__module__}.{kind.__qualname__}"
        self.reason = reason
        self.allowed = allowed
        hint = f"; allowed: {allowed}" if allowed else ""
        super().__init__(f"{field}: {self.value}: {reason}{hint}")


class ReportError(ConformanceError, ValueError):
    """A record file that cannot be read: file, key, reason and what is allowed."""

    def __init__(self, file: str, key: str, reason: str, allowed: str = "") -> None:
        self.file = file
        self.key = key
        self.reason = reason
        self.allowed = allowed
        hint = f"; allowed: {allowed}" if allowed else ""
        super().__init__(f"{file}: {key}: {reason}{hint}")


class ExpectationsError(ConformanceError, ValueError):
    """A file of expectations can't be used: file, entry (from 1), key, reason and what is allowed.

    ``entry`` is 0 where the error is of the file as a whole.
    """

    def __init__(self, file: str, entry: int, key: str, reason: str, allowed: str = "") -> None:
        self.file = file
        self.entry = entry
        self.key = key
        self.reason = reason
        self.allowed = allowed
        self.hint = f"allowed: {allowed}" if allowed else ""
        where = f"{file}: entry {entry}" if entry else file
        super().__init__(f"{where}: {key}: {reason}")


class EnvironmentMakingError(ConformanceError):
    """An environment of its own could not be made; the text names the step and the cause."""
