"""All that the cases of one pair share; made in the nursery before the first runner is forked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.devices import HOST, Devices
from dlpack_conformance.engine.discover import find_libraries, find_probes, find_routes
from dlpack_conformance.engine.prepare import Catalogue
from dlpack_conformance.errors import LibraryFileError
from dlpack_conformance.libraries import Library, Usage
from dlpack_conformance.probes import Probe

__all__ = ["NotRun", "Pair", "Way"]


@dataclass(slots=True)
class Way:
    """A route with one request, bound to the two libraries.

    ``keywords``: what the consumer passes to ``__dlpack__`` on this way, None where not known, and
    as a call shows them; ``gives``: the route's own export, None where it is ``__dlpack__``;
    ``dlpack``: a capsule or an exchange table crosses by the route's own definition; ``flat``: the
    route gives one axis over the same bytes.
    """

    route: str
    request: str
    call: Callable[[Any], Any]
    keywords: Mapping[str, Any] | None = None
    keywords_text: str = ""
    gives: Callable[[Any], Any] | None = None
    dlpack: bool = False
    flat: bool = False


@dataclass(frozen=True, slots=True)
class NotRun:
    """A planned case that can't run here; ``reason``: code of the reason table."""

    reason: str


_Work = tuple[Way, tuple[str, str, str, str]] | Probe | Usage | NotRun | str


class Pair:
    """Producer and consumer, imported and prepared, with plan, judge, sources and routes.

    ``consumer_name``: "" for the protocol and usage cases of one library. ``begin``, ``end``: range
    in the plan.
    """

    def __init__(
        self,
        spec: dict[str, Any],
        producer_name: str,
        consumer_name: str,
        *,
        begin: int,
        end: int,
        files: Sequence[str] = (),
    ) -> None:
        known = find_libraries(files)
        self.producer: Library = known[producer_name]
        self.consumer: Library = known[consumer_name or producer_name]
        self.reference: Library = known["reference"]
        for library in dict.fromkeys((self.producer, self.consumer)):
            reason = library.probe()
            if reason is not None:
                raise LibraryFileError(
                    f"{library.name}: it was there for the census and now is not: {reason}"
                )
            library.prepare()
        core = modules().core
        self.plan = core.Plan(spec)
        self.judge = core.Judge(self.plan)
        self.catalogue = Catalogue(Devices(ours=self.consumer is self.reference))
        self.begin = begin
        self.end = end
        self.ways: dict[tuple[str, str], Way | str] = {}
        self.usages: dict[tuple[str, str], Usage] = {}
        self.probes: dict[tuple[str, str], Probe] = {}
        if consumer_name:
            routes = {route.name: route for route, _ in find_routes(known)}
            for entry in spec["ways"]:
                if (entry["producer"], entry["consumer"]) == (producer_name, consumer_name):
                    self.ways.update(self._bound(entry, routes))
        else:
            self.usages = {(usage.topic, usage.variant): usage for usage in self.producer.usages()}
            self.probes = find_probes(self.producer)
        self._cases = [self._case(index) for index in range(begin, end)]

    def case(self, index: int) -> _Work:
        """Way and key of the source; a probe or a usage; why it can't run; the proof of absence."""
        return self._cases[index - self.begin]

    def bound(self) -> list[Way]:
        """Ways that this release has."""
        return [way for way in self.ways.values() if isinstance(way, Way)]

    def prepare_all(self) -> None:
        """Make every template of the host now, so that forked runners share them."""
        for key in dict.fromkeys(case[1] for case in self._cases if isinstance(case, tuple)):
            if key[3] == HOST:
                self.catalogue.prepared(key)

    def _bound(
        self, entry: dict[str, Any], routes: dict[str, Any]
    ) -> Iterator[tuple[tuple[str, str], Way | str]]:
        name, absent = entry["route"], entry["absent"]
        dlpack, flat = entry["dlpack"], entry["promise"]["shape"] == "flat"
        for request in entry["requests"]:
            proof = absent.get(request)
            if proof is not None:
                yield (name, request), proof
                continue
            route = routes[name]
            call = route.bind(self.producer, self.consumer, request)
            gives = None if route.gives is None else route.gives()
            yield (name, request), Way(name, request, call, gives=gives, dlpack=dlpack, flat=flat)

    def _case(self, index: int) -> _Work:
        axes = self.plan.axes(index)
        if axes["case"] == "exchange":
            way = self.ways[axes["route"], axes["request"]]
            if isinstance(way, str):
                return way
            if self.plan.absent_device(index):
                return NotRun("device-absent")
            return way, (axes["dtype"], axes["layout"], axes["source"], axes["device"])
        if axes["case"] == "usage":
            return self.usages[axes["topic"], axes["variant"]]
        absent: str = self.plan.absent(index)
        return absent or self.probes[axes["rule"], axes["variant"]]
