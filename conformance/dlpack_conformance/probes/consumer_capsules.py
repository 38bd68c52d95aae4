"""Consumers and capsules that they may refuse, or have to: freed once, never twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Need, Observer, Probe
from dlpack_conformance.probes._consumers import (
    COPY_FALSE,
    KINDS,
    LEGACY,
    VERSIONS,
    Giver,
    close,
    probe,
    repeated,
    taking,
)

__all__ = ["PROBES"]


def _gives(array: Any, capsule: Any) -> Giver:
    """A producer that answers every call with this capsule."""
    return Giver(array, lambda *_: capsule)


def _consumed(**options: Any) -> Callable[[Observer], None]:
    """The producer gives a capsule that another consumer has taken."""

    def run(observer: Observer) -> None:
        instrument = observer.instrument
        array = observer.crafted("float32", "vector", **options)
        ledger = array.ledger
        capsule = array.__dlpack__(max_version=(1, 3))
        holder = instrument.from_capsule(capsule)
        observer.consume(_gives(array, capsule))
        observer.step("release")
        del capsule, holder, array
        close(observer, ledger)

    return run


def _same_twice(**options: Any) -> Callable[[Observer], None]:
    """The producer gives one capsule in two calls; the first import is right and alive."""

    def run(observer: Observer) -> None:
        array = observer.crafted("float32", "vector", **options)
        ledger = array.ledger
        capsule = array.__dlpack__(max_version=(1, 3))
        giver = _gives(array, capsule)
        held = [observer.consume(giver)]
        if observer.instrument.capsule_name(capsule).startswith("used_"):
            held.append(observer.consume(giver))
        else:  # it took a copy, or nothing
            observer.facts["route.absent"] = "the first import did not consume the capsule"
        observer.step("release")
        held.clear()
        del capsule, giver, array
        close(observer, ledger)

    return run


def _named(name: str | None, **options: Any) -> Callable[[Observer], None]:
    """A right struct in a capsule of another name."""

    def run(observer: Observer) -> None:
        instrument = observer.instrument
        array = observer.crafted("float32", "vector", **options)
        ledger = array.ledger
        capsule = array.__dlpack__(max_version=(1, 3))
        own = instrument.capsule_name(capsule)
        instrument.rename_capsule(capsule, name)
        held = [observer.consume(_gives(array, capsule))]
        observer.step("release")
        untouched = instrument.capsule_name(capsule) == name
        held.clear()
        if untouched and ledger.deleter_calls == 0:
            instrument.rename_capsule(capsule, own)
        del capsule, array
        close(observer, ledger)

    return run


_NAMES: dict[str, str | None] = {
    "name-newer": "dltensor_versioned_2",
    "name-prefix": "dltensor_ver",
    "name-case": "DLTensor",
    "name-other": "arrow_array",
    "name-empty": "",
    "name-null": None,
}


def _bare_twice(observer: Observer) -> None:
    """One bare capsule is given twice."""
    take = observer.library.accepts()["capsule"].call
    array = observer.crafted("float32", "vector")
    ledger = array.ledger
    capsule = array.__dlpack__(max_version=(1, 3))
    held = [observer.call(take, capsule)]
    if observer.instrument.capsule_name(capsule).startswith("used_"):
        held.append(observer.call(take, capsule))
    else:  # it took a copy, or nothing
        observer.facts["route.absent"] = "the first import did not consume the capsule"
    observer.step("release")
    held.clear()
    del capsule, array
    close(observer, ledger)


def _bare_probe(variant: str, text: str, run: Callable[[Observer], None]) -> Probe:
    need: Need = "capsule"
    return Probe("C-14", variant, run, text, needs=need)


_REFUSED: dict[str, dict[str, Any]] = {
    "code-200": {"states": {"dtype": (200, 32, 1)}},
    "bits-24": {"states": {"dtype": (2, 24, 1)}},
    "lanes-3": {"states": {"dtype": (2, 32, 3)}},
    "device-99": {"device": (99, 0)},
    "device-metal": {"device": (8, 0)},
    "rank-65": {"states": {"shape": (1,) * 65, "strides": (1,) * 65}},
    "rank-200": {"states": {"shape": (1,) * 200, "strides": (1,) * 200}},
    "opaque": {"states": {"dtype": (3, 64, 1), "shape": (3,), "strides": (1,)}},
    "packed-fp4": {"states": {"dtype": (17, 4, 1)}},
}


_SHAPES = ("vector", "matrix", "columns", "scalar")


PROBES: list[Probe] = [
    *(
        probe(
            "C-12",
            f"repeated-{kind}",
            "many imports that may be refused",
            repeated(200, "float32", states={"dtype": (200, 32, 1)}, **options),
        )
        for kind, options in KINDS.items()
    ),
    *(
        probe("C-12", f"{name}-{kind}", "a tensor that may be refused", taking(**how, **options))
        for kind, options in KINDS.items()
        for name, how in _REFUSED.items()
    ),
    probe(
        "C-12",
        "major-2-versioned",
        "a tensor of another major version",
        taking(version=(2, 0), legacy="never"),
    ),
    probe(
        "C-12",
        "null-strides-1.3",
        "a tensor whose strides are NULL",
        taking(layout="matrix", null_strides=True, break_rules=True),
    ),
    probe(
        "C-12",
        "device-copy-false",
        "a device that the consumer may not know, and no copy allowed",
        taking(device=(99, 0), ask=COPY_FALSE),
        keywords=("copy",),
    ),
    *(
        probe(
            "C-13",
            f"{version}-{layout}",
            "a tensor whose deleter is NULL",
            taking(layout=layout, deleter="null", with_twin=True, counts=False, **options),
        )
        for version, options in VERSIONS.items()
        for layout in _SHAPES
    ),
    probe("C-14", "consumed-versioned", "another consumer has taken the capsule", _consumed()),
    probe("C-14", "consumed-legacy", "another consumer has taken the capsule", _consumed(**LEGACY)),
    probe("C-14", "given-twice-versioned", "one capsule in two calls", _same_twice()),
    probe("C-14", "given-twice-legacy", "one capsule in two calls", _same_twice(**LEGACY)),
    *(
        probe("C-14", f"{variant}-{kind}", "a capsule of another name", _named(name, **options))
        for kind, options in KINDS.items()
        for variant, name in _NAMES.items()
    ),
    _bare_probe("bare-given-twice", "one bare capsule given twice", _bare_twice),
]
