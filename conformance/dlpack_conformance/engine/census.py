"""What is installed and what it can do, asked in a child process; plans come from the answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.devices import HOST, KINDS
from dlpack_conformance.engine.discover import find_libraries, find_routes
from dlpack_conformance.engine.protocol import protocol_cases
from dlpack_conformance.errors import LibraryFileError, OptionError
from dlpack_conformance.libraries import Library, Route, facts_of, promise_of, rules_of

__all__ = ["Census", "census", "child_environment", "take"]

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True, slots=True)
class Census:
    """``libraries`` and ``ways`` of a plan's spec; ``missing``: library -> why it can't be used."""

    libraries: dict[str, Any]
    ways: list[dict[str, Any]]
    missing: dict[str, str] = field(default_factory=dict)
    python: str = ""

    def spec(
        self, profile: str, filters: Sequence[str] = (), target: str | None = None
    ) -> dict[str, Any]:
        """Return the spec of a plan."""
        return {
            "profile": profile,
            "filters": list(filters),
            "target": target,
            "libraries": self.libraries,
            "ways": self.ways,
        }


def child_environment() -> dict[str, str]:
    """Environment of a process that imports array libraries: one thread, so that it may fork.

    CUDA gets as many hardware queues as it takes: streams that share one wait for each other, which
    would hide that somebody forgot to wait.
    """
    search = [entry for entry in sys.path if entry and Path(entry).exists()]
    return {
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, "1"),
        "CUDA_DEVICE_MAX_CONNECTIONS": os.environ.get("CUDA_DEVICE_MAX_CONNECTIONS", "32"),
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(search),
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
    }


def census(names: Iterable[str] | None = None, *, files: Sequence[str] = ()) -> Census:
    """Ask all libraries (or ``names``) what they can do; one that dies in import is missing.

    Raises
    ------
    OptionError
        ``names`` has one that no library file bears.
    LibraryFileError
        A library file or a route broke its contract.
    """
    modules()  # a mixture of builds is told here, and not by a child
    known = find_libraries(files)
    wanted = sorted(known) if names is None else sorted(set(names))
    for name in wanted:
        if name not in known:
            raise OptionError(
                f"library {name!r}: no such library file; there are {', '.join(sorted(known))}"
            )
    missing: dict[str, str] = {}
    while True:
        asked = [name for name in wanted if name not in missing]
        answer, lost = _ask(asked, files)
        if answer is not None:
            return Census(
                answer["libraries"],
                answer["ways"],
                {**missing, **answer["missing"]},
                answer["python"],
            )
        doing, how = lost
        if doing not in asked:
            raise LibraryFileError(f"{doing or 'census'}: asking for it {how}")
        missing[doing] = f"importing it {how}"


def _ask(names: list[str], files: Sequence[str]) -> tuple[dict[str, Any] | None, tuple[str, str]]:
    """Ask in one child: its answer, or what it was doing when it ended, and how it ended."""
    read_fd, write_fd = os.pipe()
    order = json.dumps({"names": names, "files": [str(file) for file in files], "fd": write_fd})
    with subprocess.Popen(
        [sys.executable, "-m", "dlpack_conformance.engine.census", order],
        pass_fds=(write_fd,),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as child:
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as pipe:
            lines = pipe.read().splitlines()
        stderr = child.communicate()[1]
    messages = [json.loads(line) for line in lines]
    if messages and "error" in messages[-1]:
        raise LibraryFileError(messages[-1]["error"])
    if messages and "answer" in messages[-1]:
        return messages[-1]["answer"], ("", "")
    doing = messages[-1]["doing"] if messages else ""
    code = child.returncode
    how = (
        f"ended the process: {signal.Signals(-code).name}"
        if code < 0
        else f"ended the process: status {code}"
    )
    last = stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return None, (doing, ": ".join([how, *last]))


def take(names: list[str], files: Sequence[str], say: Any = lambda doing: None) -> dict[str, Any]:
    """Answer the census in this process; ``say`` is told what comes next."""
    known = find_libraries(files)
    routes = find_routes(known)
    missing: dict[str, str] = {}
    present: dict[str, Library] = {}
    for name in names:
        say(name)
        reason = _asked(known[name], "probe")
        if reason is None:
            present[name] = known[name]
        else:
            missing[name] = reason
    libraries = {}
    for name, library in present.items():
        say(name)
        libraries[name] = _library(library)
    ways = []
    for route, owner in routes:
        if owner and owner not in present:
            continue
        for producer in _chosen(route.producers, present):
            for consumer in _chosen(route.consumers, present):
                say(f"{route.name} from {producer} to {consumer}")
                way = _way(route, owner, present[producer], present[consumer])
                if way is not None:
                    ways.append(way)
    ways.sort(key=lambda way: (way["producer"], way["consumer"], way["route"]))
    return {
        "libraries": libraries,
        "ways": ways,
        "missing": missing,
        "python": sys.version.split()[0],
    }


def _chosen(names: tuple[str, ...] | None, present: dict[str, Library]) -> list[str]:
    return sorted(present) if names is None else [name for name in names if name in present]


def _asked(library: Library, method: str, call: Callable[[], Any] | None = None) -> Any:
    """Answer of one function of a library file; what it raises is an error of the file."""
    try:
        return getattr(library, method)() if call is None else call()
    except Exception as error:
        raise LibraryFileError(
            f"library {library.name!r}: {method}() raised {type(error).__name__}: {error}; "
            f"dlconform libraries check asks it everything"
        ) from error


def _library(library: Library) -> dict[str, Any]:
    return {
        "versions": dict(_asked(library, "versions")),
        **_asked(library, "declares", lambda: facts_of(library)),
        "makes": [
            {
                "source": makes.source,
                "dtypes": list(makes.dtypes),
                "layouts": None if makes.layouts is None else list(makes.layouts),
                "excluded": [list(entry) for entry in makes.excluded],
                "device": makes.device,
            }
            for makes in _asked(library, "makes")
        ],
        "protocol": _asked(library, "probes", lambda: protocol_cases(library)),
        "usage": sorted([usage.topic, usage.variant] for usage in _asked(library, "usages")),
        "absent_devices": _absent_devices(library),
    }


def _absent_devices(library: Library) -> dict[str, str]:
    """Devices on which it can make arrays and that are not to be had here: device -> why."""
    absent = {}
    for device in sorted({makes.device for makes in library.makes()} - {HOST}):
        reason = getattr(library, "reaches", _always)(device.split("-")[0])
        if reason is not None:
            absent[device] = reason
    return absent


def _always(kind: str) -> None:
    """A library that says no more makes its arrays everywhere."""


def _way(route: Route, owner: str, producer: Library, consumer: Library) -> dict[str, Any] | None:
    """Return the way of one pair, None where the route does not lead from one to the other."""
    requests, absent = [], {}
    for request in route.requests:
        try:
            route.bind(producer, consumer, request)
        except NotImplementedError:
            continue
        except LookupError as proof:
            absent[request] = str(proof.args[0]) if proof.args else type(proof).__name__
        except Exception as error:
            raise LibraryFileError(
                f"{route.name} from {producer.name} to {consumer.name}: binding {request} raised "
                f"{type(error).__name__}: {error}; dlconform libraries check asks the files"
            ) from error
        requests.append(request)
    if not requests:
        return None
    promise = promise_of(route, consumer)
    entry = consumer.accepts().get(route.name)
    return {
        "producer": producer.name,
        "consumer": consumer.name,
        "route": route.name,
        "owner": owner,
        "dlpack": route.dlpack,
        "takes_devices": _takes_devices(route, producer),
        "takes_host": route.host,
        "may_copy": route.may_copy or (entry is not None and entry.may_copy),
        "device_kinds": [] if route.dlpack else _kinds(consumer),
        "requests": requests,
        "promise": {
            "kind": promise.kind,
            "document": promise.document,
            "section": promise.section,
            "shape": promise.shape,
            "device": promise.device,
            "by_request": dict(promise.by_request),
        },
        "rules": list(rules_of(route, consumer, producer)),
        "absent": absent,
    }


def _kinds(consumer: Library) -> list[str]:
    """Kinds of devices on which it can have arrays: DLPack alone names those of foreign ones."""
    found = []
    for kind in KINDS:
        with suppress(NotImplementedError):
            getattr(consumer, "reaches", _nowhere)(kind)
            found.append(kind)
    return found or [HOST]


def _nowhere(kind: str) -> None:
    raise NotImplementedError(f"no arrays on {kind} devices")


def _takes_devices(route: Route, producer: Library) -> bool:
    if isinstance(route.devices, tuple):
        return producer.name in route.devices
    return route.dlpack if route.devices is None else route.devices


def _main(order: str) -> None:
    asked = json.loads(order)
    with os.fdopen(asked["fd"], "w", encoding="utf-8") as pipe:

        def say(**message: Any) -> None:
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()

        try:
            answer = take(asked["names"], asked["files"], lambda doing: say(doing=doing))
        except LibraryFileError as error:
            say(error=str(error))
        except Exception as error:  # the parent names it; a traceback of a child helps nobody
            say(error=f"{type(error).__name__}: {error}")
        else:
            say(answer=answer)


if __name__ == "__main__":
    _main(sys.argv[1])
