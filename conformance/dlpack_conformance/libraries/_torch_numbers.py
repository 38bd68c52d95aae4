"""PyTorch's own enumeration of device types: H-09."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe

__all__ = ["probes"]


def probes(load: Callable[[], Any]) -> list[Probe]:
    """Return the case of ``torch.utils.dlpack.DLDeviceType``."""

    def enumeration() -> Any:
        load()
        from torch.utils import dlpack

        return getattr(dlpack, "DLDeviceType", None)

    def absent(_: Library) -> str | None:
        if enumeration() is not None:
            return None
        return f"torch {load().__version__}: torch.utils.dlpack has no attribute DLDeviceType"

    def run(observer: Observer) -> None:
        members = enumeration().__members__
        observer.facts["abi.names"] = list(members)
        # Releases differ in whether a member's value is the number or a tuple of it.
        observer.facts["abi.codes"] = [
            int(member.value[0] if isinstance(member.value, tuple) else member.value)
            for member in members.values()
        ]

    return [
        Probe(
            "H-09",
            "enumeration",
            run,
            "numbers of the device types in torch.utils.dlpack.DLDeviceType",
            absent=absent,
        )
    ]
