"""The interface of arrays on CUDA: what they show (R-42 to R-47), and what takers make of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dlpack_conformance.probes import Need, Observer, Probe
from dlpack_conformance.probes._device_scripts import interface_script
from dlpack_conformance.probes._devices import DTYPE, OLD, PER_THREAD, Bench, on_devices

__all__ = ["PROBES"]

_NAME = "__cuda_array_interface__"
_NEED: Need = "cuda-array-interface"
_TAKER = "cuda-array-interface"
_MISSING = object()


class _Shown:
    """An object that shows an interface and nothing else. It holds the array that it is of."""

    def __init__(self, array: Any, interface: Mapping[str, Any]) -> None:
        self._array = array
        self.__cuda_array_interface__ = dict(interface)


def _shows(array: Any, changes: Mapping[str, Any]) -> _Shown:
    """Show the interface of an array of the reference with some keys changed."""
    return _Shown(array, {**array.__cuda_array_interface__, **changes})


def _shown(observer: Observer, bench: Bench, x: Any, own: int) -> dict[str, Any] | None:
    """Facts of the interface that an array shows; None where it shows none."""
    shown = observer.call(getattr, x, _NAME)
    if shown is None:
        return None
    seen = observer.facts
    seen["interface.keys"] = sorted(shown)
    seen["interface.version"] = shown.get("version", 0)
    seen["interface.shape"] = tuple(shown["shape"])
    seen["interface.typestr"] = shown["typestr"]
    seen["interface.item_bytes"] = int(shown["typestr"][2:])
    strides = shown.get("strides")
    if strides is not None:
        seen["interface.strides"] = tuple(strides)
    described = observer.library.describe(x)
    seen["source.shape"], seen["source.strides"] = described.shape, described.strides
    seen["source.writable"] = described.writable
    if "data" in shown:
        address, readonly = shown["data"]
        where = "0" if address == described.address else "elsewhere"
        seen["interface.address"] = where if address else "null"
        seen["interface.readonly"] = bool(readonly)
    stream = shown.get("stream", _MISSING)
    seen["interface.stream"] = "absent" if stream is _MISSING else bench.word(stream, own)
    return dict(shown)


def _form(observer: Observer, kind: str, *, values: Sequence[int], step: int) -> None:
    """Look at the interface of a complete array."""
    with Bench(observer, kind) as bench:
        x = bench.side.make(DTYPE, values, step)
        _shown(observer, bench, x, bench.work)


def _stream(observer: Observer, kind: str, *, work: str) -> None:
    """Look at the interface over late work, wait for its stream and no other, and read."""
    with Bench(observer, kind) as bench:
        side, stream, mine = bench.side, bench.named(work), bench.stream()

        def complete() -> Any:
            x = side.make(DTYPE, OLD)
            return _read(observer, bench, x, getattr(x, _NAME), mine)

        if not bench.reads_right(complete):
            return
        x = bench.late(side, stream)
        observer.facts["stream.queued"] = not bench.accelerator.is_idle(stream)
        with side.on(stream):
            shown = _shown(observer, bench, x, stream)
        if shown is None:
            return
        asked = shown.get("stream")
        if type(asked) is int and bench.accelerator.has_stream(asked):
            bench.accelerator.order(asked, mine)
        observer.step("read")
        try:
            values = _read(observer, bench, x, shown, mine)
        except (ValueError, TypeError, BufferError):
            return  # by this interface nothing can be read: other rules say so
        bench.compare(values)


def _read(
    observer: Observer, bench: Bench, x: Any, shown: Mapping[str, Any], stream: int
) -> Sequence[int]:
    """Read by what the interface says, its stream left out: on a stream, with no other wait."""
    with bench.ours.on(stream):
        y = observer.instrument.from_cuda_array_interface(_Shown(x, {**shown, "stream": None}))
    values: Sequence[int] = y.read(stream)
    return values


def _take(observer: Observer, kind: str, *, work: str, changes: Mapping[str, Any]) -> None:
    """Hand late work to the library's taker, and read on the stream on which it works.

    ``interface.version`` is what the library's own arrays show, where they show any.
    """
    with Bench(observer, kind) as bench:
        side, own, stream = bench.side, bench.stream(), bench.named(work)
        of_its_own = getattr(side.make(DTYPE, OLD), _NAME, {})
        if "version" in of_its_own:
            observer.facts["interface.version"] = of_its_own["version"]
        take = observer.library.accepts()[_TAKER].call
        with side.on(own):
            if not bench.reads_right(
                lambda: side.read(take(_shows(bench.ours.make(DTYPE, OLD), changes)), own)
            ):
                return
        x = bench.late(bench.ours, stream)
        shown = _shows(x, {"stream": stream, **changes})
        with side.on(own):
            result = bench.call(stream, take, shown)
            if observer.facts["route.returned"]:
                observer.step("read")
                bench.compare(side.read(result, own))


def _life(observer: Observer, kind: str) -> None:
    """Keep the interface, and count the references to its owner; its stream is still one."""
    with Bench(observer, kind) as bench:
        side = bench.side
        x = bench.late(side, bench.work)
        before = sys.getrefcount(x)
        with side.on(bench.work):
            shown = _shown(observer, bench, x, bench.work)
        if shown is None:
            return
        observer.facts["life.refs"] = sys.getrefcount(x) - before
        stream = shown.get("stream")
        observer.facts["stream.alive"] = (
            not isinstance(stream, int) or stream <= PER_THREAD or bench.takes_work(stream)
        )


PROBES: list[Probe] = [
    *on_devices(
        "R-42",
        "keys",
        partial(_form, values=OLD, step=1),
        "the keys of the interface of an array on CUDA",
        _NEED,
    ),
    *(
        probe
        for variant, step in (("compact", 1), ("every-third", 3))
        for probe in on_devices(
            "R-43",
            variant,
            partial(_form, values=OLD, step=step),
            "the strides of the interface",
            _NEED,
        )
    ),
    *(
        probe
        for variant, values in (("elements", OLD), ("empty", ()))
        for probe in on_devices(
            "R-44",
            variant,
            partial(_form, values=values, step=1),
            "the data of the interface",
            _NEED,
        )
    ),
    *(
        probe
        for work in ("work", "legacy", "per-thread", "blocking-handle")
        for probe in on_devices(
            "R-45",
            work,
            partial(_stream, work=work),
            "late work, and the interface's stream",
            _NEED,
        )
    ),
    *(
        probe
        for variant, work, changes in (
            ("handle", "work", {}),
            ("legacy", "legacy", {}),
            ("per-thread", "per-thread", {}),
            ("strides-none", "work", {"strides": None}),
        )
        for probe in on_devices(
            "R-46",
            variant,
            partial(_take, work=work, changes=changes),
            "late work, taken by its interface",
            "take-cuda-array-interface",
            script=partial(interface_script, work=work, changes=changes),
        )
    ),
    *on_devices(
        "R-47", "owner", _life, "the interface of an array, and what it keeps alive", _NEED
    ),
]
