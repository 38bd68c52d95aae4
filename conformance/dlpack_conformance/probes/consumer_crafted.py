"""Consumers and what the header leaves open or forbids: crafted field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    LEGACY,
    VERSIONS,
    Giver,
    close,
    probe,
    raw_offer,
    taking,
)

__all__ = ["PROBES"]

_EXTENTS = 1 << 63
"""An extent is a signed number of 64 bits."""
_BEFORE_1_2 = ("legacy", "1.0", "1.1")
_KINDS: dict[str, dict[str, Any]] = {"versioned": {}, "legacy": dict(LEGACY)}


def _handed(
    device: Callable[[Any], Any] | None = None,
    answer: Callable[[Any, dict[str, Any]], Any] | None = None,
    *,
    layout: str = "vector",
    **options: Any,
) -> Callable[[Observer], None]:
    """The library gets it; what comes out is described, its elements are left alone."""

    def run(observer: Observer) -> None:
        giver = Giver(observer.crafted("float32", layout, **options), answer, device)
        ledger = giver.array.ledger
        held = [observer.consume(giver)]
        if held[0] is not None:
            observer.step("read")
            _describe(observer, held[0])
        observer.calls(giver.array)
        observer.step("release")
        held.clear()
        del giver
        close(observer, ledger)

    return run


def _describe(observer: Observer, result: Any) -> None:
    try:
        found = observer.library.describe(result)
        if not all(-_EXTENTS <= extent < _EXTENTS for extent in found.shape):
            raise OverflowError  # a malformed extent, read without its sign
    except BaseException as error:  # noqa: BLE001 - however its own API fails
        observer.facts["result.error"] = type(error).__name__
        return
    observer.facts["result.shape"] = found.shape
    observer.facts["result.dtype"] = found.dtype
    observer.facts["result.device"] = found.device
    observer.facts["result.writable"] = found.writable


def _tensors(*, malformed: bool) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, text and options of the crafted tensors: versioned ones, then legacy ones."""
    found = []
    for row in modules().core.crafted_tensors():
        if row["malformed"] != malformed:
            continue
        options = {"layout": row["layout"], **row["options"]}
        found.append((row["name"], row["text"], options))
        if not row["versioned_only"]:
            found.append((f"{row['name']}-legacy", row["text"], {**options, **LEGACY}))
    return found


def _nothing(*_: Any) -> Any:
    return None


def _empty_tuple(*_: Any) -> Any:
    return ()


_ANSWERS: dict[str, Callable[..., Any]] = {
    "answer-none": _nothing,
    "answer-int": lambda *_: 7,
    "answer-bytes": lambda *_: b"dltensor",
    "answer-object": lambda *_: object(),
    "answer-tuple": lambda array, keywords: (array.__dlpack__(**keywords),),
    "answer-self": lambda array, _: array,
}
_DEVICE_ANSWERS: dict[str, Callable[[Any], Any]] = {
    "device-none": _nothing,
    "device-empty": _empty_tuple,
    "device-one": lambda _: (1,),
    "device-three": lambda _: (1, 0, 0),
    "device-text": lambda _: "cpu",
    "device-floats": lambda _: (1.0, 0.0),
    "device-list": lambda _: [1, 0],
    "device-wide": lambda _: (1 << 40, 0),
    "device-raises": lambda _: (_ for _ in ()).throw(BufferError("no single device")),
}
_LIES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "method-cuda-struct-cpu": ((2, 0), (1, 0)),
    "method-cpu-struct-cuda": ((1, 0), (2, 0)),
    "method-cpu-struct-99": ((1, 0), (99, 0)),
    "method-99-struct-cpu": ((99, 0), (1, 0)),
    "method-cuda-host-struct-cpu": ((3, 0), (1, 0)),
    "method-cpu-struct-cuda-host": ((1, 0), (3, 0)),
    "method-cpu-1-struct-cpu-0": ((1, 1), (1, 0)),
    "method-cpu-0-struct-cpu-1": ((1, 0), (1, 1)),
}


def _says(device: tuple[int, int]) -> Callable[[Any], Any]:
    return lambda _: device


def _one_method(missing: str) -> Callable[[Observer], None]:
    """An object that has only one of the two methods."""

    def run(observer: Observer) -> None:
        giver = Giver(observer.crafted("float32", "vector"))
        body = {
            "__dlpack__": lambda self, **keywords: giver.__dlpack__(**keywords),
            "__dlpack_device__": lambda self: giver.__dlpack_device__(),
        }
        del body[missing]
        held = [observer.consume(type("Half", (), body)())]
        held.clear()

    return run


PROBES: list[Probe] = [
    *(
        probe("T-31", name, text, _handed(**options), malformed=malformed)
        for malformed in (True, False)
        for name, text, options in _tensors(malformed=malformed)
    ),
    *(
        probe("T-31", name, "no capsule", _handed(answer=answer), malformed=True)
        for name, answer in _ANSWERS.items()
    ),
    *(
        probe("T-31", name, "__dlpack_device__ gives no pair", _handed(device), malformed=True)
        for name, device in _DEVICE_ANSWERS.items()
    ),
    *(
        probe("T-31", f"without{name}", "one of the methods", _one_method(name), malformed=True)
        for name in ("__dlpack__", "__dlpack_device__")
    ),
    *(
        probe(
            "C-52",
            name,
            "struct and __dlpack_device__ differ",
            _handed(_says(says), states={"device": struct}),
            malformed=True,
        )
        for name, (says, struct) in _LIES.items()
    ),
    *(
        probe(
            "T-06",
            f"{layout}-{version}",
            "NULL strides",
            taking(layout=layout, null_strides=True, with_twin=True, **VERSIONS[version]),
        )
        for version in _BEFORE_1_2
        for layout in ("vector", "matrix", "cube")
    ),
    *(
        probe(
            "T-07",
            f"{'null' if null else 'address'}-{version}",
            "a scalar whose shape and strides are NULL, or are not",
            taking(
                layout="scalar",
                null_shape=null,
                null_strides=null,
                with_twin=True,
                **VERSIONS[version],
            ),
        )
        for null in (False, True)
        for version in VERSIONS
    ),
    *(
        probe(
            "T-26",
            f"{name}-{kind}",
            "opaque handles",
            raw_offer(bytes(64), dtype, (8,), None, **options),
        )
        for kind, options in _KINDS.items()
        for name, dtype in (("bits-64", (3, 64, 1)), ("bits-32", (3, 32, 1)))
    ),
    *(
        probe(
            "T-29",
            f"{layout}-{kind}",
            "a context that is NULL",
            taking(layout=layout, states={"context": None}, with_twin=True, **options),
        )
        for kind, options in _KINDS.items()
        for layout in ("vector", "matrix", "scalar")
    ),
    *(
        probe(
            "T-30",
            f"{layout}-{kind}",
            "a deleter that is NULL",
            taking(layout=layout, deleter="null", with_twin=True, counts=False, **options),
        )
        for kind, options in _KINDS.items()
        for layout in ("vector", "matrix", "scalar")
    ),
]
