"""What a consumer passes to ``__dlpack__`` on each way, from the call log of a reference array."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.pair import Way

__all__ = ["keyword_text", "learn", "learn_here"]


def learn(ways: Iterable[Way]) -> None:
    """Fill ``keywords`` of each way from child processes, so that this process stays untouched.

    A way whose call ends the child keeps None, and the rest goes on in another child.
    """
    left = list(ways)
    while left:
        read_fd, write_fd = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read_fd)
            _child(left, write_fd)
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as pipe:
            answers = [json.loads(line) for line in pipe.read().splitlines()]
        os.waitpid(pid, 0)
        for way, answer in zip(left, answers, strict=False):
            _tell(way, None if answer is None else {k: _tuples(v) for k, v in answer.items()})
        left = left[len(answers) + 1 :]


def learn_here(ways: Iterable[Way]) -> None:
    """Do the same in this process."""
    for way in ways:
        _tell(way, _passed(way))


def _tell(way: Way, keywords: dict[str, Any] | None) -> None:
    way.keywords = keywords
    way.keywords_text = keyword_text(keywords or {})


def keyword_text(keywords: Mapping[str, Any]) -> str:
    """Keywords as a call shows them, numbers of enums as plain numbers."""
    return ", ".join(f"{name}={_plain(value)!r}" for name, value in keywords.items())


def _child(ways: list[Way], pipe: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    try:
        for way in ways:
            os.write(pipe, json.dumps(_passed(way)).encode() + b"\n")
    finally:
        os._exit(0)


def _passed(way: Way) -> dict[str, Any] | None:
    """Offer a reference array; None where ``__dlpack__`` is not called with plain keywords."""
    instrument = modules().instrument
    template = instrument.Template("float32", (2, 3), (3, 1), 0, [float(n) for n in range(6)])
    array = instrument.Array(template.make(), "float32", (2, 3), (3, 1))
    with suppress(Exception):  # refusing a foreign array is its right; what it asked before counts
        way.call(array)
    for call in array.calls:
        if call.method == "__dlpack__":
            keywords = {name: _plain(value) for name, value in call.keywords}
            return keywords if all(map(_is_plain, keywords.values())) else None
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int)) or (
        isinstance(value, tuple) and all(map(_is_plain, value))
    )  # fmt: skip


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
