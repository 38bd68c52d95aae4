"""Runs a usage case: a few lines as users write them; their answer becomes facts."""

from __future__ import annotations

from typing import Any

from dlpack_conformance.engine.texts import class_of, message_of
from dlpack_conformance.libraries import Usage

__all__ = ["run_usage"]


def run_usage(usage: Usage) -> dict[str, Any]:
    """Return the facts of the group ``answer``; an exception of the library is one of them."""
    try:
        answer = usage.run()
    except Exception as error:
        return {"answer.error": class_of(error), "answer.message": message_of(error)}
    return {name if "." in name else f"answer.{name}": value for name, value in answer.items()}
