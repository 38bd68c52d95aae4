"""Mutants that no case shows, each with the reason why it says the same as the rule.

A change that matters and that no case shows is no entry here: it needs a case.
"""

from __future__ import annotations

__all__ = ["SURVIVORS"]

SURVIVORS: dict[tuple[str, str], str] = {}
"""(rule, change) -> why it is equivalent."""
