"""Streams of a device, the library as producer: protocol cases of group S."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe, Script
from dlpack_conformance.probes._device_scripts import export_script, to_cpu_script
from dlpack_conformance.probes._devices import DTYPE, NEW, OLD, Bench, on_devices, reached

__all__ = ["PROBES"]

_VERSIONED: Mapping[str, Any] = {"max_version": (1, 0)}
_LEFT_OUT = "omitted"
_NAMES: Mapping[str, Any] = {"none": None, "one": 1, "two": 2, "zero": 0, "minus-one": -1}
_READ_ON = {"none": "legacy", "one": "legacy", "two": "per-thread", _LEFT_OUT: "legacy"}
_CPU = (1, 0)


def _stream(passed: str, mine: int) -> dict[str, Any]:
    """Return the keyword for a stream by name; ``mine``: the handle of the consumer's."""
    return {} if passed == _LEFT_OUT else {"stream": _NAMES.get(passed, mine)}


def _export(
    observer: Observer,
    kind: str,
    *,
    passed: str,
    work: str = "work",
    mine: str = "handle",
    keywords: Mapping[str, Any] | None = None,
) -> None:
    """Export late work with a stream, and read on that stream with no other wait."""
    with Bench(observer, kind) as bench:
        side, stream = bench.side, bench.named(work)
        own = bench.named(_READ_ON.get(passed, mine))
        asked = {**_stream(passed, own), **(keywords or {})}

        def complete() -> Any:
            y = bench.take(side.make(DTYPE, OLD).__dlpack__(**asked), own)
            return None if y is None else y.read(own)

        if not bench.reads_right(complete):
            return
        x = bench.late(side, stream)
        with side.on(stream):
            capsule = bench.call(stream, x.__dlpack__, **asked)
            if capsule is None and passed in ("none", _LEFT_OUT):
                _absent_where_nothing_goes(observer, x)
        if capsule is not None:
            bench.read(capsule, own)


def _absent_where_nothing_goes(observer: Observer, x: Any) -> None:
    """An array that does not go out at all says nothing of streams."""
    try:
        x.__dlpack__()
    except Exception as error:  # noqa: BLE001 - refused, however
        observer.facts["route.absent"] = f"without a stream the export gives {type(error).__name__}"


def _form(observer: Observer, kind: str, *, stream: Any, keywords: Mapping[str, Any]) -> None:
    """Export what is complete, with a stream that means nothing."""
    with Bench(observer, kind) as bench:
        x = bench.side.make(DTYPE, OLD)
        observer.call(x.__dlpack__, stream=stream, **keywords)


def _own(observer: Observer, kind: str, *, works_after: bool) -> None:
    """End the consumer's stream after the import; then the producer goes on.

    ``works_after``: the consumer has let go of the memory before, or only afterwards.
    """
    with Bench(observer, kind) as bench:
        side, mine = bench.side, bench.stream()
        x = bench.late(side, bench.work)
        with side.on(bench.work):
            capsule = bench.call(bench.work, x.__dlpack__, stream=mine)
        if capsule is None:
            return
        seen = observer.facts
        seen["stream.alive"] = alive = bench.takes_work(mine)
        y = bench.take(capsule, mine)
        if works_after:
            del y, capsule
        if alive:
            bench.accelerator.end_stream(mine)
        observer.step("release")
        if not works_after:
            del y, capsule
        seen["stream.ended"] = _goes_on(bench, side, x)


def _goes_on(bench: Bench, side: Any, x: Any) -> bool:
    """Write and export once more, for another stream."""
    other = bench.stream()
    try:
        bench.write_late(side, x, bench.work, OLD)
        with side.on(bench.work):
            capsule = x.__dlpack__(stream=other)
    except Exception:  # noqa: BLE001 - whatever it says, it did not go on
        return False
    y = bench.take(capsule, other)
    return y is not None and len(y.read(other)) == len(OLD)


