"""Producers: exports that fail, and exports from several threads; P-45 and P-47."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._producing import (
    any_source,
    export,
    grown,
    newest,
    readonly_source,
)

__all__ = ["PROBES"]

_REPEATS = 500
_THREADS = 4
_EXPORTS = 100

_REFUSED: dict[str, dict[str, Any]] = {
    "unknown-device": {"dl_device": (99, 0)},
    "unknown-device+1.0": {"max_version": (1, 0), "dl_device": (99, 0)},
    "unknown-device+copy-true": {"max_version": (1, 0), "dl_device": (99, 0), "copy": True},
    "unknown-keyword": {"no_such_keyword": None},
    "wrong-version": {"max_version": "1.0"},
    "wrong-device": {"dl_device": "cpu"},
}
_UNUSUAL = (
    ("object", "object", "vector", "owned"),
    ("record", "record", "vector", "owned"),
    ("packed-field", "float32", "vector", "packed-field"),
    ("conj", "complex64", "matrix", "conj"),
    ("requires-grad", "float32", "matrix", "requires-grad"),
    ("sparse", "float32", "matrix", "sparse"),
    ("meta", "float32", "matrix", "meta"),
)


def _refused(make: Callable[[Observer], Any], keywords: Mapping[str, Any]) -> Any:
    """Return a probe that repeats a call which fails."""

    def run(observer: Observer) -> None:
        x = make(observer)
        if x is None or export(observer, x, keywords, read=False) is not None:
            return  # it was not refused, which is for other rules to judge
        given = dict(keywords)

        def ask() -> None:
            try:
                x.__dlpack__(**given)
            except Exception:  # noqa: BLE001 - which one it is was recorded above
                return

        before = sys.getrefcount(x)
        grown(observer, ask, _REPEATS)
        observer.facts["life.refs"] = sys.getrefcount(x) - before

    return run


def _threads(copy: bool) -> Callable[[Observer], None]:
    """Return a probe that exports one array from several threads at a time."""

    def run(observer: Observer) -> None:
        x = any_source(observer)
        keywords = newest(x)
        if copy:
            keywords["copy"] = True
        if export(observer, x, keywords, read=False) is None:
            return
        wanted, inspect = observer.place()[2], observer.instrument.inspect
        start = threading.Barrier(_THREADS)
        right: list[bool] = []

        def work() -> None:
            start.wait()
            mine = True
            for _ in range(_EXPORTS):
                mine = mine and inspect(x.__dlpack__(**keywords)).raw() == wanted
            right.append(mine)

        before = sys.getrefcount(x)
        workers = [threading.Thread(target=work) for _ in range(_THREADS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        facts = observer.facts
        facts["life.threads"] = _THREADS
        facts["life.repeats"] = _THREADS * _EXPORTS
        facts["life.right"] = len(right) == _THREADS and all(right)
        facts["life.refs"] = sys.getrefcount(x) - before

    return run


def _made(dtype: str, layout: str, source: str) -> Callable[[Observer], Any]:
    return lambda observer: observer.source(dtype, layout, source)


PROBES = [
    *(
        Probe(
            "P-45",
            name,
            _refused(any_source, keywords),
            f"refused again and again: {name}",
            needs="export",
        )
        for name, keywords in _REFUSED.items()
    ),
    Probe(
        "P-45",
        "readonly",
        _refused(readonly_source, {}),
        "refused again and again: a read-only array in a legacy capsule",
        needs="export",
    ),
    *(
        Probe(
            "P-45",
            name,
            _refused(_made(dtype, layout, source), {}),
            f"refused again and again: {name}",
            needs="export",
            makes=(dtype, layout, source),
        )
        for name, dtype, layout, source in _UNUSUAL
    ),
    Probe("P-47", "shared", _threads(False), "four threads export one array", needs="export"),
    Probe("P-47", "copies", _threads(True), "four threads copy one array", needs="export"),
]
