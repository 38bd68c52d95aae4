"""How long one exchange takes, per producer, consumer and route: JSON lines, the median of many.

``python ci/lib/latency.py [--device cuda-0] [--libraries A,B]``. What is measured is the call
alone, on a float32 matrix that lies on the device; the device is idle before each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.devices import HOST, Devices
from dlpack_conformance.engine.discover import find_libraries, find_routes
from dlpack_conformance.engine.prepare import Catalogue
from dlpack_conformance.libraries import Library, Route, Source

CALLS, WARM = 200, 20
CASE = ("float32", "matrix")


def usable(names: list[str] | None, device: str) -> dict[str, Library]:
    """Libraries that import and reach the device; the others are told on stderr."""
    found = {}
    for name, library in find_libraries().items():
        if names is not None and name not in names:
            continue
        reason = library.probe() or away(library, device)
        if reason is None:
            library.prepare()
            found[name] = library
        else:
            print(f"not usable: {name}: {reason}", file=sys.stderr)
    return found


def away(library: Library, device: str) -> str | None:
    """Say why a library has no arrays there."""
    if device == HOST:
        return None
    reaches = getattr(library, "reaches", None)
    try:
        reason: str | None = "it has no arrays on devices"
        return reason if reaches is None else reaches(device.split("-")[0])
    except NotImplementedError as error:
        return str(error)


def source_of(library: Library, catalogue: Catalogue, device: str) -> Any:
    """Make the matrix by what the library makes there; None where that is nothing."""
    for makes in library.makes():
        if (
            makes.device == device
            and makes.source in ("owned", "plain")
            and CASE[0] in makes.dtypes
        ):
            prepared = catalogue.prepared((*CASE, makes.source, device))
            memory = None if prepared.template is None else prepared.template.make()
            return library.make(Source(*prepared.head, memory, prepared.image))
    return None


def ways(
    libraries: dict[str, Library], device: str
) -> Iterator[tuple[str, str, Route, Callable[[Any], Any]]]:
    """Yield producer, consumer and route with its call, for a request without keywords."""
    routes = [route for route, _ in find_routes(find_libraries())]
    for producer in libraries.values():
        for consumer in libraries.values():
            for route in routes:
                if "plain" not in route.requests or not leads(route, producer, consumer, device):
                    continue
                try:
                    yield (
                        producer.name,
                        consumer.name,
                        route,
                        route.bind(producer, consumer, "plain"),
                    )
                except (NotImplementedError, LookupError):
                    continue


def leads(route: Route, producer: Library, consumer: Library, device: str) -> bool:
    """Whether sources on the device go from the one to the other this way."""
    there = route.dlpack if route.devices is None else route.devices
    if device == HOST:
        there = route.host
    elif isinstance(there, tuple):
        there = producer.name in there
    wanted = ((route.producers, producer), (route.consumers, consumer))
    return bool(there) and all(names is None or library.name in names for names, library in wanted)


def median_us(call: Callable[[Any], Any], x: Any, wait: Callable[[], None]) -> float:
    """Microseconds of one call."""
    took = []
    for turn in range(WARM + CALLS):
        wait()
        start = time.perf_counter_ns()
        result = call(x)
        end = time.perf_counter_ns()
        del result
        if turn >= WARM:
            took.append(end - start)
    return statistics.median(took) / 1000


def main() -> int:
    """Print a line a way; 5 where the device is not there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda-0")
    parser.add_argument("--libraries", type=lambda text: text.split(","))
    asked = parser.parse_args()
    catalogue = Catalogue(Devices())
    try:
        accelerator = catalogue.devices.accelerator(asked.device)
    except modules().instrument.DeviceError as error:
        print(error, file=sys.stderr)
        return 5
    wait = (lambda: None) if accelerator is None else accelerator.synchronize
    libraries = usable(asked.libraries, asked.device)
    for producer, consumer, route, call in ways(libraries, asked.device):
        x = source_of(libraries[producer], catalogue, asked.device)
        if x is None:
            continue
        line = {
            "name": f"{producer} -> {consumer}, {route.name}",
            "device": asked.device,
            "unit": "us",
        }
        try:
            line["value"] = round(median_us(call, x, wait), 2)
        except Exception as error:  # noqa: BLE001 - a library that refuses has no latency
            line["refused"] = (
                f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            )
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
