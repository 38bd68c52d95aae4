"""Routes: each way binds, runs with a source of its producer, and is written as it is called."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import library_sources
import pytest
from dlpack_conformance import modules
from dlpack_conformance.engine.discover import find_routes
from dlpack_conformance.libraries import Entry, Library, Route, promise_of, reference, rules_of
from dlpack_conformance.routes import (
    array_interface,
    buffer,
    capsule,
    exchange_api,
    from_dlpack,
)
from dlpack_conformance.routes import memoryview as view
from dlpack_conformance.routes._bind import entry_of, shown

LIBRARIES = library_sources.installed()
Way = tuple[Route, Library, Library, str, Callable[[Any], Any]]


def ways() -> list[Way]:
    """Return every route, pair and request that binds here."""
    return [
        (route, producer, consumer, request, call)
        for route, _ in find_routes(LIBRARIES)
        for producer in among(route.producers)
        for consumer in among(route.consumers)
        for request in route.requests
        if (call := bound(route, producer, consumer, request)) is not None
    ]


def among(names: tuple[str, ...] | None) -> list[Library]:
    """Return the libraries of a route that are here."""
    return [
        library for name, library in sorted(LIBRARIES.items()) if names is None or name in names
    ]


def bound(route: Route, producer: Library, consumer: Library, request: str) -> Any:
    """Return the call, or None where there is no such way."""
    try:
        return route.bind(producer, consumer, request)
    except (LookupError, NotImplementedError):
        return None


WAYS = ways()
IDS = [f"{p.name}-{c.name}-{route.name}-{request}" for route, p, c, request, _ in WAYS]


@pytest.fixture(params=WAYS, ids=IDS)
def way(request: pytest.FixtureRequest) -> Way:
    """Return one way."""
    return request.param


def outcome(consumer: Library, call: Callable[[Any], Any], a: Any) -> tuple[Any, ...]:
    """Return shape, dtype, values and sharing of the result, or the class of the exception."""
    address = consumer.describe(a).address if isinstance(a, consumer.types()) else None
    try:
        b = call(a)
    except Exception as error:  # noqa: BLE001 - a refusal is an outcome
        return (type(error).__name__,)
    found = consumer.describe(b)
    return (
        found.shape,
        found.dtype,
        consumer.read(b),
        address is not None and found.address == address,
    )


@pytest.mark.filterwarnings("ignore")
def test_script_does_what_the_bound_call_does(way: Way) -> None:
    """The call as written gives the outcome of the call that is measured."""
    route, producer, consumer, request, call = way
    built = library_sources.build("float32", "matrix", "plain")
    a = producer.make(built.source)
    text = route.script(producer, consumer, request).replace("{dtype}", "float32")
    imports = [library.script_api("float32")["import"] for library in (producer, consumer)]

    def written(x: Any) -> Any:
        scope: dict[str, Any] = {"a": x}
        exec("\n".join([*imports, text]), scope)
        return scope["b"]

    assert len(text.splitlines()) <= 3
    assert outcome(consumer, written, a) == outcome(consumer, call, a)


@pytest.mark.filterwarnings("ignore")
def test_plain_source_arrives_right_or_is_refused(way: Way) -> None:
    """A row-major float32 array arrives with its values, or an exception says no."""
    _, producer, consumer, _, call = way
    built = library_sources.build("float32", "matrix", "plain")
    result = outcome(consumer, call, producer.make(built.source))

    assert len(result) == 1 or result[1:3] == ("float32", built.source.values)


def test_promise_and_rules_of_a_way_are_known_to_the_catalogue(way: Way) -> None:
    """The promise is one of the kinds, has a source, and the rules that bind the way exist."""
    route, producer, consumer, _, _ = way
    promise = promise_of(route, consumer)
    known = {rule["id"] for rule in modules().core.rules()}

    kinds = {promise.kind, *promise.by_request.values()}
    assert kinds <= {"shares", "copies", "shares-if-possible", "none"}
    assert promise.document
    assert promise.section
    assert set(rules_of(route, consumer, producer)) <= known
    assert set(promise.by_request) <= set(route.requests) | {"copy-none", "copy-true", "copy-false"}


def exists(route: Route, producer: Library, consumer: Library) -> bool:
    """Say whether some release has the route between the two."""
    try:
        route.bind(producer, consumer, "plain")
    except NotImplementedError:
        return False
    except LookupError:
        return True
    return True


@pytest.mark.parametrize("producer", ["numpy", "torch"])
@pytest.mark.parametrize("consumer", ["numpy", "torch"])
def test_directions_between_numpy_and_torch_have_eight_routes(producer: str, consumer: str) -> None:
    """Each of the four directions has at least eight routes, some of which a release may lack."""
    if not {"numpy", "torch"} <= set(LIBRARIES):
        pytest.skip("needs NumPy and PyTorch")
    names = {
        route.name
        for route, _ in find_routes(LIBRARIES)
        if producer in (route.producers or LIBRARIES) and consumer in (route.consumers or LIBRARIES)
        if exists(route, LIBRARIES[producer], LIBRARIES[consumer])
    }

    assert len(names) >= 8


def test_way_that_no_release_has_is_not_lacking() -> None:
    """A consumer that never took arrays this way counts before a producer's old release."""
    lacks = Other({"__dlpack_c_exchange_api__": "other 0.1: no table", "__dlpack__": "none"}, {})
    never = Other({}, {})

    for route in (exchange_api.ROUTE, capsule.ROUTE):
        with pytest.raises(NotImplementedError):
            route.bind(lacks, never, "plain")