def _to_cpu(observer: Observer, kind: str, *, keywords: Mapping[str, Any]) -> None:
    """Export late work to the CPU, and read at once."""
    asked: dict[str, Any] = {"dl_device": _CPU, **_VERSIONED, **keywords}
    with Bench(observer, kind) as bench:
        side = bench.side

        def complete() -> Any:
            capsule = side.make(DTYPE, OLD).__dlpack__(**asked)
            reading = observer.instrument.inspect(capsule)
            return reading.values() if tuple(reading.device) == _CPU else None

        if not bench.reads_right(complete):
            return
        x = bench.late(side, bench.work)
        with side.on(bench.work):
            capsule = bench.call(bench.work, x.__dlpack__, **asked)
        if capsule is None:
            return
        reading = observer.instrument.inspect(capsule)
        observer.facts["export.device"] = reading.device
        if tuple(reading.device) == _CPU:
            observer.step("read")
            bench.compare(reading.values())


def _reuse(observer: Observer, kind: str, *, what: str) -> None:
    """The producer uses the memory again while the consumer's work on it is held up."""
    with Bench(observer, kind) as bench:
        side, mine = bench.side, bench.stream()
        x = side.make(DTYPE, OLD)
        with side.on(bench.work):
            capsule = observer.call(x.__dlpack__, stream=mine)
        if capsule is None:
            return
        y = bench.take(capsule, mine)
        if y is None:
            return
        queue = side.writer(x, NEW)
        bench.hold_up(mine)
        if what == "write":
            with side.on(bench.work):
                queue(bench.work)
            bench.compare(y.read(mine))
            return
        observer.step("release")
        del y, capsule, x, queue
        observer.facts["stream.waited"] = bench.accelerator.is_idle(mine)


def _other_device(observer: Observer, kind: str) -> None:
    """Export an array of the second device while the first is the current one."""
    with Bench(observer, kind, index=1) as bench:
        side = bench.side
        x = bench.late(side, bench.work)
        mine = bench.stream()
        capsule = bench.call(bench.work, x.__dlpack__, stream=mine)
        if capsule is not None:
            bench.read(capsule, mine)


def _second_device(kind: str) -> Any:
    """Return `Probe.absent`: there are fewer than two devices."""

    def one(library: Library) -> str | None:
        here = kind == "simulated" or len(modules().instrument.cuda()) > 1
        return None if here else "there is one CUDA device"

    return reached(kind, one)


def _pinned(observer: Observer, kind: str) -> None:
    """Export memory of the host that the device knows, with a stream."""
    with Bench(observer, kind) as bench:
        x = bench.side.make(DTYPE, OLD, pool="pinned")
        observer.facts["export.dlpack_device"] = tuple(int(n) for n in x.__dlpack_device__())
        observer.call(x.__dlpack__, stream=bench.stream())


def _each(
    rule: str,
    run: Callable[..., None],
    variants: Mapping[str, Mapping[str, Any]],
    text: str,
    **options: Any,
) -> list[Probe]:
    """Probes of one rule: variant -> arguments of ``run``."""
    found: list[Probe] = []
    for variant, arguments in variants.items():
        script = _SCRIPTS.get(run)
        options["script"] = None if script is None else partial(script, rule, arguments)
        found += on_devices(rule, variant, partial(run, **arguments), text, **options)
    return found


def _export_script(rule: str, arguments: Mapping[str, Any], kind: str) -> Script:
    passed = arguments["passed"]
    mine = _READ_ON.get(passed, arguments.get("mine", "handle"))
    value = None if passed == _LEFT_OUT else repr(_NAMES[passed]) if passed in _NAMES else "mine"
    return export_script(
        kind,
        value,
        arguments.get("work", "work"),
        mine,
        arguments.get("keywords", {}),
        "stream.old" if rule == "S-09" else "stream.values",
    )


def _to_cpu_script(_: str, arguments: Mapping[str, Any], kind: str) -> Script:
    return to_cpu_script(kind, {"dl_device": _CPU, **_VERSIONED, **arguments["keywords"]})


_SCRIPTS: Mapping[Callable[..., None], Callable[..., Script]] = {
    _export: _export_script,
    _to_cpu: _to_cpu_script,
}


_WITH_VERSIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (("", {}), ("-versioned", _VERSIONED))

