"""Devices of this process, by the catalogue's names; each is made when a case first needs it.

A nursery forks its runners, and neither CUDA nor a simulated accelerator is to be shared by two
processes: only a runner asks for one.
"""

from __future__ import annotations

from typing import Any

from dlpack_conformance import modules

__all__ = ["HOST", "KINDS", "Devices"]

HOST = "cpu"
KINDS = ("cuda", "simulated")
_POOLS = {"cuda-0": "device", "cuda-host": "pinned", "cuda-managed-0": "managed"}
_CUDA, _EXTENSION = 2, 12


class Devices:
    """Accelerators by the name of a device.

    ``ours``: only the reference will see them. To it a simulated one states itself as CUDA; to any
    other library, which may have a driver that is asked about the address, as an extension.
    """

    def __init__(self, *, ours: bool = False) -> None:
        self._simulated_type = _CUDA if ours else _EXTENSION
        self._made: dict[str, Any] = {}

    def accelerator(self, device: str) -> Any:
        """Return the accelerator whose memory ``device`` is; None for the host.

        Raises
        ------
        DeviceError
            There is none; the message says why.
        """
        if device == HOST:
            return None
        kind = device.split("-")[0]
        if kind not in self._made:
            instrument = modules().instrument
            self._made[kind] = (
                instrument.simulated(type=self._simulated_type)
                if kind == "simulated"
                else instrument.cuda()
            )
        number = device.rpartition("-")[2]
        return self._made[kind][int(number) if number.isdecimal() else 0]

    def place(self, device: str) -> dict[str, Any]:
        """Return the keywords of a `Template` whose memories lie there."""
        if device == HOST:
            return {}
        return {"device": self.accelerator(device), "pool": _POOLS.get(device, "device")}

    @property
    def open(self) -> bool:
        """Whether there is one."""
        return bool(self._made)

    def close(self) -> None:
        """Let go of all; each ends with the last memory on it."""
        self._made.clear()

    def memory(self, device: str) -> Any:
        """Return the capsule by which `Facts.read_export` reads memory there; None for the host."""
        accelerator = self.accelerator(device)
        return None if accelerator is None else accelerator.memory
