"""Two libraries for the engine: one makes nothing on the host, one leaves a child behind and hangs.

Both are the reference with one function replaced. ``leaving`` writes the child's number into the
folder ``PLANTED_DIR``; the child ends by itself after a minute.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlpack_conformance.libraries import Entry, Makes, reference

__all__ = ["LIBRARIES"]


def _leave(x: Any, **_: Any) -> Any:
    """Fork a child that keeps everything open, then do nothing any more."""
    child = os.fork()
    if child:
        with Path(os.environ["PLANTED_DIR"], "children").open("a") as file:
            file.write(f"{child}\n")
    time.sleep(60)
    os._exit(0)


class _Library:
    def __init__(self, name: str, start: str) -> None:
        self.name = name
        self.start = start

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return getattr(reference, key)

    def versions(self) -> dict[str, str]:
        return {self.name: "1.0"}

    def makes(self) -> list[Makes]:
        return [makes for makes in reference.makes() if makes.device == "simulated-0"]

    def accepts(self) -> Mapping[str, Entry]:
        return {"from_dlpack": Entry(_leave)} if self.name == "leaving" else reference.accepts()


LIBRARIES = [_Library("nowhere", "fork"), _Library("leaving", "fresh")]
