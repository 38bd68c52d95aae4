"""What a probe did, as lines of a script: run once more in a process of its own, and noted.

The note goes out before each call, so that it is there when the call ends the process. What cannot
be written down (a function inside the probe, a thread, a fork) leaves the note without that call.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, cast

from dlpack_conformance.engine.census import child_environment
from dlpack_conformance.engine.discover import find_libraries, find_probes
from dlpack_conformance.engine.noted import Line, Noted, NotedInstrument, NotedLibrary
from dlpack_conformance.engine.observer import CaseObserver
from dlpack_conformance.engine.prepare import Catalogue
from dlpack_conformance.engine.texts import WarningLog, class_of
from dlpack_conformance.errors import ReportError
from dlpack_conformance.libraries import Library, Source
from dlpack_conformance.probes import Probe

__all__ = ["trace_cases"]

_SECONDS = 20
_TABLE = "__dlpack_c_exchange_api__"
_TAKE = "managed_tensor_to_py_object_no_sync"
_TAKE_OFFSET = 32  # of that function in the table of DLPack 1.2 and newer


def trace_cases(
    case_ids: Iterable[str], files: Sequence[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """What the probes of protocol cases made and tried, by id: fields of `Line`, in order.

    A case that the installed libraries lack is left out.

    ``files``: library files from outside. The libraries are imported in a child process.

    Raises
    ------
    ReportError
        That process did not come to its end.
    """
    wanted = list(case_ids)
    if not wanted:
        return {}
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps({"files": [str(file) for file in files], "cases": wanted}),
        env=child_environment(),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise ReportError("trace", "status", f"the process ended with {done.returncode}: {last}")
    found = {}
    for line in done.stdout.splitlines():
        case_id, lines = json.loads(line)
        found[case_id] = lines
    return found


class _Tracer(CaseObserver):
    """An observer that notes what is made and tried, and does it."""

    def __init__(
        self, library: Library, reference: Library, catalogue: Catalogue, noted: Noted
    ) -> None:
        log = WarningLog()
        log.install()
        entries = {
            name: replace(entry, call=partial(self._enter, entry.call))
            for name, entry in library.accepts().items()
        }
        super().__init__(
            cast("Library", NotedLibrary(library, entries)),
            reference,
            catalogue,
            facts={},
            warning_log=log,
            say=lambda _: None,
        )
        self._noted = noted
        self._is_reference = library is reference
        self.instrument = cast("Any", NotedInstrument(noted))
        # Where several entry points are one function, the first name counts.
        self._calls = {
            entry.call: name for name, entry in reversed(list(library.accepts().items()))
        }
        self._inside = False

    def _enter(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Call an entry point; noted here only where it is not by `call`."""
        if self._inside:
            return function(*args, **keywords)
        line = self._begin(function, args, keywords)
        error: BaseException | None = None
        result = None
        try:
            result = function(*args, **keywords)
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._end(line, result, "" if error is None else type(error).__name__)
        return result

    def source(self, dtype: str = "float32", layout: str = "matrix", source: str = "plain") -> Any:
        """Make an array of the library; of the reference an ordinary one where it has no such."""
        if self._is_reference and not _has(self.library, source):
            source = "plain"
        a = super().source(dtype, layout, source)
        lines = self._lines_of(dtype, layout, source)
        if lines is not None:
            self._noted.source(a, lines, self.library.name)
        return a

    def crafted(self, dtype: str = "float32", layout: str = "matrix", **options: Any) -> Any:
        """Make an array of the reference."""
        a = super().crafted(dtype, layout, **options)
        if options.get("on"):
            return a  # no script has the accelerator of a case
        assert self._prepared is not None
        _, _, _, _, shape, strides, offset, values = self._prepared.head
        how = {"kind": "ordinary", "alignment": 256, "skew": 0}
        given = {key: options.pop(key) for key in how if options.get(key, how[key]) != how[key]}
        args = (dtype, shape, strides, offset, list(values))
        self._noted.memories[id(self._memory)] = (self._memory, args, given)
        if options.pop("array", None) is None:
            rest = {key: value for key, value in options.items() if key not in how}
            self._noted.array(a, self._memory, dtype, shape, strides, rest)
        return a

    def call(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Try a call."""
        line = self._begin(function, args, keywords)
        outer, self._inside = self._inside, True
        try:
            result = super().call(function, *args, **keywords)
        finally:
            self._inside = outer
        self._end(line, result, str(self.facts.get("route.error") or "").rpartition(".")[2])
        return result

    def _begin(
        self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Line | None:
        line = self._line(function, args, keywords)
        if line is not None:
            self._noted.lines.append(line)
            self._noted.tell(self._noted.lines)
        return line

    def _end(self, line: Line | None, result: Any, error: str) -> None:
        if line is None:
            return
        known = self._noted.known
        line.ended = f"raised {error}" if error else "returned"
        if result is not None and known.named(result) is None:
            line.gives = known.name(result, "b")
            line.lines = [text.replace("⟦b⟧", line.gives) for text in line.lines]
        self._noted.tell(self._noted.lines)

    def _line(
        self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Line | None:
        while isinstance(function, partial) and function not in self._calls:
            if function.func == self._enter:
                function = function.args[0]
                continue
            args = (*function.args, *args)
            keywords = {**function.keywords, **keywords}
            function = function.func
        if isinstance(getattr(function, "__self__", None), self.core.ExchangeTable):
            return self._table_line(function, args)
        texts = [self._noted.say(thing) for thing in args]
        given = {name: self._noted.say(thing) for name, thing in keywords.items()}
        if None in texts or None in given.values():
            return None
        try:
            text = self._called(function)
        except TypeError:  # what can't be hashed has no name
            return None
        if text is None:
            return None
        if "{dtype}" in text:
            given.pop("dtype", None)
        inside = ", ".join([*map(str, texts), *(f"{name}={said}" for name, said in given.items())])
        call = text.format(inside).replace("{dtype}", str(keywords.get("dtype", "float32")))
        return Line("⟦b⟧", [f"⟦b⟧ = {call}"])

    def _called(self, function: Callable[..., Any]) -> str | None:
        """The function as a user writes it, ``{}`` for the arguments."""
        name = self._calls.get(function)
        if name is not None:
            calls: Mapping[str, str] = getattr(self.library, "script_calls", dict)()
            return calls.get(name)
        owner = getattr(function, "__self__", None)
        known = None if owner is None else self._noted.known.named(owner)
        if known is not None:
            return f"{known}.{function.__name__}({{}})"
        member = self._noted.known.member(function)
        return None if member is None else f"{member}({{}})"

    def _table_line(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Line | None:
        """The table's import, by `ctypes`; no other function of it is written down."""
        kind = self.library.script_api("float32").get("type")
        if function.__name__ != "take" or len(args) != 2 or kind is None:
            return None
        capsule = self._noted.known.named(args[1])
        if capsule is None:
            return None
        before = [
            "from ctypes import PYFUNCTYPE, byref, c_char_p, c_int, c_void_p, py_object, pythonapi",
            'get = PYFUNCTYPE(c_void_p, py_object, c_char_p)(("PyCapsule_GetPointer", pythonapi))',
            f'table = get({kind}.{_TABLE}, b"dlpack_exchange_api")',
            f"address = c_void_p.from_address(table + {_TAKE_OFFSET}).value  # {_TAKE}",
            "take = PYFUNCTYPE(c_int, c_void_p, c_void_p)(address)",
        ]
        call = [
            f"pythonapi.Py_IncRef(py_object({capsule}))  # the table owns the tensor",
            f'⟦b⟧ = take(get({capsule}, b"dltensor_versioned"), byref(c_void_p()))',
        ]
        return Line("⟦b⟧", call, before=before)

    def _lines_of(self, dtype: str, layout: str, source: str) -> list[str] | None:
        row = next(row for row in self.core.layouts() if row["name"] == layout)
        wanted = Source(
            dtype,
            layout,
            source,
            "cpu",
            tuple(row["shape"]),
            tuple(row["strides"]),
            row["offset"],
            self.core.values(dtype, layout),
            None,
            None,
        )
        try:
            return "\n".join(self.library.script_make(wanted)).splitlines()
        except LookupError:
            return None


def _has(library: Library, source: str) -> bool:
    return any(makes.source == source for makes in library.makes())


def _trace(
    probe: Probe, library: Library, reference: Library, catalogue: Catalogue, out: int
) -> None:
    """Run a probe in this process; each state of the note is a line on ``out``."""

    def tell(lines: list[Line]) -> None:
        os.write(out, json.dumps([asdict(line) for line in lines]).encode() + b"\n")

    signal.alarm(_SECONDS)
    noted = Noted(library, tell)
    try:
        probe.run(_Tracer(library, reference, catalogue, noted))
    finally:
        tell(noted.lines)


def _trace_fresh(
    key: tuple[str, str], library: Library, reference: Library, catalogue: Catalogue, out: int
) -> None:
    """Do the same with a library that no fork takes along; nothing where it lacks the probe."""
    if library.probe() is not None:
        return
    library.prepare()
    probe = find_probes(library).get(key)
    if probe is not None:
        _trace(probe, library, reference, catalogue, out)


def _forked(work: Callable[[int], None]) -> list[Any]:
    """The last whole line that ``work`` wrote in a forked child, however that ended."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_fd)
        try:
            work(write_fd)
        except BaseException as error:
            print(class_of(error), error, file=sys.stderr)
        finally:
            os._exit(0)
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as pipe:
        lines = pipe.read().split(b"\n")
    os.waitpid(pid, 0)
    return json.loads(lines[-2]) if len(lines) > 1 else []


def _main() -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = json.load(sys.stdin)
    libraries = find_libraries(asked["files"])
    catalogue = Catalogue()
    ready: dict[str, dict[tuple[str, str], Probe]] = {}
    for case_id in asked["cases"]:
        _, name, rule, variant = case_id.split("/")
        library = libraries.get(name)
        if library is None:
            continue
        reference = libraries["reference"]
        if getattr(library, "start", "fork") == "fresh":  # imported in the child alone
            work = partial(_trace_fresh, (rule, variant), library, reference, catalogue)
            lines = _forked(work)
            if lines:
                print(json.dumps([case_id, lines]), file=out, flush=True)
            continue
        if library.probe() is not None:
            continue
        if name not in ready:
            library.prepare()
            ready[name] = find_probes(library)
        probe = ready[name].get((rule, variant))
        if probe is not None:
            work = partial(_trace, probe, library, reference, catalogue)
            print(json.dumps([case_id, _forked(work)]), file=out, flush=True)


if __name__ == "__main__":
    _main()
