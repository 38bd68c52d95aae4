"""Streams where there are none, on the CPU: protocol cases of group S."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe

__all__ = ["PROBES"]

_VERSIONED = {"max_version": (1, 0)}


def _export(observer: Observer, stream: Any, keywords: Mapping[str, Any]) -> None:
    """Ask for an export with a stream, where one without comes; both are dropped."""
    x = observer.source()
    if observer.call(x.__dlpack__, **keywords) is None:
        error = observer.facts.pop("route.error", "nothing")
        observer.facts["route.absent"] = f"without a stream the export gives {error}"
        return
    observer.call(x.__dlpack__, stream=stream, **keywords)


def _consume(observer: Observer, options: Mapping[str, Any], keywords: Mapping[str, Any]) -> None:
    """Import from the reference, and record how it was asked."""
    x = observer.crafted(**options)
    observer.consume(x, **keywords)
    observer.calls(x)


def _without_copy(library: Library) -> str | None:
    return library.accepts()["from_dlpack"].lacks.get("copy")


def _without_device(library: Library) -> str | None:
    return library.accepts()["from_dlpack"].lacks.get("device")


PROBES = [
    *(
        Probe(
            "S-01",
            name + suffix,
            partial(_export, stream=stream, keywords=keywords),
            f"__dlpack__(stream={stream!r}) of an array on the CPU",
            "export",
        )
        for suffix, keywords in (("", {}), ("-versioned", _VERSIONED))
        for name, stream in (
            ("none", None),
            ("zero", 0),
            ("one", 1),
            ("two", 2),
            ("pointer", 0x1000),
            ("text", "default"),
            ("minus-one", -1),
        )
    ),
    *(
        Probe(
            "S-03",
            name,
            partial(_export, stream=stream, keywords={}),
            f"__dlpack__ with a stream that no caller may pass: {name}",
            "export",
            malformed=True,
        )
        for name, stream in (
            ("minus-two", -2),
            ("float", 1.0),
            ("object", object()),
            ("bool", True),
            ("tuple", (1,)),
            ("beyond-64-bits", 2**64),
        )
    ),
    Probe(
        "S-13",
        "plain",
        partial(_consume, options={}, keywords={}),
        "the calls of an import, in order",
        "from_dlpack",
    ),
    Probe(
        "S-23",
        "plain",
        partial(_consume, options={}, keywords={}),
        "the keywords of an import",
        "from_dlpack",
    ),
    Probe(
        "S-23",
        "copy-true",
        partial(_consume, options={}, keywords={"copy": True}),
        "the keywords of an import that asks for a copy",
        "from_dlpack",
        absent=_without_copy,
    ),
    Probe(
        "S-23",
        "device-cpu",
        partial(_consume, options={}, keywords={"device": "cpu"}),
        "the keywords of an import that names the CPU",
        "from_dlpack",
        absent=_without_device,
    ),
    Probe(
        "S-23",
        "stream-only-producer",
        partial(_consume, options={"keywords": ("stream",)}, keywords={}),
        "all calls to a producer that knows stream alone",
        "from_dlpack",
    ),
    Probe(
        "S-23",
        "legacy-producer",
        partial(_consume, options={"legacy": "always"}, keywords={}),
        "the keywords of an import that gets a legacy capsule",
        "from_dlpack",
    ),
    Probe(
        "S-23",
        "refused",
        partial(_consume, options={"raises": BufferError("no")}, keywords={}),
        "the keywords of an import that the producer refuses",
        "from_dlpack",
    ),
]
