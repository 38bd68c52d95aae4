"""Streams of a device, the library as consumer: protocol cases of group S."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._device_scripts import import_script
from dlpack_conformance.probes._devices import (
    DTYPE,
    OLD,
    Bench,
    device_here,
    on_devices,
    reached,
)

__all__ = ["PROBES"]


def _import(
    observer: Observer, kind: str, *, mine: str, work: str, keywords: Mapping[str, Any]
) -> None:
    """Import late work of the reference, and read on the stream on which the library works."""
    with Bench(observer, kind) as bench:
        side, own, stream = bench.side, bench.named(mine), bench.named(work)
        take = observer.library.accepts()["from_dlpack"].call
        with side.on(own):
            if not bench.reads_right(
                lambda: side.read(take(bench.ours.make(DTYPE, OLD), **keywords), own)
            ):
                return
        x = bench.late(bench.ours, stream)
        with side.on(own):
            result = bench.call(stream, take, x, **keywords)
            bench.passed(x, own)
            if observer.facts["route.returned"]:
                observer.step("read")
                bench.compare(side.read(result, own))


def _captured(observer: Observer, kind: str) -> None:
    """Import what is complete while the library's work is captured as a graph."""
    with Bench(observer, kind) as bench:
        take = observer.library.accepts()["from_dlpack"].call
        side, x = bench.side, bench.ours.make(DTYPE, OLD)
        bench.accelerator.synchronize()
        try:
            with side.capture():
                observer.call(take, x)
        except Exception as error:  # noqa: BLE001 - the capture was lost over it
            observer.facts["answer.error"] = type(error).__name__


def _captures(kind: str) -> Callable[[Library], str | None]:
    def absent(library: Library) -> str | None:
        if not getattr(library, "captures", False):
            raise NotImplementedError(f"{library.name} captures no graphs")
        proof: str | None = reached(kind)(library)
        return proof

    return absent


def _order(observer: Observer, kind: str) -> None:
    """Record the calls of an import, with a word for the consumer's stream."""
    with Bench(observer, kind) as bench:
        side, own = bench.side, bench.stream()
        x = bench.late(bench.ours, bench.work)
        with side.on(own):
            observer.call(observer.library.accepts()["from_dlpack"].call, x)
        observer.calls(x)
        log = observer.facts["calls.log"]
        observer.facts["calls.log"] = [text.replace(f"={own}", "=own") for text in log]


def _to_cpu(observer: Observer, kind: str, *, keywords: Mapping[str, Any]) -> None:
    """Import late work of the reference to the CPU, and read at once.

    A consumer that asks for no other device, and copies what it got, needs its stream.
    """
    with Bench(observer, kind) as bench:
        take, read = observer.library.accepts()["from_dlpack"].call, observer.library.read
        if not bench.reads_right(
            lambda: read(take(bench.ours.make(DTYPE, OLD), device="cpu", **keywords))
        ):
            return
        x = bench.late(bench.ours, bench.work)
        result = bench.call(bench.work, take, x, device="cpu", **keywords)
        bench.passed(x, bench.work, naming="dl_device")
        if observer.facts["route.returned"]:
            observer.step("read")
            bench.compare(observer.library.read(result))


def _without(*keywords: str) -> Callable[[Library], str | None]:
    """Say which of the keywords ``from_dlpack`` of this release lacks."""

    def absent(library: Library) -> str | None:
        lacks = library.accepts()["from_dlpack"].lacks
        return next((lacks[keyword] for keyword in keywords if keyword in lacks), None)

    return absent


def _each(
    rule: str, variants: Mapping[str, tuple[str, str, Mapping[str, Any]]], text: str
) -> list[Probe]:
    """Probes of one rule: variant -> the consumer's stream, the producer's, keywords."""
    found: list[Probe] = []
    for variant, (mine, work, keywords) in variants.items():
        found += on_devices(
            rule,
            variant,
            partial(_import, mine=mine, work=work, keywords=keywords),
            text,
            "from_dlpack",
            absent=partial(reached, further=_without(*keywords)),
            script=partial(import_script, work=work, mine=mine, keywords=keywords),
        )
    return found


_STREAMS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "legacy": ("legacy", "work", {}),
    "per-thread": ("per-thread", "work", {}),
    "handle": ("handle", "work", {}),
    "blocking-handle": ("blocking-handle", "work", {}),
    "handle-after-legacy": ("handle", "legacy", {}),
    "handle-copy-true": ("handle", "work", {"copy": True}),
    "handle-device-none": ("handle", "work", {"device": None}),
}

PROBES: list[Probe] = [
    *_each("S-11", _STREAMS, "late work, imported and read on the stream that is the current one"),
    *_each("S-12", _STREAMS, "the stream that an import passes"),
    *on_devices(
        "S-22",
        "import",
        _captured,
        "an import while work is captured as a graph",
        "from_dlpack",
        absent=_captures,
        kinds=("cuda",),
    ),
    *on_devices(
        "S-13", "device", _order, "the calls of an import, in order", "from_dlpack", absent=reached
    ),
    *(
        probe
        for variant, keywords in (("import", {}), ("import-copy-true", {"copy": True}))
        for probe in on_devices(
            "S-16",
            variant,
            partial(_to_cpu, keywords=keywords),
            "late work, imported to the CPU",
            "from_dlpack",
            absent=partial(device_here, further=_without("device", *keywords)),
        )
    ),
]
