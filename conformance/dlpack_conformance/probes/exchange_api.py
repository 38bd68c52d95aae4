"""The exchange table of a type, and what its attribute holds: protocol cases of group X."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exchange_table import (
    ATTRIBUTE,
    NEWEST,
    OLD_ATTRIBUTE,
    address_of,
    lookup,
    makes,
    name_of,
    table_of,
)

__all__ = ["PROBES"]

_INSTANCES = (
    ("float32", "matrix"),
    ("int64", "vector"),
    ("bool", "scalar"),
    ("float64", "empty-0x3"),
    ("uint8", "permuted"),
)


def _attribute(observer: Observer) -> None:
    """Record where the attribute lies and what it holds."""
    seen = observer.facts
    x = observer.source()
    kind = type(x)
    seen["table.present"] = hasattr(kind, ATTRIBUTE)
    seen["table.on_instance"] = not hasattr(kind, ATTRIBUTE) and hasattr(x, ATTRIBUTE)
    if hasattr(x, ATTRIBUTE):
        name = name_of(observer, getattr(x, ATTRIBUTE))
        seen["table.capsule"] = "NULL" if name is None else name


def _attribute_where_offered(observer: Observer) -> None:
    _attribute(observer)
    seen = observer.facts
    if not seen["table.present"] and not seen["table.on_instance"]:
        seen["route.absent"] = f"neither the type nor its instances have {ATTRIBUTE}"


def _old_attribute(observer: Observer) -> None:
    kind = type(observer.source())
    held = getattr(kind, OLD_ATTRIBUTE, None)
    observer.facts["table.old_name"] = (
        type(held).__name__ if hasattr(kind, OLD_ATTRIBUTE) else "absent"
    )


def _stays(observer: Observer, *, lookups: int = 0, exports: int = 0) -> None:
    """Look at the table, drop the array and all that the table gave, and look at it again."""
    x = observer.source()
    kind = type(x)
    table = table_of(observer, kind)
    if table is None:
        return
    described = table.describe()
    for _ in range(lookups):
        lookup(kind)
    for _ in range(exports):
        table.call("export", x)
    observer.forget()
    del x
    gc.collect()
    observer.step("read")
    again = address_of(observer, lookup(kind))
    observer.facts["table.stays"] = again == table.address and table.describe() == described


def _one_table(observer: Observer) -> None:
    """Instances of several dtypes and layouts, asked on the type and on the instance."""
    addresses: dict[type, set[int | None]] = {}
    for dtype, layout in _INSTANCES:
        if not makes(observer.library, "plain", dtype, layout):
            continue
        x = observer.source(dtype, layout)
        if table_of(observer, type(x)) is None:
            return
        found = addresses.setdefault(type(x), set())
        found.update(address_of(observer, getattr(one, ATTRIBUTE, None)) for one in (type(x), x))
    observer.facts["table.same"] = all(len(found) == 1 for found in addresses.values())


def _one_table_of_results(observer: Observer) -> None:
    """An array that the table itself made has the table of its type, too."""
    kind = observer.library.types()[0]
    table = table_of(observer, kind)
    if table is None:
        return
    result = table.call("take", observer.crafted().__dlpack__(max_version=NEWEST))
    if type(result) is kind:
        other = address_of(observer, getattr(result, ATTRIBUTE, None))
        observer.facts["table.same"] = other == table.address


def _described(observer: Observer) -> None:
    """Version, chain and empty slots of the table of the library's type."""
    table_of(observer, type(observer.source()))


def _subclass(observer: Observer) -> None:
    """Record whether a subclass made by ``class`` has the table of its base."""
    base = type(observer.source())
    table = table_of(observer, base)
    if table is None:
        return
    try:
        kind = type("Subclass", (base,), {})
    except TypeError as error:
        observer.facts["route.absent"] = f"the type has no subclasses: {error}"
        return
    observer.facts["table.present"] = lookup(kind) is not None
    observer.facts["table.same"] = address_of(observer, lookup(kind)) == table.address


def _probe(
    rule: str, variant: str, run: Callable[[Observer], None], text: str, needs: Any = "exchange-api"
) -> Probe:
    return Probe(rule, variant, run, text, needs=needs)


PROBES = [
    _probe("X-01", "presence", _attribute, "the attribute of the type", "export"),
    _probe(
        "X-02", "type", _attribute_where_offered, "the attribute, on the type and off it", "export"
    ),
    _probe("X-03", "capsule", _attribute_where_offered, "what the attribute holds", "export"),
    _probe("X-04", "old-name", _old_attribute, "the attribute's name in 1.2", "export"),
    _probe("X-05", "instances-gone", _stays, "the table after all instances are gone"),
    _probe("X-05", "lookups", partial(_stays, lookups=1000), "the table after a thousand lookups"),
    _probe(
        "X-05", "used", partial(_stays, exports=3), "the table after it was used and all is gone"
    ),
    _probe("X-06", "instances", _one_table, "the tables of several instances"),
    _probe("X-06", "results", _one_table_of_results, "the table of an array that a table made"),
    _probe("X-08", "chain", _described, "the tables that prev_api leads to"),
    _probe("X-10", "functions", _described, "the five functions"),
    _probe("X-29", "subclass", _subclass, "the table of a subclass"),
]
