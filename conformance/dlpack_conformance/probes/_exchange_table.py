"""Calls of a library's exchange table, each recorded in the facts of a case."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer

__all__ = [
    "ATTRIBUTE",
    "NEWEST",
    "OLD_ATTRIBUTE",
    "Table",
    "address_of",
    "live_memories",
    "lookup",
    "made",
    "makes",
    "name_of",
    "table_of",
]

ATTRIBUTE = "__dlpack_c_exchange_api__"
OLD_ATTRIBUTE = "__c_dlpack_exchange_api__"
_CAPSULE = "dlpack_exchange_api"
NEWEST = (9, 0)
"""Asked as max_version, it gives the tensor of the version that the reference was told to state."""

_SLOTS = {
    "allocate": "managed_tensor_allocator",
    "export": "managed_tensor_from_py_object_no_sync",
    "take": "managed_tensor_to_py_object_no_sync",
    "borrow": "dltensor_from_py_object_no_sync",
    "stream": "current_work_stream",
}
_OF_THE_TABLE = ("table.version", "table.chain", "table.chain_ends", "table.null")


class Table:
    """The table of a type; a call fills the facts ``table`` and ``route``, those before it go."""

    def __init__(self, observer: Observer, capsule: Any) -> None:
        self._observer = observer
        self._table = observer.core.ExchangeTable(capsule)
        self.address: int = self._table.address

    def describe(self) -> dict[str, Any]:
        """Version, chain and slots that are NULL, as facts."""
        facts = self._observer.core.Facts()
        self._table.describe(facts)
        described: dict[str, Any] = facts.to_dict()
        return described

    def forget(self) -> None:
        """Drop the facts of the call before."""
        seen = self._observer.facts
        for name in [n for n in seen if n.startswith(("table.", "route.", "export."))]:
            if name not in _OF_THE_TABLE:
                del seen[name]

    def call(self, function: str, *args: Any, **keywords: Any) -> Any:
        """Call one function of the table; None where it failed, or is NULL.

        ``function``: ``export(x)``, ``borrow(x, owned, origin, span, raw)``, ``take(capsule)``,
        ``allocate(dtype, shape, ...)`` or ``stream(device)``.
        """
        seen = self._observer.facts
        self.forget()
        if _SLOTS[function] in seen["table.null"]:
            seen["route.absent"] = f"{_SLOTS[function]} of the table is NULL"
            return None
        facts = self._observer.core.Facts()
        try:
            return self._observer.call(getattr(self._table, function), facts, *args, **keywords)
        finally:
            seen.update(facts.to_dict())

    def quietly(self, function: str, *args: Any) -> Any:
        """Call one function without a word in the facts; what it leaves pending is raised."""
        return getattr(self._table, function)(self._observer.core.Facts(), *args)

    def raw(self, function: str, *args: Any) -> dict[str, Any]:
        """Call one function in a forked child, with whatever it is given; the facts of the call."""

        def run() -> dict[str, Any]:
            facts = self._observer.core.Facts()
            try:
                getattr(self._table, function)(facts, *args)
            except Exception as error:  # noqa: BLE001 - whatever the library raises is the answer
                return {**facts.to_dict(), "route.error": type(error).__name__}
            return dict(facts.to_dict())

        return self._observer.apart(run)


def lookup(kind: type) -> Any:
    """What the type offers under the name of 1.3, None where it has no such attribute."""
    return getattr(kind, ATTRIBUTE, None)


def address_of(observer: Observer, value: Any) -> int | None:
    """Address of the table in what the attribute holds, None where that is no such capsule."""
    if name_of(observer, value) != _CAPSULE:
        return None
    address: int = observer.core.ExchangeTable(value).address
    return address


def table_of(observer: Observer, kind: type) -> Table | None:
    """The table of a type, described in the facts; None where it offers none that can be called."""
    seen = observer.facts
    capsule = lookup(kind)
    if name_of(observer, capsule) != _CAPSULE:
        seen["route.absent"] = f"{ATTRIBUTE} holds no capsule named {_CAPSULE}"
        return None
    table = Table(observer, capsule)
    seen.update(table.describe())
    if seen["table.version"][0] != 1:
        seen["route.absent"] = f"the table is of major version {seen['table.version'][0]}"
        return None
    return table


def name_of(observer: Observer, value: Any) -> str | None:
    """Name of a capsule, None for NULL; of another object the name of its type."""
    if type(value).__name__ != "PyCapsule":
        return type(value).__name__
    name: str | None = observer.instrument.capsule_name(value)
    return name


def live_memories(observer: Observer) -> int:
    """How many allocations of ours are alive in this process."""
    count: int = observer.instrument.totals()["live_memories"]
    return count


@cache
def _makes(library: Any) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {}
    for row in library.makes():
        rows.setdefault(row.source, []).append(row)
    return rows


def made(source: str, dtype: str, layout: str) -> Callable[[Library], str | None]:
    """Leave a case out where the library cannot make its source, for `Probe.absent`."""

    def absent(library: Library) -> str | None:
        if not makes(library, source, dtype, layout):
            raise NotImplementedError(f"{library.name} makes no {dtype} {layout} of {source}")
        return None

    return absent


def makes(library: Any, source: str, dtype: str, layout: str) -> bool:
    """Say whether the library can make this source."""
    for row in _makes(library).get(source, []):
        ours = row.layouts is None or layout in row.layouts
        without = any(
            out_dtype in ("*", dtype) and out_layout in ("*", layout)
            for out_dtype, out_layout, _ in row.excluded
        )
        if dtype in row.dtypes and ours and not without:
            return True
    return False
