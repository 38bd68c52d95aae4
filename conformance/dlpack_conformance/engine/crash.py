"""What is left of a lost runner: signal or status, step, Python stack, last words."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field
from typing import Any

from dlpack_conformance.engine.texts import normal

__all__ = ["Loss", "last_words", "stack_frames"]

_FRAME = re.compile(r'^\s+File "(?P<file>[^"]*)", line (?P<line>\d+|\?\?\?) in (?P<name>.*)$')
_OURS = "dlpack_conformance/engine/"
_MAX_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Loss:
    """A runner that went without its end mark, or was ended because it stood still.

    ``index``: the case it was in; ``how``: signal, exit or hung; ``done``: cases finished before.
    ``seen``: the facts that it had sent before its last step, where it was asked to. ``touched``:
    it ended by an access of the host to memory of a simulated device.
    """

    index: int
    step: str
    how: str
    signal: str | None
    status: int | None
    stack: list[str]
    message: str
    done: int
    seen: dict[str, Any] = field(default_factory=dict)
    touched: bool = False

    @property
    def way(self) -> tuple[Any, ...]:
        """What has to be equal for two losses to be the same."""
        return self.index, self.step, self.how, self.signal, self.status, self.touched

    def facts(self, *, confirmed: bool, needs: list[str] | None = None) -> dict[str, Any]:
        """All facts of the case as far as they are known, with the group ``crash``."""
        crash: dict[str, Any] = {
            "crash.how": self.how,
            "crash.step": self.step,
            "crash.stack": self.stack,
            "crash.confirmed": confirmed,
        }
        if self.signal is not None:
            crash["crash.signal"] = self.signal
        if self.status is not None:
            crash["crash.status"] = self.status
        if self.message:
            crash["crash.message"] = self.message
        if needs:
            crash["crash.needs"] = needs
        if self.touched:
            crash["crash.touched"] = True
        return {**self.seen, **crash}


def signal_name(number: int) -> str:
    """Name of a signal; its number in words where Python has no name for it."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal-{number}"


def stack_frames(text: str) -> list[str]:
    """Innermost Python frames of a dump, down to the engine's own, as ``file:line in name``."""
    frames: list[str] = []
    for line in text.splitlines():
        found = _FRAME.match(line)
        if found is None:
            if frames:
                break
            continue
        if _OURS in found["file"]:
            break
        frames.append(f"{normal(found['file'])}:{found['line']} in {found['name']}")
    return frames[:_MAX_FRAMES]


def last_words(stderr: str) -> str:
    """Return what C++ said of the exception that ended it, else the last line of the stream."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for line in reversed(lines):
        if line.startswith("what():"):
            return normal(line.removeprefix("what():").strip())
    return normal(lines[-1]) if lines else ""
