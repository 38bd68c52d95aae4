"""Consumers and the call itself: what they take, which keywords they pass, what they raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    COPY_FALSE,
    COPY_TRUE,
    LEGACY,
    Giver,
    close,
    probe,
    taking,
    twin,
)

__all__ = ["PROBES"]

_NONE = {"device": {"device": None}, "copy": {"copy": None}}
_BOTH_NONE = {"device": None, "copy": None}
_CPU = {"device": "cpu"}

_OLDER: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "stream": ("stream",),
    "max_version": ("max_version",),
    "stream-max_version": ("stream", "max_version"),
    "stream-max_version-dl_device": ("stream", "max_version", "dl_device"),
    "stream-dl_device": ("stream", "dl_device"),
}
"""Keywords that older producers take; each answers any other with TypeError."""


# Objects with the two methods, of classes that consumers may not expect.


def _classes() -> dict[str, Callable[[Giver], Any]]:
    """Variant -> makes an object that passes both methods on to a giver."""

    def methods(base: type = object, **members: Any) -> Callable[[Giver], Any]:
        def make(giver: Giver) -> Any:
            body = {
                "__dlpack__": lambda self, **keywords: giver.__dlpack__(**keywords),
                "__dlpack_device__": lambda self: giver.__dlpack_device__(),
            }
            return type("Foreign", (base,), {**body, **members})()

        return make

    def inherited(giver: Giver) -> Any:
        return type("Heir", (type(methods()(giver)),), {})()

    def refuse(self: Any, *_: Any) -> Any:
        raise ValueError("the truth value of this array is ambiguous")

    return {
        "two-methods": lambda giver: giver,
        "plain-class": methods(),
        "slots-class": methods(__slots__=()),
        "inherited-methods": inherited,
        "unhashable": methods(__hash__=None, __eq__=refuse),
        "false-object": methods(__bool__=lambda self: False, __len__=lambda self: 0),
        "no-truth-value": methods(__bool__=refuse, __len__=refuse),
        "callable-object": methods(__call__=refuse),
        "list-subclass": methods(list),
        "odd-attributes": methods(shape=(99,), dtype="none", strides=None, device=7, data=b""),
    }


def _takes_class(make: Callable[[Giver], Any]) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        if not _own_twin(observer):
            return
        giver = Giver(observer.crafted("float32", "vector"))
        result = observer.consume(make(giver))
        observer.calls(giver.array)
        if result is not None:
            observer.look(result)

    return run


def _own_twin(observer: Observer) -> bool:
    """Tell whether the library takes an array of its own, or else one of the reference."""
    try:
        own = observer.source("float32", "vector", "owned")
        observer.library.accepts()["from_dlpack"].call(own)
    except Exception:  # noqa: BLE001 - it makes no such array, or does not export it
        return twin(observer)
    observer.facts["accepts.twin"] = True
    return True


# What the call takes.


def _none_as_absent(keywords: dict[str, Any]) -> Callable[[Observer], None]:
    """None of a keyword gives what leaving it out gives."""

    def run(observer: Observer) -> None:
        if not twin(observer):
            return
        giver = Giver(observer.crafted("float32", "vector"))
        plain = observer.consume(giver)
        result = observer.consume(giver, **keywords)
        observer.calls(giver.array)
        if result is None:
            observer.facts["accepts.lacks"] = list(keywords)
            return
        observer.look(result)
        if plain is not None:
            as_absent = _seen_from_outside(observer, plain) == _seen_from_outside(observer, result)
            observer.facts["accepts.none_is_absent"] = as_absent

    return run


def _seen_from_outside(observer: Observer, result: Any) -> tuple[Any, ...]:
    """A result as its user sees it: where a copy lies is left out."""
    found = observer.library.describe(result)
    in_place = found.address == observer.memory.first
    return (found.shape, found.strides, found.dtype, found.device, found.writable, in_place)


# What it does when the producer raises.


class _PrivateError(Exception):
    """An exception class that no library knows."""


def _raising(error: Callable[[], BaseException], method: str) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        def fail(*_: Any) -> Any:
            raise error()

        array = observer.crafted("float32", "vector")
        giver = Giver(array, **{method: fail})
        caught: list[BaseException] = []
        take = observer.library.accepts()["from_dlpack"].call

        def tell() -> Any:
            try:
                return take(giver)
            except BaseException as reached:
                caught.append(reached)
                raise

        observer.call(tell)
        told = giver.raised
        observer.facts["calls.raised"] = told is not None
        if told is None:
            observer.facts["route.absent"] = "the consumer does not call this method"
        elif caught:
            same = type(caught[0]) is type(told) and str(caught[0]) == str(told)
            observer.facts["route.same_error"] = same
        caught.clear()

    return run


_ERRORS: dict[str, Callable[[], BaseException]] = {
    "BufferError": lambda: BufferError("not in one buffer"),
    "ValueError": lambda: ValueError("not now"),
    "MemoryError": lambda: MemoryError("no memory left"),
    "RuntimeError": lambda: RuntimeError("went wrong"),
    "NotImplementedError": lambda: NotImplementedError("not here"),
    "KeyError": lambda: KeyError("no such key"),
    "OSError": lambda: OSError(5, "input or output"),
    "StopIteration": lambda: StopIteration("over"),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("stop"),
    "private-class": lambda: _PrivateError("mine"),
}


def _type_error(keywords: dict[str, Any]) -> Callable[[Observer], None]:
    """A modern producer raises TypeError itself: how often it is asked, and what surfaces."""

    def run(observer: Observer) -> None:
        array = observer.crafted("float32", "vector", raises=TypeError("from inside"))
        observer.consume(Giver(array), **keywords)
        observer.calls(array)

    return run


# Producers of older generations.


def _older(names: tuple[str, ...], ask: dict[str, Any]) -> Callable[[Observer], None]:
    return taking("float32", "vector", ask=ask, with_twin=True, proves=True, keywords=names)


def _old_signature(sign: Callable[[Giver], Any]) -> Callable[[Observer], None]:
    """A producer written in Python, whose signature itself raises the TypeError."""

    def run(observer: Observer) -> None:
        if not twin(observer):
            return
        giver = Giver(observer.crafted("float32", "vector"))
        ledger = giver.array.ledger
        result = observer.consume(sign(giver))
        observer.calls(giver.array)
        if result is not None:
            observer.look(result)
        observer.step("release")
        result = None
        del giver
        close(observer, ledger)

    return run


def _signatures() -> dict[str, Callable[[Giver], Any]]:
    def make(dlpack: Callable[..., Any], giver: Giver) -> Any:
        body = {"__dlpack__": dlpack, "__dlpack_device__": lambda self: giver.__dlpack_device__()}
        return type("Old", (), body)()

    def nothing(giver: Giver) -> Any:
        return make(lambda self: giver.__dlpack__(), giver)

    def stream_only(giver: Giver) -> Any:
        return make(lambda self, stream=None: giver.__dlpack__(stream=stream), giver)

    def versioned(giver: Giver) -> Any:
        def dlpack(self: Any, *, stream: Any = None, max_version: Any = None) -> Any:
            return giver.__dlpack__(stream=stream, max_version=max_version)

        return make(dlpack, giver)

    return {"python-nothing": nothing, "python-stream": stream_only, "python-versioned": versioned}


# Objects without the methods, and bare capsules.


def _refuses(thing: Callable[[], Any]) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        observer.consume(thing())

    return run


_WITHOUT: dict[str, Callable[[], Any]] = {
    "plain-object": object,
    "none": lambda: None,
    "int": lambda: 7,
    "str": lambda: "text",
    "list": lambda: [1.0, 2.0],
    "bytes": lambda: b"1234",
    "other-dunder": lambda: type("Other", (), {"__dlpack_info__": lambda self: None})(),
}


def _bare(options: dict[str, Any]) -> Callable[[Observer], None]:
    def run(observer: Observer) -> None:
        if not twin(observer):
            return
        array = observer.crafted("float32", "vector", **options)
        result = observer.consume(array.__dlpack__(max_version=(1, 3)))
        if result is not None:
            observer.look(result)

    return run


# Which keywords they pass.

_ASKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "device-none": _NONE["device"],
    "device-cpu": _CPU,
    "copy-none": _NONE["copy"],
    "copy-true": dict(COPY_TRUE),
    "copy-false": dict(COPY_FALSE),
    "copy-true-device-cpu": {**COPY_TRUE, **_CPU},
    "copy-false-device-cpu": {**COPY_FALSE, **_CPU},
}
_STATED = {"cuda": (2, 0), "cuda-3": (2, 3), "rocm": (10, 0), "metal": (8, 0), "unknown": (99, 0)}


PROBES: list[Probe] = [
    *(
        probe(
            "C-01", variant, "an object with the two methods, of another class", _takes_class(made)
        )
        for variant, made in _classes().items()
    ),
    probe("C-02", "positional", "the source by position, no keyword", taking(with_twin=True)),
    probe("C-02", "device-none", "device=None by name", _none_as_absent(_NONE["device"])),
    probe("C-02", "copy-none", "copy=None by name", _none_as_absent(_NONE["copy"])),
    probe("C-02", "device-copy-none", "both as None by name", _none_as_absent(_BOTH_NONE)),
    probe(
        "C-02",
        "copy-device-none",
        "both as None, the other way round",
        _none_as_absent({"copy": None, "device": None}),
    ),
    *(
        probe(rule, variant, f"the call log of {variant}", taking(ask=ask), keywords=tuple(ask))
        for rule in ("C-03", "C-53")
        for variant, ask in _ASKS.items()
    ),
    *(
        probe(
            "C-53",
            f"stated-{name}",
            "the call log where the source is stated to lie on another device",
            taking(device=device),
        )
        for name, device in _STATED.items()
    ),
    *(
        probe(
            "C-04",
            f"{name}{suffix}",
            "a producer that takes fewer keywords",
            _older(names, ask),
            keywords=tuple(ask),
        )
        for name, names in _OLDER.items()
        for suffix, ask in (("", {}), ("-copy-none", _NONE["copy"]))
    ),
    *(
        probe("C-04", name, "a producer whose signature is an older one", _old_signature(sign))
        for name, sign in _signatures().items()
    ),
    probe("C-05", "plain", "a modern producer raises TypeError itself", _type_error({})),
    probe(
        "C-05",
        "copy-true",
        "a modern producer raises TypeError itself, asked for a copy",
        _type_error(dict(COPY_TRUE)),
        keywords=("copy",),
    ),
    *(
        probe(
            "C-06",
            f"{kind}-{name}",
            "copy is asked of a producer that does not take the keyword",
            _older(names, dict(ask)),
            keywords=("copy",),
        )
        for name, names in _OLDER.items()
        for kind, ask in (("copy-true", COPY_TRUE), ("copy-false", COPY_FALSE))
    ),
    *(
        probe("C-38", f"{name}{suffix}", "a method of the producer raises", _raising(error, method))
        for name, error in _ERRORS.items()
        for suffix, method in (("", "answer"), ("-of-device", "device"))
    ),
    *(
        probe("C-39", name, "an object without the two methods", _refuses(thing))
        for name, thing in _WITHOUT.items()
    ),
    probe("C-46", "versioned", "a bare versioned capsule", _bare({})),
    probe("C-46", "legacy", "a bare legacy capsule", _bare(dict(LEGACY))),
    *(
        probe("C-57", name, "the class of what comes out", _takes_class(_classes()[name]))
        for name in ("two-methods", "plain-class", "list-subclass")
    ),
    probe("C-57", "empty", "the class of an empty result", taking(layout="empty-0")),
    probe("C-57", "scalar", "the class of a scalar result", taking(layout="scalar")),
    probe("C-57", "readonly", "the class of a read-only result", taking(readonly=True)),
]
