"""The command line: one file a verb in ``verbs/``, found by its name, imported on use."""

from __future__ import annotations

from dlpack_conformance.cli.group import main

__all__ = ["main"]
