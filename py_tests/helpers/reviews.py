"""A review as expectations give it, made up for tests of what shows one."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from dlpack_conformance.report import Records


@dataclass(frozen=True)
class Review:
    """The parts that reports read."""

    reds: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    advisory: dict[str, str] = field(default_factory=dict)
    stale: tuple[Any, ...] = ()
    sentence: str = "a sentence"
    expecting: bool = True


def expecting(records: Records, *, red: int = 0, stale: bool = False) -> Review:
    """Expect every deviation but the first ``red``; ``stale``: and one case of nothing."""
    deviating = [case.id for case in records.cases if case.verdict == "deviates"]
    return Review(
        reds={
            case: SimpleNamespace(kind="deviation", text="deviates; nothing expects it")
            for case in deviating[:red]
        },
        expected={
            case: SimpleNamespace(entry="mylib.toml:3", why="known", issue="https://x.org/1")
            for case in deviating[red:]
        },
        stale=(SimpleNamespace(entry="mylib.toml:9", cases="exchange/**", why="old"),)
        if stale
        else (),
        sentence=f"{red} red; {len(deviating) - red} as expected",
    )