def test_reference_reaches_itself_by_every_route_that_it_has() -> None:
    """The routes that need DLPack alone, and CUDA's interface for arrays on devices."""
    names = {r.name for r, p, c, _, _ in WAYS if p is c is LIBRARIES["reference"]}

    dlpack = {"from_dlpack", "capsule", "methods-only", "exchange-api"}
    assert names == dlpack | {"cuda-array-interface"}


@pytest.mark.parametrize("route", [array_interface.ROUTE, buffer.ROUTE, view.ROUTE])
def test_refusal_of_the_producer_is_the_exception_of_the_route(route: Route) -> None:
    """A dtype that the producer can't show is refused, not taken for an object that is no array."""
    consumer = Other({}, {route.name: Entry(lambda offered: offered)})
    call = route.bind(reference, consumer, "plain")
    source = library_sources.build("bfloat16", "vector", "plain").source

    with pytest.raises((AttributeError, BufferError), match="dtype"):
        call(reference.make(source))


class Other:
    """A library that offers and accepts what it is told."""

    name = "other"

    def __init__(self, offers: dict[str, str | None], accepts: dict[str, Entry]) -> None:
        self._offers, self._accepts = offers, accepts

    def offers(self) -> dict[str, str | None]:
        """Return what it was told to offer."""
        return self._offers

    def accepts(self) -> dict[str, Entry]:
        """Return what it was told to accept."""
        return self._accepts


def test_producer_that_never_had_it_has_no_such_way() -> None:
    """An attribute that no release has is told apart from one that this release lacks."""
    never = Other({}, {})
    lacks = Other({"__dlpack__": "other 0.1: type Array has no attribute __dlpack__"}, {})

    with pytest.raises(NotImplementedError, match="have no __dlpack__"):
        shown(never, "__dlpack__")
    with pytest.raises(LookupError, match=r"other 0\.1: type Array has no attribute"):
        shown(lacks, "__dlpack__")


def test_missing_keyword_is_proven_where_it_was_asked_for() -> None:
    """A release without ``copy`` has the plain request, and a proof for each with ``copy``."""
    lacks = {"copy": "other 0.1: from_dlpack(x) takes no copy"}
    consumer = Other({}, {"from_dlpack": Entry(lambda x: x, lacks)})

    way = reference, "__dlpack__", consumer, "from_dlpack"

    assert entry_of(*way, "plain")[1] == {}
    assert entry_of(*way, "device-own")[1] == {"device": "cpu"}
    with pytest.raises(LookupError, match="takes no copy"):
        from_dlpack.ROUTE.bind(reference, consumer, "copy-true+device-none")


def test_exchange_table_is_needed_on_both_sides() -> None:
    """A consumer that has no exchange table can't be reached through one."""
    with pytest.raises(NotImplementedError):
        exchange_api.ROUTE.bind(reference, Other({}, {}), "plain")


def test_consumer_that_takes_no_capsule_has_no_capsule_way() -> None:
    """A consumer without a function for bare capsules has no such way."""
    with pytest.raises(NotImplementedError, match="other takes no array by capsule"):
        capsule.ROUTE.bind(reference, Other({}, {}), "plain")


def test_consumers_promise_takes_the_place_of_the_routes() -> None:
    """Where an entry states a promise of its own, that one counts."""
    own = replace(from_dlpack.ROUTE.promise, kind="copies")
    entry = Entry(lambda x: x, promise=own, rules=("R-51",))
    consumer = Other({}, {"from_dlpack": entry})

    assert promise_of(from_dlpack.ROUTE, consumer).kind == "copies"
    assert rules_of(from_dlpack.ROUTE, consumer) == ("R-51",)


def test_finding_routes_and_scripts_imports_no_array_library() -> None:
    """Listing libraries and routes, and writing scripts, leaves the array libraries alone."""
    code = (
        "import sys\n"
        "from dlpack_conformance.engine.discover import find_libraries, find_routes\n"
        "libraries = find_libraries()\n"
        "for route, _ in find_routes(libraries):\n"
        "    for p in route.producers or libraries:\n"
        "        for c in route.consumers or libraries:\n"
        "            try: route.script(libraries[p], libraries[c], route.requests[-1])\n"
        "            except KeyError: pass\n"
        "print(sorted({'numpy', 'torch'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
