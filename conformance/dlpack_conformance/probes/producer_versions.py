"""Producers: what answers which ``max_version``; P-06, P-18 to P-22, P-36 and P-48."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._producing import (
    OTHERS,
    VERSIONS,
    any_source,
    asking,
    export,
    in_place,
)

__all__ = ["PROBES"]

_NO_VERSION: dict[str, dict[str, Any]] = {"absent": {}, "none": {"max_version": None}}
_LEGACY: dict[str, dict[str, Any]] = {
    **_NO_VERSION,
    "0.8": {"max_version": (0, 8)},
    "absent+copy-true": {"copy": True},
    "absent+copy-false": {"copy": False},
}
_LAYOUTS = ("matrix", "fortran", "scalar", "empty-0", "reversed", "rows", "broadcast", "offset-one")


def _word(*words: str) -> str:
    return "+".join(filter(None, words))


def _pairs(rule: str, versions: dict[str, Any]) -> list[Probe]:
    """Return a probe for each of these versions with each of the other keywords."""
    return [
        asking(rule, _word(version, word), {"max_version": number, **rest})
        for version, number in versions.items()
        for word, rest in OTHERS.items()
    ]


def _elements(reading: Any) -> tuple[Any, ...]:
    """What two exports of one source must agree in, apart from the place of the elements."""
    return reading.shape or (), reading.dtype, reading.device, reading.raw()


def _both(dtype: str, layout: str) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        x = any_source(observer, dtype, layout)
        legacy = export(observer, x, {}, read=False)
        if legacy is None:
            return
        versioned = export(observer, x, {"max_version": (1, 3)}, read=False)
        if versioned is None or observer.instrument.capsule_name(versioned) == "dltensor":
            return
        look = observer.instrument.inspect
        a, b = look(legacy), look(versioned)
        agree = _elements(a) == _elements(b)
        if a.raw() and in_place(observer, legacy) and in_place(observer, versioned):
            agree = agree and a.data + a.byte_offset == b.data + b.byte_offset
        observer.facts["export.agree"] = agree

    return run


PROBES = [
    *(
        asking("P-06", _word(version, word), {**_versioned, **rest})
        for version, _versioned in (
            (name, {} if number is ... else {"max_version": number})
            for name, number in VERSIONS.items()
        )
        for word, rest in (("", {}), ("copy-true", {"copy": True}))
    ),
    asking("P-06", "1.0+readonly", {"max_version": (1, 0)}, readonly=True),
    asking("P-06", "1.0+scalar", {"max_version": (1, 0)}, layout="scalar"),
    asking("P-06", "1.0+empty", {"max_version": (1, 0)}, layout="empty-0"),
    *(
        asking("P-18", _word(name, word), {**keywords, **rest})
        for name, keywords in _NO_VERSION.items()
        for word, rest in OTHERS.items()
    ),
    *_pairs("P-19", {name: VERSIONS[name] for name in ("1.0", "1.3", "1.99")}),
    *(
        asking("P-20", name, {"max_version": number})
        for name, number in VERSIONS.items()
        if number not in (..., None)
    ),
    *_pairs("P-21", {"0.0": (0, 0), "0.8": (0, 8), "0.99": (0, 99)}),
    *_pairs("P-22", {"2.0": (2, 0), "99.7": (99, 7)}),
    *(asking("P-36", name, keywords, readonly=True) for name, keywords in _LEGACY.items()),
    *(
        Probe(
            "P-48",
            f"{dtype}+{layout}",
            _both(dtype, layout),
            f"a legacy and a versioned export of {dtype}, {layout}",
            needs="export",
        )
        for dtype, layout in (
            *(("float32", layout) for layout in _LAYOUTS),
            ("bool", "matrix"),
            ("int8", "matrix"),
            ("complex128", "matrix"),
        )
    ),
]
