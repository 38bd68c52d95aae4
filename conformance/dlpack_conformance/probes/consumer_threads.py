"""Consumers on several threads: where a tensor is taken, and where it is released."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    COPY_FALSE,
    COPY_TRUE,
    KINDS,
    Giver,
    close,
    offer,
    probe,
)

__all__ = ["PROBES"]


def _on_worker(what: Callable[..., Any], *args: Any) -> None:
    worker = threading.Thread(target=what, args=args)
    worker.start()
    worker.join()


def _take_into(held: list[Any], observer: Observer, giver: Giver) -> None:
    held.append(offer(observer, giver))


def _dropped_on_worker(ask: dict[str, Any], **options: Any) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        giver = Giver(observer.crafted("float32", "vector", **options))
        ledger = giver.array.ledger
        held = [offer(observer, giver, **ask)]
        observer.step("release")
        del giver
        observer.forget()
        _on_worker(held.clear)
        close(observer, ledger)

    return run


def _taken_on_worker(**options: Any) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        giver = Giver(observer.crafted("float32", "vector", **options))
        ledger = giver.array.ledger
        held: list[Any] = []
        _on_worker(_take_into, held, observer, giver)
        observer.step("release")
        del giver
        held.clear()
        close(observer, ledger)

    return run


def _from_worker_to_worker(observer: Observer) -> None:
    giver = Giver(observer.crafted("float32", "vector"))
    ledger = giver.array.ledger
    held: list[Any] = []
    _on_worker(_take_into, held, observer, giver)
    observer.step("release")
    del giver
    observer.forget()
    _on_worker(held.clear)
    close(observer, ledger)


def _on_many_workers(observer: Observer) -> None:
    """Four threads take and drop the same source, all at one time."""
    workers, repeats = 4, 25
    take = observer.library.accepts()["from_dlpack"].call
    giver = Giver(observer.crafted("float32", "matrix"))
    ledger = giver.array.ledger
    held = [offer(observer, giver)]
    start = threading.Barrier(workers)

    def work(source: Any) -> None:
        start.wait()
        for _ in range(repeats):
            with contextlib.suppress(Exception):
                take(source)

    threads = [threading.Thread(target=work, args=(giver,)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    observer.facts["life.threads"] = workers
    observer.step("release")
    held.clear()
    threads.clear()
    del giver, thread
    close(observer, ledger)


_ASKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "copy-true": dict(COPY_TRUE),
    "copy-false": dict(COPY_FALSE),
}


PROBES: list[Probe] = [
    *(
        probe(
            "C-51",
            f"dropped-on-worker-{name}-{kind}",
            "the last reference goes on another thread",
            _dropped_on_worker(ask, **options),
            keywords=tuple(ask),
        )
        for kind, options in KINDS.items()
        for name, ask in _ASKS.items()
    ),
    *(
        probe(
            "C-51",
            f"taken-on-worker-{kind}",
            "taken on another thread, released on the main one",
            _taken_on_worker(**options),
        )
        for kind, options in KINDS.items()
    ),
    probe("C-51", "many-workers", "four threads at one time", _on_many_workers),
    probe(
        "C-51",
        "from-worker-to-worker",
        "taken on one thread, released on another",
        _from_worker_to_worker,
    ),
]
