"""Consumers and the version of what comes: other majors, newer minors, the struct by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    LEGACY,
    VERSIONS,
    Giver,
    close,
    probe,
    taking,
)

__all__ = ["PROBES"]

_MAJORS = {"2.0": (2, 0), "2.7": (2, 7), "3.0": (3, 0), "255.255": (255, 255)}
_MINORS = {"1.4": (1, 4), "1.99": (1, 99), "1.65536": (1, 65536)}
_FLAGS = {
    "bit-3": 1 << 3,
    "bit-7": 1 << 7,
    "bit-31": 1 << 31,
    "bit-40": 1 << 40,
    "bit-63": 1 << 63,
    "all-unknown": (1 << 64) - 8,
}
_TAILS = ("poisoned", "unreadable")


def _major(version: tuple[int, int], tail: str, **options: Any) -> Callable[[Observer], None]:
    """A tensor of another major version, of which only version, context and deleter can be used."""

    def run(observer: Observer) -> None:
        array = observer.crafted(
            "float32", "matrix", version=version, legacy="never", states={"tail": tail}, **options
        )
        giver, ledger = Giver(array), array.ledger
        observer.consume(giver)
        observer.facts["export.version"] = version
        observer.step("release")
        del giver, array
        close(observer, ledger)

    return run


def _null_deleter_major(observer: Observer) -> None:
    """Nothing of it can be used, and there is nothing to call."""
    options: dict[str, Any] = {"version": (2, 0), "legacy": "never", "deleter": "null"}
    observer.consume(Giver(observer.crafted(states={"tail": "poisoned"}, **options)))


_ANSWERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "legacy-vector": (dict(LEGACY), "float32", "vector"),
    "legacy-cube": (dict(LEGACY), "float64", "cube"),
    "legacy-columns": (dict(LEGACY), "int16", "columns"),
    "legacy-scalar": (dict(LEGACY), "complex128", "scalar"),
    "legacy-bool": (dict(LEGACY), "bool", "matrix"),
    "versioned-vector": ({"legacy": "never"}, "float32", "vector"),
    "versioned-1.0": ({"legacy": "never", "version": (1, 0)}, "int64", "matrix"),
    "versioned-readonly": ({"legacy": "never", "readonly": True}, "uint8", "cube"),
}

PROBES: list[Probe] = [
    *(
        probe(
            "C-07",
            name,
            "a tensor of another major version with the fields of version 1",
            taking(layout="matrix", version=version, legacy="never"),
        )
        for name, version in _MAJORS.items()
    ),
    *(
        probe(
            "C-08",
            f"{name}-{tail}",
            "a tensor of another major version; what follows the deleter is not to be touched",
            _major(version, tail),
        )
        for name, version in _MAJORS.items()
        for tail in _TAILS
    ),
    *(
        probe(
            "C-09",
            f"{name}-{layout}",
            "a tensor of a newer minor version",
            taking(layout=layout, version=version, legacy="never", with_twin=True),
        )
        for name, version in _MINORS.items()
        for layout in ("vector", "matrix", "columns")
    ),
    *(
        probe(
            "C-45",
            f"version-{name}",
            "a tensor of a newer minor version",
            taking(layout="cube", version=version, legacy="never"),
        )
        for name, version in _MINORS.items()
    ),
    probe("C-45", "major-2-null-deleter", "another major, no deleter", _null_deleter_major),
    *(
        probe(
            "C-47",
            f"{name}-{minor}",
            "flag bits that no version defines",
            taking(flags=flags, version=(1, minor), legacy="never", proves=True),
        )
        for name, flags in _FLAGS.items()
        for minor in (0, 3)
    ),
    *(
        probe(
            "C-55",
            name,
            "a struct of another kind than was asked for",
            taking(dtype, layout, **options),
        )
        for name, (options, dtype, layout) in _ANSWERS.items()
    ),
    *(
        probe(
            "C-42",
            f"{dtype}-{version}",
            "the same elements in each version",
            taking(dtype, "matrix", **options),
        )
        for dtype in ("float64", "int8", "uint16", "int64", "complex64", "bool")
        for version, options in VERSIONS.items()
    ),
]
