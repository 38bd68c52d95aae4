"""Binds a protocol route: what the producer shows meets the consumer's entry point."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import Entry, Library, Promise, Route
from dlpack_conformance.libraries._shared import keywords

__all__ = [
    "BUFFER_REQUESTS",
    "COPY_KINDS",
    "REFERENCE",
    "call_of",
    "entry_of",
    "only_route",
    "shown",
    "written",
]

BUFFER_REQUESTS = ("plain", "copy-false", "copy-true")
COPY_KINDS = {"copy-false": "shares", "copy-true": "copies"}
REFERENCE = "from dlpack_conformance import _instrument as ref"


def shown(library: Library, *needs: str) -> None:
    """Check that arrays of ``library`` show what is needed to other libraries.

    Raises
    ------
    NotImplementedError
        No release shows it.
    LookupError
        This release does not, with the proof.
    """
    offers = library.offers()
    for need in needs:
        if need not in offers:
            raise NotImplementedError(f"arrays of {library.name} have no {need}")
        proof = offers[need]
        if proof is not None:
            raise LookupError(proof)


def entry_of(
    producer: Library, need: str, consumer: Library, name: str, request: str
) -> tuple[Entry, dict[str, Any]]:
    """Return the consumer's entry point and the keywords of the request.

    Whether there is such a way at all comes first, so that no release is said to lack what no
    release has.

    Raises
    ------
    NotImplementedError
        No release of the producer shows ``need``, or none of the consumer takes arrays this way.
    LookupError
        A release lacks what is needed, the function or a keyword, with the proof.
    """
    entry = consumer.accepts().get(name)
    if entry is None:
        raise NotImplementedError(f"{consumer.name} takes no array by {name}")
    shown(producer, need)
    given = keywords(request)
    for key in ("", *given):
        if key in entry.lacks:
            raise LookupError(entry.lacks[key])
    return entry, given


def call_of(
    producer: Library,
    need: str,
    consumer: Library,
    name: str,
    request: str,
    wrapper: Callable[[Any], Any] | None = None,
) -> Callable[[Any], Any]:
    """Return the consumer's entry point, given ``wrapper(x)`` and the keywords of the request.

    Where the entry wants the source's dtype, it is passed by name. Raises as `entry_of` does.
    """
    entry, given = entry_of(producer, need, consumer, name, request)
    call = partial(entry.call, **given) if given else entry.call
    if wrapper is None:
        return call
    if entry.wants_dtype:
        describe = producer.describe
        return lambda x: call(wrapper(x), dtype=describe(x).dtype)
    return lambda x: call(wrapper(x))


def written(consumer: Library, name: str, argument: str, request: str) -> str:
    """Return the consumer's call as a user writes it, giving ``b``; nothing is imported for it."""
    calls, asked = consumer.script_calls(), keywords(request)
    texts = {key: repr(value) for key, value in asked.items()}
    if asked.get("device") is not None:
        texts["device"] = calls.get("device", texts["device"])
    given = (f"{key}={text}" for key, text in texts.items())
    return f"b = {calls[name].format(', '.join((argument, *given)))}"


def only_route(
    name: str,
    attribute: str,
    wrapper: str,
    text: str,
    promise: Promise,
    rules: tuple[str, ...] = (),
) -> Route:
    """Return the route by one attribute: the consumer gets an object that shows nothing else.

    ``wrapper``: the instrument's type that does so; ``text``: the attribute's value in a class
    body, for scripts.
    """

    def bind(producer: Library, consumer: Library, request: str) -> Callable[[Any], Any]:
        only = getattr(modules().instrument, wrapper)

        def wrap(x: Any) -> Any:
            getattr(x, attribute)  # a refusal here; a consumer may take one for "no such attribute"
            return only(x)

        return call_of(producer, attribute, consumer, name, request, wrap)

    def script(producer: Library, consumer: Library, request: str) -> str:
        body = f'Only = type("Only", (), {{"{attribute}": {text}}})'
        return f"{body}\n{written(consumer, name, 'Only()', request)}"

    return Route(name, BUFFER_REQUESTS, promise, bind, script, rules, dlpack=False)
