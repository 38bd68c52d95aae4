"""Producers: the two methods and their keywords; P-01 to P-05, P-23 to P-26, P-41 and P-50."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._producing import (
    AS_GIVEN,
    OWN,
    VERSIONS,
    any_source,
    asking,
    in_place,
    methods_of,
)

__all__ = ["PROBES"]

_KEYWORDS = ("stream", "max_version", "dl_device", "copy")
_UNMET = {
    "unknown-99": (99, 0),
    "cuda": (2, 0),
    "cuda-managed": (13, 0),
    "opencl": (4, 0),
    "vulkan": (7, 0),
    "metal": (8, 0),
    "rocm": (10, 0),
    "cpu-id-1": (1, 1),
}
_NO_PAIR: dict[str, Any] = {
    "text": "cpu",
    "one": (1,),
    "three": (1, 0, 0),
    "list": [1, 0],
    "number": 1,
    "texts": ("cpu", 0),
    "halves": (1.5, 0.5),
    "huge": (2**40, 0),
}
_WRONG: dict[str, dict[str, Any]] = {
    "unknown-keyword": {"no_such_keyword": None},
    "unknown-keyword+1.0": {"max_version": (1, 0), "no_such_keyword": None},
    "max-version-text": {"max_version": "1.0"},
    "max-version-number": {"max_version": 1},
    "max-version-one": {"max_version": (1,)},
    "copy-text": {"max_version": (1, 0), "copy": "yes"},
    "device-text": {"max_version": (1, 0), "dl_device": "cpu"},
    "device-one": {"max_version": (1, 0), "dl_device": (1,)},
    "stream-text": {"stream": "default"},
}


def _methods(observer: Observer) -> None:
    methods_of(observer, type(any_source(observer)))


def _seen(observer: Observer, x: Any, keywords: dict[str, Any]) -> Any:
    """What a call gave, as something to compare: the fields of the capsule, or the exception."""
    facts = observer.facts
    capsule = observer.call(x.__dlpack__, **keywords)
    if capsule is None:
        return facts["route.error"]
    read = observer.instrument.inspect(capsule)
    place = read.data + read.byte_offset if in_place(observer, capsule) else None
    return read.name, read.version, read.flags, read.device, read.dtype, read.shape, place


def _none(*names: str) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        x = any_source(observer)
        facts = observer.facts
        plain = _seen(observer, x, {})
        given = _seen(observer, x, dict.fromkeys(names))
        lacks = given == "TypeError" and plain != "TypeError"
        facts["accepts.lacks" if lacks else "accepts.keywords"] = list(names)
        if not lacks:
            facts["accepts.lacks"] = []
            facts["accepts.none_is_absent"] = given == plain

    return run


def _signature(observer: Observer) -> None:
    x = any_source(observer)
    try:
        parameters = inspect.signature(type(x).__dlpack__).parameters
    except (TypeError, ValueError):
        return  # none is told, and nothing can be said
    facts = observer.facts
    named = [name for name in _KEYWORDS if name in parameters]
    facts["accepts.keywords"] = named
    if not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        facts["accepts.lacks"] = [name for name in _KEYWORDS if name not in named]
    facts["accepts.not_none"] = [name for name in named if parameters[name].default is not None]


def _device(layout: str) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        x = any_source(observer, layout=layout)
        pair = observer.call(x.__dlpack_device__)
        facts = observer.facts
        try:
            numbers = tuple(int(number) for number in pair)
        except (TypeError, ValueError):
            numbers = ()
        facts["accepts.pair"] = isinstance(pair, tuple) and len(numbers) == 2
        facts["export.dlpack_device"] = numbers
        kinds = ", ".join(type(number).__name__ for number in pair or ())
        facts["answer.value"] = f"{type(pair).__name__}({kinds})"

    return run


def _no_buffer(dtype: str, layout: str, source: str) -> Probe:
    def run(observer: Observer) -> None:
        pair = observer.call(observer.source(dtype, layout, source).__dlpack_device__)
        if pair is not None:
            observer.facts["export.dlpack_device"] = tuple(int(number) for number in pair)

    text = f"__dlpack_device__ of a {source} array"
    return Probe("P-05", source, run, text, needs="export", makes=(dtype, layout, source))


def _positional(count: int) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        x = any_source(observer)
        observer.call(x.__dlpack__, *(None,) * count)
        observer.facts["accepts.positional"] = observer.facts.get("route.error") != "TypeError"

    return run


def _own_device(version: str, rest: dict[str, Any], word: str) -> Probe:
    keywords = {**_version(version), "dl_device": OWN, **rest}
    return asking("P-24", "+".join(filter(None, (version, word))), keywords)


def _version(word: str) -> dict[str, Any]:
    return {} if VERSIONS[word] is ... else {"max_version": VERSIONS[word]}


def _pair_as_given(version: str) -> Probe:
    return asking("P-24", f"{version}+as-given", {**_version(version), "dl_device": AS_GIVEN})


PROBES = [
    Probe("P-01", "type", _methods, "both methods, looked for on the type", needs="export"),
    *(
        Probe(
            "P-02",
            name.replace("_", "-"),
            _none(name),
            f"{name}=None, and no keyword",
            needs="export",
        )
        for name in _KEYWORDS
    ),
    Probe("P-02", "all-none", _none(*_KEYWORDS), "all four None, and no keyword", needs="export"),
    Probe("P-02", "signature", _signature, "names and defaults by signature", needs="export"),
    *(
        Probe(
            "P-03", layout, _device(layout), f"__dlpack_device__ of layout {layout}", needs="export"
        )
        for layout in ("matrix", "scalar", "empty-0")
    ),
    *(
        asking("P-04", f"{version}+{layout}", _version(version), layout=layout)
        for version in ("absent", "1.0")
        for layout in ("matrix", "scalar", "empty-0", "fortran")
    ),
    asking("P-04", "1.0+readonly", _version("1.0"), readonly=True),
    _no_buffer("float32", "matrix", "sparse"),
    _no_buffer("float32", "matrix", "meta"),
    *(asking("P-23", version, {**_version(version), "dl_device": None}) for version in VERSIONS),
    asking("P-23", "1.0+copy-true", {"max_version": (1, 0), "dl_device": None, "copy": True}),
    *(
        _own_device(version, rest, word)
        for version in VERSIONS
        for word, rest in (("", {}), ("copy-none", {"copy": None}), ("copy-false", {"copy": False}))
    ),
    *map(_pair_as_given, ("absent", "1.0", "2.0")),
    *(
        asking("P-25", f"{name}+{version}{word}", {**_version(version), "dl_device": pair, **rest})
        for name, pair in _UNMET.items()
        for version in ("absent", "1.0")
        for word, rest in (("", {}), ("+copy-true", {"copy": True}))
    ),
    *(
        asking("P-26", name, {"max_version": (1, 0), "dl_device": value}, malformed=True)
        for name, value in _NO_PAIR.items()
    ),
    *(asking("P-41", name, keywords) for name, keywords in _WRONG.items()),
    *(
        Probe("P-50", name, _positional(count), f"{count} given by position", needs="export")
        for name, count in (("one", 1), ("four", 4))
    ),
]
