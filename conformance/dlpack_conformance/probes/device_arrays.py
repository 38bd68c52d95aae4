"""Arrays on a device: to the CPU and back (P, C), and the exchange table there (X)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import twin
from dlpack_conformance.probes._devices import (
    DTYPE,
    LEGACY,
    OLD,
    Bench,
    device_here,
    on_devices,
    reached,
    same,
)
from dlpack_conformance.probes._exchange_table import ATTRIBUTE

__all__ = ["PROBES"]

_CPU = (1, 0)
_VERSIONED: Mapping[str, Any] = {"max_version": (1, 0)}


def _export(observer: Observer, kind: str, *, keywords: Mapping[str, Any]) -> None:
    """Ask an array on the device for an export to the CPU."""
    with Bench(observer, kind) as bench:
        x = bench.side.make(DTYPE, OLD)
        capsule = observer.call(x.__dlpack__, dl_device=_CPU, **keywords)
        if capsule is None:
            return
        seen, reading = observer.facts, observer.instrument.inspect(capsule)
        seen["export.capsule"] = reading.name
        seen["export.device"] = reading.device
        if reading.flags is not None:
            seen["export.flags"] = reading.flags
        if tuple(reading.device) == _CPU:
            observer.step("read")
            seen["export.values"] = same(reading.values(), OLD)


def _import(observer: Observer, kind: str, *, keywords: Mapping[str, Any]) -> None:
    """Import an array of the reference on the device to the CPU."""
    if not twin(observer, DTYPE, "vector", {"device": "cpu"}):
        return
    with Bench(observer, kind) as bench:
        x = bench.ours.make(DTYPE, OLD)
        seen, library = observer.facts, observer.library
        seen["source.shape"], seen["source.strides"] = (len(OLD),), (1,)
        seen["source.dtype"], seen["source.device"] = DTYPE, bench.accelerator.name
        result = observer.call(library.accepts()["from_dlpack"].call, x, device="cpu", **keywords)
        if not seen["route.returned"]:
            return
        observer.step("read")
        described = library.describe(result)
        seen["result.shape"], seen["result.device"] = described.shape, described.device
        seen["result.values"] = same(library.read(result), OLD)


def _table(observer: Observer, x: Any) -> bool:
    """Look at the exchange table of the type; facts that say which version it has."""
    if not hasattr(type(x), ATTRIBUTE):
        observer.facts["route.absent"] = "its arrays on the device have no exchange table"
        return False
    try:
        table = observer.instrument.exchange_table(type(x))
    except ValueError as error:
        observer.facts["route.absent"] = f"the exchange table can't be read: {error}"
        return False
    observer.facts["table.present"] = True
    observer.facts["table.version"] = table["version"]
    return True


def _through_table(observer: Observer, kind: str, *, function: str) -> None:
    """Call a function of the exchange table of an array with late work.

    It is called once before, so that what a first call costs is not taken for a wait.
    """
    with Bench(observer, kind) as bench:
        side, instrument = bench.side, observer.instrument
        call = getattr(instrument, f"exchange_{function}")

        def given(x: Any) -> tuple[Any, ...]:
            if function != "import":
                return (x,)
            return (x.__dlpack__(stream=-1, max_version=(1, 3)), own_type)

        x = side.make(DTYPE, OLD)
        own_type = type(x)
        if not _table(observer, x):
            return
        late_side = bench.ours if function == "import" else side
        y = late_side.make(DTYPE, OLD)
        if observer.call(call, *given(y)) is None:
            return
        bench.accelerator.synchronize()
        bench.write_late(late_side, y, bench.work)
        arguments = given(y)
        with side.on(bench.work):
            bench.call(bench.work, call, *arguments)


def _current(observer: Observer, kind: str, *, mine: str) -> None:
    """Ask on which stream the library works, while it was told to work on one."""
    with Bench(observer, kind) as bench:
        side, own = bench.side, bench.named(mine)
        x = side.make(DTYPE, OLD)
        if not _table(observer, x):
            return
        device = bench.accelerator.device
        with side.on(own):
            got = observer.call(observer.instrument.exchange_stream, type(x), device)
        if observer.facts["route.returned"]:
            # NULL and 1 are two spellings of the legacy default stream.
            stream = LEGACY if got is None and own == LEGACY else got
            word = "null" if stream is None else bench.word(stream, own)
            observer.facts["stream.current"] = word


def _lacks(*keywords: str) -> Any:
    """Return the ``absent`` of an import to the CPU with keywords."""

    def absent(library: Library) -> str | None:
        lacks = library.accepts()["from_dlpack"].lacks
        return next((lacks[keyword] for keyword in keywords if keyword in lacks), None)

    return lambda kind: device_here(kind, absent)


def _has_table(kind: str) -> Any:
    def absent(library: Library) -> str | None:
        offers = library.offers()
        if ATTRIBUTE not in offers:
            raise NotImplementedError("no release has an exchange table")
        return offers[ATTRIBUTE]

    return reached(kind, absent)


def _has_current(kind: str) -> Any:
    def absent(library: Library) -> str | None:
        if not getattr(library, "current_stream", True):
            raise NotImplementedError(f"{library.name} has no current stream")
        proof: str | None = _has_table(kind)(library)
        return proof

    return absent


PROBES: list[Probe] = [
    *(
        probe
        for rule, variant, keywords in (
            ("P-27", "plain", {}),
            ("P-27", "versioned", {**_VERSIONED}),
            ("P-27", "copy-true", {**_VERSIONED, "copy": True}),
            ("P-27", "copy-none", {**_VERSIONED, "copy": None, "stream": None}),
            ("P-28", "plain", {"copy": False}),
            ("P-28", "versioned", {**_VERSIONED, "copy": False}),
        )
        for probe in on_devices(
            rule, variant, partial(_export, keywords=keywords), "an export to the CPU"
        )
    ),
    *(
        probe
        for rule, variant, keywords in (
            ("C-31", "from", {}),
            ("C-31", "copy-true-from", {"copy": True}),
            ("C-33", "from", {"copy": False}),
        )
        for probe in on_devices(
            rule,
            variant,
            partial(_import, keywords=keywords),
            "an import to the CPU",
            "from_dlpack",
            absent=_lacks("device", *keywords),
        )
    ),
    *(
        probe
        for function in ("export", "borrow", "import")
        for probe in on_devices(
            "X-25",
            function,
            partial(_through_table, function=function),
            f"the {function} of the exchange table over late work",
            "exchange-api",
            absent=_has_table,
        )
    ),
    *(
        probe
        for mine in ("legacy", "handle", "blocking-handle")
        for probe in on_devices(
            "X-26",
            mine,
            partial(_current, mine=mine),
            "the stream on which the library works",
            "exchange-api",
            absent=_has_current,
        )
    ),
]
