"""``--expect`` and ``--baseline``: what a verb compares its records with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dlpack_conformance.report import Records
    from dlpack_conformance.report.expectations import Expectations
    from dlpack_conformance.report.review import Review

__all__ = ["Known", "baseline_option", "expect_option"]

_EXPECT = click.option(
    "--expect",
    metavar="FILE",
    help="What is known and why (TOML), or the name of a list that comes with the suite; red is "
    "what differs from it.",
)
_BASELINE = click.option(
    "--baseline",
    metavar="RECORDS",
    help="Records of an earlier run; any change of outcome or verdict is red.",
)


@dataclass(frozen=True, slots=True)
class Known:
    """What was given, read and checked; None where it was not."""

    expectations: Expectations | None = None
    baseline: Records | None = None

    def review(self, records: Records, target: str | None = None) -> Review:
        """Compare records with it."""
        from dlpack_conformance.report.review import review

        return review(records, self.expectations, self.baseline, target)


def expect_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--expect``; the command gets it as ``known``, read before it starts."""
    return _EXPECT(_reading(command))


def baseline_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--expect`` and ``--baseline``; the command gets both as ``known``."""
    return _EXPECT(_BASELINE(_reading(command)))


def _reading(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def reading(*args: Any, **named: Any) -> Any:
        expect, baseline = named.pop("expect", None), named.pop("baseline", None)
        if expect is None and baseline is None:
            return command(*args, known=Known(), **named)
        from dlpack_conformance.report import read
        from dlpack_conformance.report.expectations import load

        known = Known(
            None if expect is None else load(expect), None if baseline is None else read(baseline)
        )
        return command(*args, known=known, **named)

    return reading
