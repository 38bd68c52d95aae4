"""Consumers and the life of what they take: renamed, held, and freed once when unused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    COPY_FALSE,
    COPY_TRUE,
    KINDS,
    VERSIONS,
    Giver,
    close,
    offer,
    probe,
    repeated,
    shared,
    taking,
)

__all__ = ["PROBES"]


def _still(observer: Observer, ledger: Any, before: int, shares: bool | None = None) -> None:
    """No deleter may have run while something shares the memory; ``shares``: else as was seen."""
    in_place = shared(observer) if shares is None else shares
    early = in_place and ledger.deleter_calls > before
    observer.facts["end.early"] = observer.facts.get("end.early", False) or early


def _right(observer: Observer, read: Callable[[], Any], asked: Any) -> None:
    right = observer.facts.get("life.right", True)
    observer.facts["life.right"] = right and read() == asked


def _view_kept(**options: Any) -> Callable[[Observer], None]:
    """A slice outlives the result."""

    def run(observer: Observer) -> None:
        library = observer.library
        giver = Giver(observer.crafted("float32", "vector", **options))
        ledger = giver.array.ledger
        result = offer(observer, giver)
        if result is not None:
            first = observer.memory.first
            shares = False
            try:
                view = result[1:]
                asked = library.read(view)
                address = library.describe(view).address
                shares = address is not None and 0 <= address - first < 6 * 4
            except BaseException:  # noqa: BLE001 - it has no slices
                view = None
            observer.step("release")
            result = None
            giver.array = None
            observer.forget()
            if view is not None:
                _still(observer, ledger, 0, shares)
                _right(observer, lambda: library.read(view), asked)
            view = None
        del giver
        close(observer, ledger)

    return run


def _source_first(dtype: str, layout: str, **options: Any) -> Callable[[Observer], None]:
    """All names of the producer go before the result."""

    def run(observer: Observer) -> None:
        library = observer.library
        giver = Giver(observer.crafted(dtype, layout, **options))
        ledger = giver.array.ledger
        result = offer(observer, giver)
        asked = None
        if result is not None and "result.values" in observer.facts:
            asked = library.read(result)
        observer.step("release")
        del giver
        if asked is not None:
            observer.forget()
            _still(observer, ledger, 0)
            _right(observer, lambda: library.read(result), asked)
        result = None
        close(observer, ledger)

    return run


def _reexported(**options: Any) -> Callable[[Observer], None]:
    """The reference takes the result again; that outlives it."""

    def run(observer: Observer) -> None:
        instrument = observer.instrument
        giver = Giver(observer.crafted("float32", "vector", **options))
        ledger = giver.array.ledger
        asked, address = giver.array.read(), giver.array.address
        result = offer(observer, giver)
        if result is not None:
            try:
                again = instrument.from_dlpack(result)
            except BaseException:  # noqa: BLE001 - it exports nothing, or not this
                again = None
            observer.step("release")
            result = None
            giver.array = None
            observer.forget()
            if again is not None:
                _still(observer, ledger, 0, again.address == address)
                _right(observer, again.read, asked)
            again = None
        del giver
        close(observer, ledger)

    return run


def _released(order: tuple[str, ...], **options: Any) -> Callable[[Observer], None]:
    """Source, result and a re-export that the reference took go in this order."""

    def run(observer: Observer) -> None:
        library, instrument = observer.library, observer.instrument
        giver = Giver(observer.crafted("float32", "vector", **options))
        ledger = giver.array.ledger
        asked, address = giver.array.read(), giver.array.address
        held: dict[str, Any] = {"source": giver, "result": offer(observer, giver)}
        del giver
        try:
            held["again"] = instrument.from_dlpack(held["result"])
        except BaseException as error:  # noqa: BLE001 - it exports nothing, or it was refused
            observer.facts["route.absent"] = f"nothing to export again: {type(error).__name__}"
            order_now: tuple[str, ...] = ()
        else:
            order_now = order
        observer.step("release")
        for name in order_now:
            del held[name]
            if name == "source":
                observer.forget()
            if "again" in held:
                _still(observer, ledger, 0, held["again"].address == address)
            if "result" in held:
                _still(observer, ledger, 0)
                _right(observer, lambda: list(library.read(held["result"])), asked)
            if "again" in held:
                _right(observer, held["again"].read, asked)
        held.clear()
        close(observer, ledger)

    return run


def _two(first_dropped: int, **options: Any) -> Callable[[Observer], None]:
    """Two imports of one source; one goes before the other."""

    def run(observer: Observer) -> None:
        library = observer.library
        giver = Giver(observer.crafted("float32", "vector", **options))
        ledger = giver.array.ledger
        results = [offer(observer, giver), observer.consume(giver)]
        if all(result is not None for result in results):
            asked = library.read(results[0])
            observer.step("release")
            giver.array = None
            observer.forget()
            results[first_dropped] = None
            _still(observer, ledger, ledger.exports - 1)
            _right(observer, lambda: library.read(results[1 - first_dropped]), asked)
        results.clear()
        del giver
        close(observer, ledger)

    return run


_SHAPES = ("vector", "matrix", "columns", "scalar")


_ASKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "copy-true": dict(COPY_TRUE),
    "copy-false": dict(COPY_FALSE),
}


PROBES: list[Probe] = [
    *(
        probe(
            rule,
            f"{version}-{layout}",
            "the capsule's name before and after",
            taking(layout=layout, proves=True, **options),
        )
        for rule in ("C-10", "C-44")
        for version, options in VERSIONS.items()
        for layout in _SHAPES
    ),
    *(
        probe(
            rule,
            f"{name}-readonly",
            "the capsule's name before and after, read-only memory",
            taking(ask=ask, readonly=True),
            keywords=tuple(ask),
        )
        for rule, asks in (("C-10", ("plain", "copy-false")), ("C-44", tuple(_ASKS)))
        for name, ask in _ASKS.items()
        if name in asks
    ),
    *(
        probe(
            "C-44",
            f"{name}-older-producer",
            "each capsule, where the producer takes no keyword",
            taking(ask=ask, proves=True, keywords=("stream",)),
            keywords=tuple(ask),
        )
        for name, ask in _ASKS.items()
    ),
    *(
        probe("C-11", f"{made}-{kind}", "what holds the memory and for how long", run(**options))
        for kind, options in KINDS.items()
        for made, run in (
            ("view-kept", _view_kept),
            ("reexported", _reexported),
        )
    ),
    *(
        probe(
            "C-11",
            f"source-first-{dtype}-{layout}-{kind}",
            "the producer's names go first",
            _source_first(dtype, layout, **options),
        )
        for kind, options in KINDS.items()
        for dtype, layout in (
            ("float32", "vector"),
            ("float64", "columns"),
            ("int8", "cube"),
            ("float32", "scalar"),
            ("float32", "empty-0x3"),
        )
    ),
    *(
        probe(
            "C-11",
            f"two-imports-{'first' if dropped == 0 else 'second'}-dropped-{kind}",
            "two imports of one source",
            _two(dropped, **options),
        )
        for kind, options in KINDS.items()
        for dropped in (0, 1)
    ),
    *(
        probe(
            "C-11",
            f"{name}-{kind}",
            "the deleter of a result that was dropped",
            taking(ask=ask, layout="matrix", proves=True, **options),
            keywords=tuple(ask),
        )
        for kind, options in KINDS.items()
        for name, ask in _ASKS.items()
    ),
    *(
        probe(
            "C-11",
            f"order-{'-'.join(order)}-{kind}",
            "source, result and re-export go in this order",
            _released(order, **options),
        )
        for kind, options in KINDS.items()
        for order in itertools.permutations(("source", "result", "again"))
    ),
    *(
        probe("C-11", f"repeated-{kind}", "many imports", repeated(200, "float32", **options))
        for kind, options in KINDS.items()
    ),
]
