"""A library whose ``from_dlpack`` has two defects, and its harmless twin.

``planted-findings`` ends the process over tensors without elements, and raises `RuntimeError` for
devices that it does not know. Its arrays are the reference's. Scripts import this file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Entry, reference

__all__ = ["LIBRARIES", "faulty", "sound"]


def sound(x: Any, **keywords: Any) -> Any:
    """Import as the reference does."""
    return modules().instrument.from_dlpack(x, **keywords)


def faulty(x: Any, **keywords: Any) -> Any:
    """Import as the reference does, but for the two defects."""
    try:
        result = sound(x, **keywords)
    except BufferError as error:
        if "device" in str(error):
            raise RuntimeError("Unsupported device") from error
        raise
    if 0 in result.shape:
        os.write(2, f"no elements in {result.shape}\n".encode())
        os.abort()
    return result


class _Library:
    """The reference with another ``from_dlpack``."""

    def __init__(self, name: str, call: Any) -> None:
        self.name = name
        self._call = call

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return getattr(reference, key)

    def versions(self) -> dict[str, str]:
        return {self.name: "1.0"}

    def accepts(self) -> Mapping[str, Entry]:
        return {"from_dlpack": Entry(self._call)}

    def script_calls(self) -> Mapping[str, str]:
        return {"from_dlpack": f"planted_findings.{self._call.__name__}({{}})"}

    def script_api(self, dtype: str) -> Mapping[str, str]:
        return {**reference.script_api(dtype), "import": "import planted_findings"}


LIBRARIES = [_Library("planted-findings", faulty), _Library("planted-twin", sound)]
