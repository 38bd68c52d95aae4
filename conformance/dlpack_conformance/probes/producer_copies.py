"""Producers: copies, and the flags that tell of them; P-15, P-29 to P-35, P-52 and P-53."""

from __future__ import annotations

from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._producing import (
    OTHERS,
    VERSIONS,
    any_source,
    asking,
    export,
)

__all__ = ["PROBES"]

_LAYOUTS = ("scalar", "vector", "fortran", "permuted", "rows", "step", "reversed", "broadcast")
_VERSIONED = {name: VERSIONS[name] for name in ("1.0", "1.3", "1.99", "2.0")}
_LEGACY = ("absent", "none", "0.8")
_COPY = {f"copy-{value}".lower(): {"copy": value} for value in (None, False, True)}
_IN_PLACE = {word: OTHERS[word] for word in ("", "copy-none", "copy-false", "device-own")}
_NEED_COPY = (
    ("conj", "complex64", "matrix", "conj"),
    ("neg", "float32", "step", "neg"),
    ("packed-field", "float32", "vector", "packed-field"),
    ("swapped", "swapped-int32", "vector", "owned"),
)


def _word(*words: str) -> str:
    return "+".join(filter(None, words))


def _version(word: str) -> dict[str, Any]:
    return {} if VERSIONS[word] is ... else {"max_version": VERSIONS[word]}


def _apart(observer: Observer) -> None:
    """Write on both sides of a copy and look at the other one."""
    x = any_source(observer)
    capsule = export(observer, x, {"max_version": (1, 0), "copy": True})
    if capsule is None or not observer.facts["source.writable"]:
        return
    library, inspect = observer.library, observer.instrument.inspect
    before = inspect(capsule).raw()
    observer.step("write")
    index = (0,) * len(observer.facts["source.shape"])
    one = observer.core.values("float32", "matrix")[-1]
    library.write(x, index, one, observer.instrument.encode("float32", one))
    observer.facts["proof.forward"] = "unseen" if inspect(capsule).raw() == before else "seen"
    other = observer.instrument.from_capsule(capsule)
    if other.readonly:
        return
    own = library.read(x)
    for at in _indices(other.shape):
        other.set(at, one)
    observer.facts["proof.backward"] = "unseen" if library.read(x) == own else "seen"


def _indices(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    indices: list[tuple[int, ...]] = [()]
    for extent in shape:
        indices = [(*index, i) for index in indices for i in range(extent)]
    return indices


PROBES = [
    asking("P-15", "matrix", {}),
    *(asking("P-15", layout, {}, layout=layout) for layout in _LAYOUTS),
    *(asking("P-15", dtype, {}, dtype=dtype) for dtype in ("bool", "int64", "complex128")),
    *(
        asking("P-29", _word(version, word), {"max_version": number, "copy": True, **rest})
        for version, number in _VERSIONED.items()
        for word, rest in (("", {}), *((w, OTHERS[w]) for w in ("device-none", "device-own")))
    ),
    *(
        asking("P-29", f"1.0+{layout}", {"max_version": (1, 0), "copy": True}, layout=layout)
        for layout in _LAYOUTS
    ),
    Probe("P-29", "1.0+written", _apart, "both sides of a copy are written", needs="export"),
    *(
        asking("P-30", _word(version, word), {**_version(version), "copy": False, **rest})
        for version in VERSIONS
        for word, rest in (("", {}), ("device-own", OTHERS["device-own"]))
    ),
    *(
        asking(
            "P-30",
            f"needed-{name}+{version}",
            {**_version(version), "copy": False},
            source=(dtype, layout, source),
        )
        for name, dtype, layout, source in _NEED_COPY
        for version in ("absent", "1.0")
    ),
    *(asking("P-31", version, {**_version(version), "copy": None}) for version in VERSIONS),
    *(
        asking("P-31", f"1.0+{layout}", {"max_version": (1, 0), "copy": None}, layout=layout)
        for layout in _LAYOUTS
    ),
    *(
        asking("P-32", _word(version, word), {"max_version": number, "copy": True, **rest})
        for version, number in _VERSIONED.items()
        for word, rest in (("", {}), ("device-own", OTHERS["device-own"]))
    ),
    *(
        asking("P-32", f"1.0+{layout}", {"max_version": (1, 0), "copy": True}, layout=layout)
        for layout in _LAYOUTS
    ),
    *(
        asking("P-33", _word(version, word), {"max_version": number, **rest})
        for version, number in _VERSIONED.items()
        for word, rest in _IN_PLACE.items()
    ),
    *(
        asking(
            "P-34",
            _word(version, word),
            {"max_version": number, "copy": True, **rest},
            readonly=True,
        )
        for version, number in _VERSIONED.items()
        for word, rest in (("", {}), ("device-own", OTHERS["device-own"]))
    ),
    *(
        asking("P-35", _word(version, word), {"max_version": number, **rest}, readonly=True)
        for version, number in _VERSIONED.items()
        for word, rest in _IN_PLACE.items()
    ),
    *(
        asking("P-52", layout, {"max_version": (1, 0), "copy": True}, layout=layout)
        for layout in ("matrix", *_LAYOUTS)
    ),
    *(
        asking("P-53", _word(version, word), {**_version(version), **rest})
        for version in _LEGACY
        for word, rest in _COPY.items()
    ),
]
