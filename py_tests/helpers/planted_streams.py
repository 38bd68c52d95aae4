"""A library on simulated devices that forgets the order of its work, and its harmless twin.

``planted-streams`` exports for a stream as if for none, imports as if its work were on the legacy
default stream, and reads an array by its interface without a look at the interface's stream. Its
arrays are the reference's. Scripts import this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Entry, reference
from dlpack_conformance.libraries._device import SCRIPT, ReferenceOnDevice

__all__ = ["LIBRARIES", "Array", "Forgets", "faulty", "faulty_take", "sound", "sound_take"]

Array = modules().instrument.Array
_LEGACY, _NO_ORDER = 1, -1


class Forgets(Array):  # type: ignore[misc, valid-type]
    """Its exports on a device are ordered before nothing."""

    def __dlpack__(self, **keywords: Any) -> Any:
        if self.accelerator is not None and keywords.get("dl_device") is None:
            keywords["stream"] = _NO_ORDER
        return super().__dlpack__(**keywords)


def sound(x: Any, **keywords: Any) -> Any:
    """Import as the reference does."""
    return modules().instrument.from_dlpack(x, **keywords)


def faulty(x: Any, **keywords: Any) -> Any:
    """Import on the legacy default stream, whichever is the current one."""
    device = getattr(x, "accelerator", None)
    if device is None:
        return sound(x, **keywords)
    before, device.current_stream = device.current_stream, _LEGACY
    try:
        return sound(x, **keywords)
    finally:
        device.current_stream = before


def sound_take(x: Any) -> Any:
    """Import by the interface as the reference does."""
    return modules().instrument.from_cuda_array_interface(x)


def faulty_take(x: Any) -> Any:
    """Import by the interface as if nothing were to wait for."""
    shown = type("Shown", (), {"__cuda_array_interface__": {**x.__cuda_array_interface__}})()
    shown.__cuda_array_interface__["stream"] = None
    shown.owner = x
    return sound_take(shown)


class _Library:
    """The reference with other arrays and other imports; the array API's text binds it."""

    declares = "2024.12"

    def __init__(self, name: str, array: Any, call: Any, take: Any) -> None:
        self.name = name
        self._array = array
        self._call = call
        self._take = take

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return getattr(reference, key)

    def versions(self) -> dict[str, str]:
        return {self.name: "1.0"}

    def accepts(self) -> Mapping[str, Entry]:
        return {"from_dlpack": Entry(self._call), "cuda-array-interface": Entry(self._take)}

    def on_device(self, accelerator: Any) -> ReferenceOnDevice:
        return ReferenceOnDevice(accelerator, self._array)

    def script_calls(self) -> Mapping[str, str]:
        return {
            "from_dlpack": f"planted_streams.{self._call.__name__}({{}})",
            "cuda-array-interface": f"planted_streams.{self._take.__name__}({{}})",
        }

    def script_on_device(self, kind: str) -> Mapping[str, str]:
        made = SCRIPT["make"].replace("ref.Array", f"planted_streams.{self._array.__name__}")
        return {**SCRIPT, "import": "import planted_streams", "make": made}

    def script_api(self, dtype: str) -> Mapping[str, str]:
        return {**reference.script_api(dtype), "import": "import planted_streams"}


LIBRARIES = [
    _Library("planted-streams", Forgets, faulty, faulty_take),
    _Library("planted-streams-twin", Array, sound, sound_take),
]
