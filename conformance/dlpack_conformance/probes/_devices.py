"""What probes on devices share: work that is late on purpose, and what is then seen of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Library
from dlpack_conformance.libraries._device import ReferenceOnDevice, no_cuda
from dlpack_conformance.probes import Observer, Probe, Script

__all__ = [
    "DTYPE",
    "KINDS",
    "LEGACY",
    "NEW",
    "OLD",
    "PER_THREAD",
    "Bench",
    "delay",
    "device_here",
    "on_devices",
    "reached",
    "same",
]

KINDS = ("simulated", "cuda")
"""Kinds of devices; the variant of a case ends with the one on which it runs."""

LEGACY, PER_THREAD = 1, 2
DTYPE = "int32"
OLD = tuple(range(1, 65))
NEW = tuple(range(101, 165))
"""What the memory holds before the producer's work, and what that work writes."""

_DELAY_NS = {"simulated": 100_000_000, "cuda": 200_000_000}
"""For how long the producer's work is held up: enough for the host to be far ahead of it."""

_held_up = True


@contextmanager
def delay(*, held_up: bool) -> Iterator[None]:
    """While it is open, work is held up or not: without, no missing wait can be seen."""
    global _held_up  # the probes are functions; this is what a test of theirs switches off
    before, _held_up = _held_up, held_up
    try:
        yield
    finally:
        _held_up = before


def reached(kind: str, further: Callable[[Library], str | None] | None = None) -> Any:
    """Return `Probe.absent`: the library has no arrays there, or what ``further`` says."""

    def absent(library: Library) -> str | None:
        reaches = getattr(library, "reaches", None)
        if reaches is None:
            raise NotImplementedError(f"{library.name} has no arrays on devices")
        proof: str | None = reaches(kind)
        return proof if proof is not None or further is None else further(library)

    return absent


def device_here(kind: str, further: Callable[[Library], str | None] | None = None) -> Any:
    """Return `Probe.absent`: the reference has no such device, or what ``further`` says.

    For libraries that need no arrays there. On CUDA a case of a library alone, because a simulated
    device shows the same to one without.
    """

    def absent(library: Library) -> str | None:
        proof: str | None = None
        if kind == "cuda":
            proof = reached(kind)(library) or no_cuda()
        return proof if proof is not None or further is None else further(library)

    return absent


def on_devices(
    rule: str,
    variant: str,
    run: Callable[[Observer, str], None],
    text: str,
    needs: Any = "export",
    *,
    malformed: bool = False,
    absent: Callable[[str], Any] = reached,
    kinds: Sequence[str] = KINDS,
    script: Callable[[str], Script] | None = None,
) -> list[Probe]:
    """Return the probe on each kind of device; ``run(observer, kind)``, ``script(kind)``."""

    def bound(kind: str) -> Callable[[Observer], None]:
        return lambda observer: run(observer, kind)

    return [
        Probe(
            rule,
            f"{variant}-{kind}",
            bound(kind),
            f"{text}, on a {kind} device",
            needs,
            malformed=malformed,
            absent=absent(kind),
            script=None if script is None else script(kind),
        )
        for kind in kinds
    ]


def same(values: Sequence[Any] | bytes, asked: Sequence[int]) -> bool:
    """Whether a library's reader gave these values, as numbers or as bytes."""
    if isinstance(values, bytes):
        return values == b"".join(modules().instrument.encode(DTYPE, value) for value in asked)
    return tuple(values) == tuple(asked)