PROBES: list[Probe] = [
    *_each(
        "S-02",
        _export,
        {name: {"passed": name} for name in ("one", "two", "handle", "minus-one")},
        "an export for another stream than None",
    ),
    *_each(
        "S-03",
        _form,
        {
            name: {"stream": stream, "keywords": {}}
            for name, stream in (("minus-two", -2), ("float", 1.0), ("object", object()))
        },
        "a stream that no caller may pass",
        malformed=True,
    ),
    *_each(
        "S-04",
        _export,
        {
            **{
                name + suffix: {"passed": name, "keywords": keywords}
                for name in ("none", _LEFT_OUT)
                for suffix, keywords in _WITH_VERSIONS
            },
            "none-after-per-thread": {"passed": "none", "work": "per-thread"},
            "none-after-blocking": {"passed": "none", "work": "blocking-handle"},
        },
        "late work, exported for no stream and read on the legacy default stream",
    ),
    *_each(
        "S-05",
        _export,
        {"one" + suffix: {"passed": "one", "keywords": given} for suffix, given in _WITH_VERSIONS},
        "late work, exported for 1 and read on the legacy default stream",
    ),
    *_each(
        "S-06",
        _export,
        {"two" + suffix: {"passed": "two", "keywords": given} for suffix, given in _WITH_VERSIONS},
        "late work, exported for 2 and read on this thread's default stream",
    ),
    *_each(
        "S-07",
        _form,
        {
            "zero" + suffix: {"stream": 0, "keywords": keywords}
            for suffix, keywords in _WITH_VERSIONS
        },
        "an export for the stream 0",
    ),
    *_each(
        "S-08",
        _export,
        {
            "handle": {"passed": "handle"},
            "handle-versioned": {"passed": "handle", "keywords": _VERSIONED},
            "blocking-handle": {"passed": "handle", "mine": "blocking-handle"},
            "after-legacy": {"passed": "handle", "work": "legacy"},
            "after-per-thread": {"passed": "handle", "work": "per-thread"},
            "after-blocking": {"passed": "handle", "work": "blocking-handle"},
        },
        "late work, exported for a stream and read on it",
    ),
    *_each(
        "S-09",
        _export,
        {
            **{
                "minus-one" + suffix: {"passed": "minus-one", "keywords": keywords}
                for suffix, keywords in _WITH_VERSIONS
            },
            "minus-one-read-on-legacy": {"passed": "minus-one", "mine": "legacy"},
        },
        "late work, exported for -1",
    ),
    *_each(
        "S-14",
        _own,
        {"ended-first": {"works_after": False}, "released-first": {"works_after": True}},
        "the consumer ends its stream, then the producer goes on",
    ),
    *_each(
        "S-15",
        _export,
        {
            "one-stream": {"passed": "handle", "mine": "work"},
            "legacy": {"passed": "one", "work": "legacy"},
        },
        "late work, exported for the stream that it is on",
    ),
    *_each(
        "S-16",
        _to_cpu,
        {
            "export": {"keywords": {}},
            "export-stream-none": {"keywords": {"stream": None}},
            "export-copy-true": {"keywords": {"copy": True}},
        },
        "late work, exported to the CPU",
    ),
    *_each(
        "S-16",
        _to_cpu,
        {"export-with-stream": {"keywords": {"stream": 1}}},
        "late work, exported to the CPU for a stream",
        malformed=True,
    ),
    *_each(
        "S-17",
        _export,
        {
            name: {"passed": passed, "keywords": {**_VERSIONED, "copy": True}}
            for name, passed in (("handle", "handle"), ("one", "one"), ("none", "none"))
        },
        "late work, copied for a stream and read on it",
    ),
    *_each(
        "S-18",
        _reuse,
        {"written": {"what": "write"}, "released": {"what": "release"}},
        "the producer uses the memory again before the consumer's work is done",
    ),
    *on_devices(
        "S-19",
        "second-device",
        _other_device,
        "an array on another device than the current one",
        absent=_second_device,
    ),
    *on_devices("S-20", "pinned", _pinned, "memory of the host that is pinned, with a stream"),
]
