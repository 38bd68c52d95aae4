"""What NumPy offers and accepts, and its own routes with what its reference text promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from dlpack_conformance.libraries import Entry, Library, Promise, Route
from dlpack_conformance.libraries._shared import keywords

__all__ = ["CALLS", "accepts", "offers", "routes"]

CALLS: Mapping[str, str] = {
    "from_dlpack": "np.from_dlpack({})",
    **dict.fromkeys(
        ("buffer", "memoryview", "array-interface", "array-struct", "array-method"),
        "np.asarray({})",
    ),
}

_COPY_REQUESTS = ("plain", "copy-false", "copy-none", "copy-true")
_BY_COPY = {"copy-false": "shares", "copy-none": "shares-if-possible", "copy-true": "copies"}
_ASARRAY = Promise("shares-if-possible", "NP:asarray", "Parameters, copy", by_request=_BY_COPY)
_OFFERED = (
    "__dlpack__",
    "__array_interface__",
    "__array_struct__",
    "__array__",
    "__dlpack_c_exchange_api__",
)
_NEW_IN_SOME_RELEASE = ("__dlpack__",)


@cache
def offers(np: Any) -> Mapping[str, str | None]:
    """What an ndarray shows to other libraries."""
    found: dict[str, str | None] = {"buffer": None}
    for name in _OFFERED:
        if hasattr(np.ndarray, name):
            found[name] = None
        elif name in _NEW_IN_SOME_RELEASE:
            found[name] = f"numpy {np.__version__}: type ndarray has no attribute {name}"
    return found


@cache
def accepts(np: Any) -> Mapping[str, Entry]:
    """NumPy's functions that take foreign arrays by a protocol."""
    lacks = _asarray_lacks(np)
    asarray = Entry(np.asarray, lacks, promise=_ASARRAY)
    by_copy = {"copy-true": "copies", "copy-false": "shares"}
    return {
        "from_dlpack": _from_dlpack(np),
        "buffer": _ruled(asarray, "R-35", "R-55"),
        "memoryview": _ruled(asarray, "R-35", "R-55"),
        "array-interface": Entry(
            np.asarray,
            lacks,
            rules=("R-27", "R-28", "R-56"),
            promise=Promise("shares-if-possible", "AI", "data", by_request=by_copy),
        ),
        "array-struct": Entry(
            np.asarray,
            lacks,
            rules=("R-28", "R-31"),
            promise=Promise("shares-if-possible", "AI", "__array_struct__", by_request=by_copy),
        ),
        "array-method": _ruled(asarray, "R-21", "R-23"),
    }


def _ruled(entry: Entry, *rules: str) -> Entry:
    return Entry(entry.call, entry.lacks, promise=entry.promise, rules=rules)


def _from_dlpack(np: Any) -> Entry:
    if not hasattr(np, "from_dlpack"):
        proof = f"numpy {np.__version__}: module numpy has no attribute from_dlpack"
        return Entry(_nothing, {"": proof}, rules=("R-51",))
    probes = {"copy": {"copy": None}, "device": {"device": None}}
    lacks = _refused(np, "from_dlpack", np.from_dlpack, np.zeros(1), probes)
    return Entry(np.from_dlpack, lacks, rules=("R-51",))


@cache
def _asarray_lacks(np: Any) -> Mapping[str, str]:
    return _refused(np, "asarray", np.asarray, np.zeros(1), {"copy": {"copy": None}})


def _refused(
    np: Any, function: str, call: Callable[..., Any], x: Any, probes: Mapping[str, dict[str, Any]]
) -> dict[str, str]:
    """Keywords that the function does not know, each with the TypeError that proves it."""
    proofs = {key: _type_error(call, x, given) for key, given in probes.items()}
    return {
        key: f"numpy {np.__version__}: {function}({key}=) raises TypeError: {proof}"
        for key, proof in proofs.items()
        if proof is not None
    }


def _type_error(call: Callable[..., Any], x: Any, given: dict[str, Any]) -> str | None:
    try:
        call(x, **given)
    except TypeError as error:
        return str(error)
    return None


def _nothing(*_: Any, **__: Any) -> Any:
    raise LookupError("this release has no such function")


def routes(load: Callable[[], Any]) -> list[Route]:
    """Routes that NumPy owns; NumPy is imported when one is bound."""

    def own(
        function: str,
        requests: tuple[str, ...],
        promise: Promise,
        rules: tuple[str, ...],
        needs: tuple[str, ...],
        rules_by_producer: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> Route:
        return Route(
            name=f"numpy.{function}",
            requests=requests,
            promise=promise,
            bind=partial(_bind, load, function, needs),
            script=partial(_script, function),
            rules=rules,
            consumers=("numpy",),
            dlpack=False,
            rules_by_producer=rules_by_producer,
        )

    # An object with less is no array to NumPy: it would be put into an array of objects as it is.
    arrays = ("__array__",)
    return [
        own("asarray", _COPY_REQUESTS, _ASARRAY, ("R-21", "R-23"), arrays, {"torch": ("R-20",)}),
        own(
            "array",
            _COPY_REQUESTS,
            Promise("copies", "NP:array", "Parameters, copy", by_request=_BY_COPY),
            ("R-21", "R-23"),
            arrays,
        ),
        own(
            "asanyarray",
            ("plain",),
            Promise("shares-if-possible", "NP:asanyarray", "Parameters, copy"),
            (),
            arrays,
        ),
        own("copy", ("plain",), Promise("copies", "NP:copy", "Returns"), (), arrays),
        own(
            "frombuffer",
            ("plain",),
            Promise("shares", "NP:frombuffer", "Notes", shape="flat"),
            ("R-39",),
            ("buffer",),
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
    np = load()
    given = keywords(request)
    if function == "frombuffer":
        return _frombuffer(np, producer)
    if "copy" in given:
        _check_copy(np, function, given["copy"])
    call = getattr(np, function)
    return partial(call, **given) if given else call


def _check_copy(np: Any, function: str, copy: bool | None) -> None:
    """`LookupError` where this release has no such value; ``copy=False`` meant more in NumPy 1."""
    lacks = _asarray_lacks(np)
    if "copy" not in lacks or (function == "array" and copy is True):
        return
    if function == "asarray":
        raise LookupError(lacks["copy"])
    raise LookupError(
        f"numpy {np.__version__}: array(copy={copy}) means 'copy only if needed' or nothing; "
        "its three values are of NumPy 2.0"
    )


def _frombuffer(np: Any, producer: Library) -> Callable[[Any], Any]:
    frombuffer, describe = np.frombuffer, producer.describe
    known: dict[str, Any] = {}

    def call(x: Any) -> Any:
        name = describe(x).dtype
        dtype = known.get(name)
        if dtype is None:
            dtype = known[name] = _dtype(np, name)
        return frombuffer(x, dtype)

    return call


def _dtype(np: Any, name: str) -> Any:
    """Return the dtype as a user names it; a name that NumPy lacks raises NumPy's own error."""
    from dlpack_conformance.libraries._numpy_dtypes import spec_of

    try:
        return spec_of(np, name)
    except KeyError:
        return np.dtype(name)


def _script(function: str, producer: Library, _: Library, request: str) -> str:
    given = "".join(f", {key}={value}" for key, value in keywords(request).items())
    if function == "frombuffer":
        return "b = np.frombuffer(a, dtype=a.dtype)"
    return f"b = np.{function}(a{given})"