class Bench:
    """A device of one case, with streams of a producer and of a consumer.

    ``work``: the producer's stream, which waits for no other unless it is told to. ``side``: the
    library's arrays there, ``ours``: the reference's. As a context manager it leaves the device
    without work and without the streams that it made.
    """

    def __init__(self, observer: Observer, kind: str, index: int = 0) -> None:
        self.observer = observer
        self.kind = kind
        self.accelerator = observer.accelerator(kind, index)
        self.ours = ReferenceOnDevice(self.accelerator)
        self._made: list[int] = []
        self.work = self.stream()
        self._delay_ns = _DELAY_NS[kind] if _held_up else 0

    def __enter__(self) -> Bench:
        """Nothing more to do."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Wait for all work, then end the streams."""
        self.accelerator.synchronize()
        for stream in self._made:
            if self.accelerator.has_stream(stream):
                self.accelerator.end_stream(stream)

    @property
    def side(self) -> Any:
        """The library's arrays on the device."""
        return self.observer.library.on_device(self.accelerator)  # type: ignore[attr-defined]

    def stream(self, *, blocking: bool = False) -> int:
        """Make a stream; ``blocking``: ordered against the legacy default stream."""
        made: int = self.accelerator.make_stream(blocking)
        self._made.append(made)
        return made

    def named(self, name: str) -> int:
        """Return a stream by name: legacy, per-thread, handle, blocking-handle or work."""
        if name == "work":
            return self.work
        if name in ("legacy", "per-thread"):
            return LEGACY if name == "legacy" else PER_THREAD
        return self.stream(blocking=name == "blocking-handle")

    def hold_up(self, stream: int) -> None:
        """Let what is queued on the stream next begin late."""
        if self._delay_ns:
            self.accelerator.delay(stream, self._delay_ns)

    def late(self, side: Any, stream: int, dtype: str = DTYPE) -> Any:
        """Make an array of `OLD` whose elements a late work on the stream makes `NEW`."""
        x = side.make(dtype, OLD)
        self.accelerator.synchronize()
        self.write_late(side, x, stream)
        return x

    def write_late(self, side: Any, x: Any, stream: int, values: Sequence[Any] = NEW) -> None:
        """Queue late work that writes all elements."""
        with side.on(stream):
            queue = side.writer(x, values)
            self.hold_up(stream)
            queue(stream)

    def reads_right(self, read: Callable[[], Sequence[Any] | bytes | None]) -> bool:
        """Whether the same way gives the right elements where nothing is late, or refuses.

        Fact ``route.absent`` where it does not: what is misread anyhow says nothing of order. No,
        too, where it cost a stream of the case.
        """
        self.accelerator.synchronize()
        self.observer.step("exchange")
        try:
            values = read()
        except Exception:  # noqa: BLE001 - refused, however
            values = None
        if not all(map(self.accelerator.has_stream, self._made)):
            self.observer.facts["stream.alive"] = False
            return False
        if values is None or same(values, OLD):
            return True
        self.observer.facts["route.absent"] = "elements are misread where nothing is late, too"
        return False

    def call(
        self, stream: int, function: Callable[..., Any], /, *args: Any, **keywords: Any
    ) -> Any:
        """Try a call while work is queued on ``stream``; facts ``route`` and ``stream``."""
        seen, device = self.observer.facts, self.accelerator
        seen["stream.queued"] = not device.is_idle(stream)
        start = device.now_ns
        result = self.observer.call(function, *args, **keywords)
        took = device.now_ns - start
        late = device.has_stream(stream) and not device.is_idle(stream)
        seen["stream.late"] = late
        # Whoever waited leaves no work behind; a host that stood still for other reasons does.
        seen["stream.waited"] = bool(self._delay_ns) and not late and 2 * took >= self._delay_ns
        return result

    def compare(self, values: Sequence[Any] | bytes) -> None:
        """Facts of what was read, by whatever reader."""
        seen = self.observer.facts
        seen["stream.values"] = same(values, NEW)
        seen["stream.old"] = same(values, OLD)

    def take(self, capsule: Any, stream: int) -> Any:
        """Import an export as an array on the device; None where there is nothing to read there.

        That is: the export names another device, or the stream is gone. The capsule is consumed.
        """
        if not self.accelerator.has_stream(stream):
            self.observer.facts["stream.alive"] = False
            return None
        with self.ours.on(stream):
            y = self.observer.instrument.from_capsule(capsule)
        return None if y.accelerator is None else y

    def read(self, capsule: Any, stream: int) -> None:
        """Read an export on the consumer's stream, with no other wait; the capsule is consumed."""
        self.observer.step("read")
        y = self.take(capsule, stream)
        if y is not None:
            self.compare(y.read(stream))

    def takes_work(self, stream: int) -> bool:
        """Whether the stream still takes work."""
        device = self.accelerator
        if not device.has_stream(stream):
            return False
        try:
            device.delay(stream, 1)
            device.synchronize(stream)
        except self.observer.instrument.DeviceError:
            return False
        return True

    def passed(self, array: Any, own: int, naming: str = "") -> None:
        """Record which stream each ``__dlpack__`` call of an array of the reference was given.

        ``naming``: a keyword; calls without it are left out.
        """
        asked = [dict(call.keywords) for call in array.calls if call.method == "__dlpack__"]
        self.observer.facts["stream.passed"] = [
            self.word(keywords.get("stream", _ABSENT), own)
            for keywords in asked
            if not naming or naming in keywords
        ]

    def word(self, stream: Any, own: int) -> str:
        """Name a stream so that two runs give the same word; see the fact ``stream.passed``."""
        if stream is _ABSENT:
            return "absent"
        if stream is None:
            return "None"
        if type(stream) is not int:
            return type(stream).__name__
        if stream <= PER_THREAD:
            return "own" if stream == own else str(stream)
        return "own" if stream == own else "other"


_ABSENT = object()
