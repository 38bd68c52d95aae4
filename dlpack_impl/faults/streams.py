"""Faults of streams (S)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from dlpack_faults import Fault, FaultyArray, instrument

__all__ = ["FAULTS", "UNPLANTED"]


class _TakesStreams(FaultyArray):
    """An array on the CPU that takes any stream and heeds none."""

    def __dlpack__(self, *, stream: Any = None, **keywords: Any) -> Any:
        if self.defect and self.accelerator is None:
            return super().__dlpack__(**keywords)
        return super().__dlpack__(stream=stream, **keywords)


class _RefusesNone(FaultyArray):
    """An array on the CPU that wants no stream keyword at all, not even None."""

    def __dlpack__(self, **keywords: Any) -> Any:
        wants_none = self.defect and self.accelerator is None
        if wants_none and "stream" in keywords and keywords["stream"] is None:
            raise BufferError("stream: None; limit: not given")
        return super().__dlpack__(**keywords)


def _asks_with_stream(x: Any, /, **keywords: Any) -> Any:
    """Import as usual, then ask once more, with the legacy default stream."""
    result = instrument.from_dlpack(x, **keywords)
    if getattr(x, "accelerator", None) is None:
        with suppress(Exception):
            x.__dlpack__(stream=1)
    return result


FAULTS = [
    Fault(
        "takes-streams",
        proves="S-01",
        text="takes any stream for an array on the CPU",
        array=_TakesStreams,
    ),
    Fault(
        "refuses-stream-none",
        proves="S-01",
        also=("P-02",),
        text="refuses None as the stream of an array on the CPU",
        array=_RefusesNone,
    ),
    Fault(
        "passes-stream",
        proves="S-23",
        also=("C-38",),
        text="passes a stream for memory on the CPU",
        consume=_asks_with_stream,
    ),
]

UNPLANTED: dict[str, str] = {}
