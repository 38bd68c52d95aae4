"""What JAX offers and accepts, and its own routes with what its reference text promises."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from dlpack_conformance.libraries import Entry, Library, Promise, Route
from dlpack_conformance.libraries._shared import keywords

__all__ = ["CALLS", "accepts", "offers", "routes"]

_BY_COPY = {"copy-false": "shares", "copy-none": "shares-if-possible", "copy-true": "copies"}
_REQUESTS = ("plain", "copy-false", "copy-none", "copy-true")
_WRITTEN = {"numpy.asarray": "jnp.asarray", "numpy.array": "jnp.array"}
_HOST = 'jax.devices("cpu")[0]'

CALLS: Mapping[str, str] = {
    "from_dlpack": "jnp.from_dlpack({})",
    "capsule": "jax.dlpack.from_dlpack({})",
    "buffer": "jnp.asarray({})",
    "memoryview": "jnp.asarray({})",
    "array-interface": "jnp.asarray({})",
    "array-method": "jnp.asarray({})",
    "device": _HOST,
}


def offers(jax: Any) -> Mapping[str, str | None]:
    """What an array shows to other libraries; the buffer is of arrays on the host."""
    kind = type(jax.numpy.zeros(1))
    shown = ("__dlpack__", "__array__", "__cuda_array_interface__")
    release = f"jax {jax.__version__}"
    return {
        "buffer": None,
        **{
            name: None
            if hasattr(kind, name)
            else f"{release}: type {kind.__name__} has no attribute {name}"
            for name in shown
        },
    }


@cache
def accepts(jax: Any) -> Mapping[str, Entry]:
    """JAX's functions that take foreign arrays by a protocol."""
    jnp = jax.numpy
    lacks = _lacks(jax, jnp.asarray, "asarray", ("copy",))
    asarray = partial(_ready, jnp.asarray)
    buffer = Promise("shares-if-possible", "JX:asarray", "copy", by_request=_BY_COPY)
    unsaid = Promise("none", "JX:asarray", "a", by_request={})
    return {
        "from_dlpack": Entry(
            partial(_from_dlpack, jax),
            _lacks(jax, jnp.from_dlpack, "from_dlpack", ("copy", "device")),
            promise=Promise("shares-if-possible", "JX:from_dlpack", "copy", by_request=_asked()),
        ),
        "capsule": Entry(
            partial(_ready, jax.dlpack.from_dlpack),
            _no_capsule(jax),
            promise=Promise("shares", "JX:dlpack.from_dlpack", "first paragraph"),
        ),
        "buffer": Entry(asarray, lacks, promise=buffer, may_copy=True),
        "memoryview": Entry(asarray, lacks, promise=buffer, may_copy=True),
        "array-interface": Entry(asarray, lacks, promise=unsaid, may_copy=True),
        "array-method": Entry(asarray, lacks, promise=unsaid, may_copy=True),
    }


def _asked() -> Mapping[str, str]:
    """Promise of each request with a ``copy``, whatever device it names beside."""
    devices = ("", "+device-none", "+device-own")
    return {copy + device: kind for copy, kind in _BY_COPY.items() for device in devices}


def _from_dlpack(jax: Any, x: Any, **given: Any) -> Any:
    """``jax.numpy.from_dlpack``, which names devices by objects of its own."""
    if given.get("device") == "cpu":
        given["device"] = jax.devices("cpu")[0]
    return jax.numpy.from_dlpack(x, **given).block_until_ready()


def _ready(call: Callable[..., Any], x: Any, **given: Any) -> Any:
    """Wait for what JAX does meanwhile: until then it holds what it was given."""
    return call(x, **given).block_until_ready()


def _lacks(
    jax: Any, function: Callable[..., Any], name: str, wanted: tuple[str, ...]
) -> dict[str, str]:
    """Keywords that this release's function does not have, each with its signature as proof."""
    signature = inspect.signature(function)
    return {
        keyword: f"jax {jax.__version__}: {name}{signature} takes no {keyword}"
        for keyword in wanted
        if keyword not in signature.parameters
    }


def _no_capsule(jax: Any) -> dict[str, str]:
    """Proof that this release takes no bare capsule, as older ones did."""
    try:
        jax.dlpack.from_dlpack(jax.numpy.zeros(1).__dlpack__())
    except (TypeError, AttributeError) as error:
        text = str(error).splitlines()[0]
        return {"": f"jax {jax.__version__}: dlpack.from_dlpack of a capsule: {text}"}
    return {}


def routes(load: Callable[[], Any]) -> list[Route]:
    """Routes that JAX owns; JAX is imported when one is bound."""

    def own(
        function: str, requests: tuple[str, ...], promise: Promise, needs: tuple[str, ...] = ()
    ) -> Route:
        return Route(
            f"jax.{function}",
            requests,
            promise,
            partial(_bind, load, function, needs),
            partial(_script, function),
            consumers=("jax",),
            dlpack=function.startswith("dlpack."),
            devices=function.startswith("dlpack."),
            may_copy=True,
        )

    # What shows none of these is no array to JAX.
    arrays = ("__array__", "buffer", "__array_interface__")
    return [
        own(
            "numpy.asarray",
            _REQUESTS,
            Promise("shares-if-possible", "JX:asarray", "copy", by_request=_BY_COPY),
            arrays,
        ),
        own("numpy.array", ("plain",), Promise("copies", "JX:array", "copy"), arrays),
        own(
            "dlpack.from_dlpack",
            ("plain",),
            Promise("shares", "JX:dlpack.from_dlpack", "first paragraph"),
            ("__dlpack__",),
        ),
    ]


def _bind(
    load: Callable[[], Any],
    function: str,
    needs: tuple[str, ...],
    producer: Library,
    _: Library,
    request: str,
) -> Callable[[Any], Any]:
    if not any(producer.offers().get(need, "lacks") is None for need in needs):
        raise NotImplementedError(f"{producer.name} shows none of {', '.join(needs)}")
    jax = load()
    room, name = function.split(".")
    call: Callable[[Any], Any] = getattr(getattr(jax, room), name)
    given = keywords(request)
    lacks = _lacks(jax, call, name, tuple(given))
    if lacks:
        raise LookupError(next(iter(lacks.values())))
    return partial(_ready, call, **given)


def _script(function: str, producer: Library, _: Library, request: str) -> str:
    given = "".join(f", {key}={value}" for key, value in keywords(request).items())
    return f"b = {_WRITTEN.get(function, 'jax.' + function)}(a{given})"
