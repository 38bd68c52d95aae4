"""Asks a library file everything that it must answer, on small sources whose facts are known."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.discover import find_routes
from dlpack_conformance.engine.prepare import Catalogue, Prepared
from dlpack_conformance.errors import LibraryFileError
from dlpack_conformance.libraries import (
    Description,
    Entry,
    Library,
    Makes,
    Route,
    Source,
    Usage,
    facts_of,
)
from dlpack_conformance.probes import Probe

__all__ = ["EXPORT", "LibrarySteps"]

EXPORT = "__dlpack__"
"""Name of the step in which the library, not its file, acts."""

_OFFERS = (
    "__dlpack__",
    "__dlpack_c_exchange_api__",
    "__array_interface__",
    "__array_struct__",
    "__array__",
    "__cuda_array_interface__",
    "buffer",
)
_PART = re.compile(r"[A-Za-z0-9_.+-]+")
_FEW_LAYOUTS = ("vector", "matrix", "scalar")
_MOST_ELEMENTS = 64
_HOST = "cpu"
_LONGEST = 80


class _WrongError(Exception):
    """A complaint was said; what depends on the answer is left out."""


class LibrarySteps:
    """One pass over a library file.

    ``say(**message)`` gets ``doing`` (method, value) before each call into the file, and
    ``complaint`` (method, value, expected, got). ``skip``: methods and values that ended the
    process in an earlier pass.
    """

    def __init__(
        self,
        library: Library,
        known: dict[str, Library],
        say: Callable[..., None],
        skip: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self._library = library
        self._known = known
        self._say = say
        self._skip = skip
        self._core, self._instrument = modules()
        self._catalogue = Catalogue()
        self._sources = {row["name"]: row for row in self._core.sources()}
        self._layouts = {row["name"]: row for row in self._core.layouts()}
        self._dtypes = {row["name"]: row for row in self._core.dtypes()}
        self._types: tuple[type, ...] | None = None
        self.arrays = 0

    def missing(self) -> str | None:
        """Why the library can't be imported, by its own file; None where it can."""
        try:
            reason = self._ask("probe", "()", self._library.probe)
        except _WrongError:
            return None
        if reason is not None and not isinstance(reason, str):
            self._wrong("probe", "()", "None, or the reason as text", reason)
            return None
        return reason

    def run(self) -> None:
        """Ask everything; what can't be asked after a complaint is left out."""
        for step in (self._words, self._versions, self._prepare, self._offers, self._lists):
            self._try(step)
        entries: list[Makes] = []
        self._try(lambda: entries.extend(self._makes()))
        for entry in entries:
            for prepared in self._prepared(entry):
                self._try(partial(self._array, prepared))
        self._try(self._ways)

    # What the file says of the library.

    def _words(self) -> None:
        name = self._library.name
        if not isinstance(name, str) or not _PART.fullmatch(name):
            self._wrong("name", "", f"text of {_PART.pattern}", name)
        for field in ("readonly_arrays", "immutable_arrays"):
            value = getattr(self._library, field, None)
            if not isinstance(value, bool):
                self._wrong(field, "", "True or False", value)
        kinds = self._ask("types", "()", getattr(self._library, "types", tuple))
        if not isinstance(kinds, tuple) or not all(isinstance(kind, type) for kind in kinds):
            self._stop("types", "()", "a tuple of types", kinds)
        self._types = kinds or None
        item_bytes = getattr(self._library, "item_bytes", None)
        if item_bytes is not None:
            size = self._ask("item_bytes", "an object()", item_bytes, object())
            if size is not None:
                self._wrong(
                    "item_bytes", "an object()", "None: it is no array of the library", size
                )

    def _versions(self) -> None:
        versions = self._ask("versions", "()", self._library.versions)
        if not isinstance(versions, dict) or not versions or not _texts(versions):
            self._wrong("versions", "()", "a dict: distribution -> version, both text", versions)

    def _prepare(self) -> None:
        self._ask("prepare", "()", self._library.prepare)

    def _offers(self) -> None:
        offers = self._ask("offers", "()", self._library.offers)
        for key, proof in self._items("offers", offers):
            if key not in _OFFERS:
                self._wrong("offers", repr(key), f"one of {', '.join(_OFFERS)}", key)
            if proof is not None and not isinstance(proof, str):
                self._wrong("offers", repr(key), "None, or why this release lacks it", proof)

    def _lists(self) -> None:
        accepts = self._ask("accepts", "()", self._library.accepts)
        names = {route.name for route, owner in find_routes({}) if not owner}
        names.add("cuda-array-interface")  # probes take it; no route leads there
        for key, entry in self._items("accepts", accepts):
            if key not in names:
                self._wrong("accepts", repr(key), f"one of {', '.join(sorted(names))}", key)
            if not isinstance(entry, Entry) or not callable(entry.call):
                self._wrong("accepts", repr(key), "an Entry with a function", entry)
        for method, kind in (("routes", Route), ("usages", Usage)):
            given = self._ask(method, "()", getattr(self._library, method))
            if not isinstance(given, list) or not all(isinstance(one, kind) for one in given):
                self._wrong(method, "()", f"a list of {kind.__name__}", given)
        probes = self._ask("probes", "()", getattr(self._library, "probes", list))
        if not isinstance(probes, list) or not all(isinstance(one, Probe) for one in probes):
            self._wrong("probes", "()", "a list of Probe", probes)
        self._ask("declares", "()", lambda: facts_of(self._library))
        calls = self._ask("script_calls", "()", getattr(self._library, "script_calls", dict))
        for key, text in self._items("script_calls", calls):
            if not isinstance(text, str) or "{}" not in text:
                self._wrong("script_calls", repr(key), "a call as text with {} in it", text)

    def _makes(self) -> Iterator[Makes]:
        makes = self._ask("makes", "()", self._library.makes)
        if not isinstance(makes, list) or not makes or not all(isinstance(m, Makes) for m in makes):
            self._stop("makes", "()", "a list of Makes, with one at least", makes)
        known: dict[str, Any] = {
            "source": self._sources,
            "dtypes": self._dtypes,
            "layouts": self._layouts,
        }
        for entry in makes:
            value = f"source {entry.source!r}"
            wrong = False
            for field, names in known.items():
                given = getattr(entry, field)
                for name in (given,) if isinstance(given, str) else given or ():
                    if name not in names:
                        wrong = True
                        self._wrong("makes", f"{value}, {field}", "a name of the catalogue", name)
            for part in entry.excluded:
                if len(part) != 3 or not all(isinstance(text, str) for text in part):
                    wrong = True
                    self._wrong("makes", f"{value}, excluded", "(dtype, layout, reason)", part)
            if not wrong and entry.device == _HOST:
                yield entry

    # Small sources.

    def _prepared(self, entry: Makes) -> Iterator[Prepared]:
        layouts = entry.layouts or tuple(self._layouts)
        small = [name for name in layouts if self._span(name) <= _MOST_ELEMENTS * 4]
        excluded = {(dtype, layout) for dtype, layout, _ in entry.excluded}
        for at, dtype in enumerate(entry.dtypes):
            for layout in small:
                if at and layout not in _FEW_LAYOUTS:
                    continue
                if excluded.isdisjoint({(dtype, layout), ("*", layout), (dtype, "*")}):
                    yield self._catalogue.prepared((dtype, layout, entry.source, _HOST))

    def _span(self, layout: str) -> int:
        row = self._layouts[layout]
        reach = sum((n - 1) * abs(s) for n, s in zip(row["shape"], row["strides"], strict=True))
        return int(max(row["elements"], row["offset"] + reach))

    def _array(self, prepared: Prepared) -> None:
        """Make one source and compare all that the file says of it with what was asked for."""
        dtype, layout, source, device, shape, strides, offset, values = prepared.head
        value = f"{dtype} {layout} {source}"
        memory = None if prepared.template is None else prepared.template.make()
        asked = Source(
            dtype, layout, source, device, shape, strides, offset, values, memory, prepared.image
        )
        x = self._ask("make", value, self._library.make, asked)
        self.arrays += 1
        if self._types is not None and not isinstance(x, self._types):
            self._stop("make", value, f"an array: {_named(self._types)}", x)
        said = self._ask("describe", value, self._library.describe, x)
        if not isinstance(said, Description):
            self._stop("describe", value, "a Description", said)
        row = self._sources[source]
        if memory is None and source != "owned":
            return  # what else is true of such a source is its library's own affair
        differ = self._facts(value, x, said, prepared, memory)
        item_bytes = getattr(self._library, "item_bytes", None)
        if item_bytes is not None:
            size, whole = self._ask("item_bytes", value, item_bytes, x), self._dtypes[dtype]
            if whole["item_bits"] % 8 == 0 and size != whole["item_bytes"]:
                self._wrong("item_bytes", value, whole["item_bytes"], size)
        self._scripts(value, asked)
        self._elements(value, x, prepared)
        # Stores to misaligned elements are at the risk of the library, not of its file.
        may = prepared.values and said.writable and "writable" not in differ
        if may and row["may_write"] and not row["misaligned"]:
            self._writes(value, x, prepared, None if "address" in differ else memory)

    def _facts(
        self, value: str, x: Any, said: Description, prepared: Prepared, memory: Any
    ) -> list[str]:
        """Say where the description differs from what was asked for, and who is wrong."""
        dtype, _, source, device, shape, strides, *_ = prepared.head
        row = self._sources[source]
        asked: dict[str, Any] = {"shape": shape, "dtype": dtype, "device": device}
        got: dict[str, Any] = {key: getattr(said, key) for key in asked}
        if prepared.values:
            asked["strides"] = _moving(shape, strides)
            got["strides"] = None if said.strides is None else _moving(said.shape, said.strides)
            if memory is not None:
                asked["address"], got["address"] = memory.first, said.address
                if not row["readonly"]:
                    asked["writable"] = not self._library.immutable_arrays
                elif self._library.readonly_arrays:
                    asked["writable"] = False
                got["writable"] = said.writable if "writable" in asked else None
        differ = [key for key in asked if got.get(key) != asked[key]]
        read = self._export(x) if differ else None
        for key in differ:
            method = "make or describe"
            if read is not None and key in read:
                # An export need not be able to say that it is read-only.
                other = "make or describe" if key == "writable" else "make"
                method = "describe" if read[key] == asked[key] else other
            shown = (asked[key], got[key])
            if key == "address":
                shown = ("the address of the source's memory", _distance(said.address, memory))
            self._wrong(method, f"{value}: {key}", *shown)
        return differ

    def _export(self, x: Any) -> dict[str, Any] | None:
        """Shape, strides, dtype, device and address as the reference reads them from an export."""
        if (EXPORT, "") in self._skip or not hasattr(x, EXPORT):
            return None
        self._say(doing=[EXPORT, ""])
        try:
            seen = self._instrument.from_dlpack(x)
        except Exception:
            return None
        return {
            "shape": seen.shape,
            "strides": _moving(seen.shape, seen.strides),
            "dtype": seen.dtype,
            "device": _HOST if seen.device == (1, 0) else str(seen.device),
            "address": seen.address,
            "writable": not seen.readonly,
        }

    def _scripts(self, value: str, asked: Source) -> None:
        """Lines are text; a `LookupError` says that there are none."""
        whole = asked._replace(memory=None)
        for method, given in (("script_make", whole), ("script_api", asked.dtype)):
            call = getattr(self._library, method)
            self._say(doing=[method, value])
            try:
                lines = call(given)
            except LookupError:
                continue
            except Exception as error:
                self._wrong(method, value, "lines, or a LookupError", _text(error))
                continue
            texts = lines.values() if isinstance(lines, dict) else lines
            if isinstance(lines, str) or not all(isinstance(line, str) for line in texts):
                self._wrong(method, value, "lines of text", lines)

    def _elements(self, value: str, x: Any, prepared: Prepared) -> None:
        got = self._ask("read", value, self._library.read, x)
        asked: Any = prepared.raw if isinstance(got, bytes) else prepared.values
        if not isinstance(got, list | bytes):
            self._wrong("read", value, "a list of numbers, or bytes", got)
        elif asked is not None and got != asked:
            self._wrong("read", value, asked, got)
        if prepared.values:
            old = self._ask("get", f"{value}, index {prepared.index}", self._get, x, prepared)
            if old != (prepared.old_raw if isinstance(old, bytes) else prepared.old):
                self._wrong("get", f"{value}, index {prepared.index}", prepared.old, old)

    def _get(self, x: Any, prepared: Prepared) -> Any:
        return self._library.get(x, prepared.index)

    def _writes(self, value: str, x: Any, prepared: Prepared, memory: Any) -> None:
        """Write one element; where the memory is ours, the reference looks at it."""
        at, new, raw = prepared.index, prepared.new, prepared.new_raw
        where = f"{value}, index {at} = {new!r}"
        self._ask("write", where, self._library.write, x, at, new, raw)
        if memory is None:
            got = self._ask("get", f"{value}, index {at}", self._get, x, prepared)
            if got != (raw if isinstance(got, bytes) else new):
                self._wrong("write", where, f"get gives {new!r}", got)
            return
        dtype, _, _, _, shape, strides, *_ = prepared.head
        got = self._instrument.Array(memory, dtype, shape, strides).get(at)
        if got != new:
            self._wrong("write", where, f"the memory holds {new!r}", got)
        if memory.outside_changed():
            changed = memory.outside_changed()
            self._wrong("write", where, "no byte outside the elements", f"{changed} bytes changed")

    # Ways in.

    def _ways(self) -> None:
        """Bind each route that leads from the reference to the library, and call the plain ones."""
        reference = self._known["reference"]
        here = {"reference": reference, self._library.name: self._library}
        try:
            routes = find_routes(here)
        except LibraryFileError:
            return  # said where the file was asked for its routes
        for route, owner in routes:
            method = "routes" if owner else "accepts"
            for producer in here.values():
                if route.producers is not None and producer.name not in route.producers:
                    continue
                if route.consumers is not None and self._library.name not in route.consumers:
                    continue
                for request in route.requests:
                    value = f"{route.name} {request} from {producer.name}"
                    self._try(partial(self._way, method, value, route, producer, request))

    def _way(self, method: str, value: str, route: Route, producer: Library, request: str) -> None:
        if (method, value) in self._skip:
            return
        self._say(doing=[method, value])
        try:
            call = route.bind(producer, self._library, request)
        except (NotImplementedError, LookupError) as proof:
            if self._raised_here(proof) and isinstance(proof, KeyError):
                self._wrong(method, value, "a bound call, or why there is none", _text(proof))
            return
        except Exception as error:
            self._wrong(method, value, "a bound call, or why there is none", _text(error))
            return
        if request != "plain" or producer is self._library or not producer.makes():
            return
        prepared = self._catalogue.prepared(("float32", "vector", "plain", _HOST))
        memory = prepared.template.make()
        try:
            result = call(producer.make(Source._make((*prepared.head, memory, prepared.image))))
        except Exception as error:
            if self._raised_here(error):
                self._wrong(method, value, "a call of the library", _text(error))
            return
        if self._types is not None and not isinstance(result, self._types):
            self._wrong(method, value, f"an array: {_named(self._types)}", result)

    def _raised_here(self, error: BaseException) -> bool:
        """Whether the library file itself raised: its line is the innermost one."""
        frames = traceback.extract_tb(error.__traceback__)
        return bool(frames) and frames[-1].filename == getattr(self._library, "__file__", None)

    # Saying.

    def _ask(self, method: str, value: str, call: Callable[..., Any], *args: Any) -> Any:
        if (method, value) in self._skip:
            raise _WrongError
        self._say(doing=[method, value])
        try:
            return call(*args)
        except Exception as error:
            self._stop(method, value, "an answer", _text(error))

    def _items(self, method: str, given: Any) -> list[tuple[Any, Any]]:
        try:
            return list(dict(given).items())
        except (TypeError, ValueError):
            self._stop(method, "()", "a mapping", given)
        return []

    def _stop(self, method: str, value: str, expected: Any, got: Any) -> None:
        self._wrong(method, value, expected, got)
        raise _WrongError

    def _wrong(self, method: str, value: str, expected: Any, got: Any) -> None:
        shown = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
        self._say(complaint=[method, shown, _shown(expected), _shown(got)])

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except _WrongError:
            return


def _moving(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Strides with 0 where they move nothing."""
    return tuple(
        stride if extent > 1 else 0 for extent, stride in zip(shape, strides, strict=False)
    )


def _distance(address: int | None, memory: Any) -> str:
    if address is None:
        return "None"
    place = address - memory.first
    inside = 0 <= address - memory.address < memory.nbytes
    return f"{place} bytes from it" if inside else "memory elsewhere: a copy?"


def _texts(mapping: dict[Any, Any]) -> bool:
    return all(isinstance(text, str) for pair in mapping.items() for text in pair)


def _named(types: tuple[type, ...]) -> str:
    return ", ".join(kind.__qualname__ for kind in types)


def _text(error: BaseException) -> str:
    """Class and message, and the line of the file where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    line = f" (line {frames[-1].lineno} of {frames[-1].filename})" if frames else ""
    return f"raised {type(error).__name__}: {error}{line}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
