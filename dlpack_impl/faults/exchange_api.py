"""Faults of the C exchange API (X)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar

from dlpack_conformance.libraries import Entry, Makes, Source, reference
from dlpack_faults import Fault, FaultyArray, Planted, instrument, tamper

__all__ = ["FAULTS", "UNPLANTED"]

_ATTRIBUTE = "__dlpack_c_exchange_api__"


class _Hiding(type):
    """A class that does not show the table; its instances do."""

    defect: ClassVar[bool]

    def __getattribute__(cls, name: str) -> Any:
        if name == _ATTRIBUTE and super().__getattribute__("defect"):
            raise AttributeError(name)
        return super().__getattribute__(name)


class _OnInstances(FaultyArray, metaclass=_Hiding):
    """Its table is found on the instances alone."""


class _Tables:
    """An attribute that gives a table by what it is asked on, and how often."""

    def __init__(self, *, fresh: bool) -> None:
        self._fresh = fresh

    @staticmethod
    @cache
    def _one(of_instances: bool) -> Any:
        return instrument.make_exchange_table()

    def __get__(self, instance: Any, owner: Any) -> Any:
        if not owner.defect:
            return self._one(False)
        return instrument.make_exchange_table() if self._fresh else self._one(instance is not None)


class _FreshTables(FaultyArray):
    """Each look at its type gives another table."""

    __dlpack_c_exchange_api__ = _Tables(fresh=True)


class _TwoTables(FaultyArray):
    """Its instances have another table than their type."""

    __dlpack_c_exchange_api__ = _Tables(fresh=False)


def _takes_tables(**manner: bool) -> Callable[[], Mapping[str, Entry]]:
    """Entries of a consumer that uses tables."""

    def by_table(x: Any) -> Any:
        capsule = tamper.export_by_table(x, **manner)
        return instrument.from_dlpack(x) if capsule is None else instrument.from_capsule(capsule)

    return lambda: {
        "from_dlpack": Entry(instrument.from_dlpack),
        "capsule": Entry(instrument.from_capsule),
        "exchange-api": Entry(by_table),
    }


def _tables_alone() -> Mapping[str, Entry]:
    """Entries of a consumer that takes nothing without a table."""

    def by_table(x: Any) -> Any:
        capsule = tamper.export_by_table(x)
        if capsule is None:
            raise TypeError("type: no exchange table; limit: one of major version 1")
        return instrument.from_capsule(capsule)

    return {**_takes_tables()(), "exchange-api": Entry(by_table)}


class _Negative(FaultyArray):
    """An array whose bytes hold the negative of its values, where ``negative`` is set."""

    negative = False


def _negative_makes() -> list[Makes]:
    return [*reference.makes(), Makes("neg", ("float32",), ("matrix", "vector"))]


def _make_negative(library: Planted, source: Source) -> Any:
    """Make what ``__dlpack__`` refuses as negative; the twin's table refuses it, too."""
    if source.source != "neg":
        return None
    values = [-value for value in source.values]
    head = (source.dtype, source.shape, source.strides)
    memory = instrument.Template(*head, source.offset, values).make()
    version = (1, 3) if library.defect else (0, 8)
    array = library.array(memory, *head, raises=BufferError("negative"), version=version)
    array.negative = True
    return array


def _read_negative(x: Any) -> Any:
    values = reference.read(x)
    return [-value for value in values] if getattr(x, "negative", False) else values


FAULTS = [
    Fault(
        "table-on-instances",
        proves="X-02",
        text="shows its table on instances and hides it from the type",
        array=_OnInstances,
        states={"offers": lambda: {"__dlpack__": None}},
    ),
    Fault(
        "table-misnamed",
        proves="X-03",
        also=("C-20",),
        text="gives the capsule of its table another name",
        table={"name": "dlpack_c_exchange_api"},
    ),
    Fault(
        "table-fresh",
        proves="X-05",
        also=("X-06",),
        text="makes a new table whenever it is asked",
        array=_FreshTables,
    ),
    Fault(
        "table-by-instance",
        proves="X-06",
        text="shows instances another table than their type",
        array=_TwoTables,
    ),
    Fault(
        "uses-other-majors",
        proves="X-07",
        text="calls the functions of a table of whatever major version",
        replaces={"accepts": _takes_tables(checks_major=False)},
        states={"accepts": _takes_tables()},
    ),
    Fault(
        "chain-of-equals",
        proves="X-08",
        text="leads from a table to one of the same version",
        table={"chain": [(1, 3)]},
    ),
    Fault(
        "chain-rises",
        proves="X-08",
        text="leads from an older table to a newer one",
        table={"chain": [(1, 1), (1, 2)]},
    ),
    Fault(
        "no-stream-function",
        proves="X-10",
        also=("C-20",),
        text="leaves current_work_stream NULL",
        table={"null": ["stream"]},
    ),
    Fault(
        "no-allocator",
        proves="X-10",
        also=("C-20",),
        text="leaves the allocator NULL",
        table={"null": ["allocate"]},
    ),
    Fault(
        "table-throws",
        proves="X-11",
        text="lets a C++ exception out of the owning export when it refuses",
        table={"exports": "throws"},
    ),
    Fault(
        "export-fails-silently",
        proves="X-12",
        text="returns -1 from the owning export and leaves no exception",
        table={"exports": "fails-silently"},
    ),
    Fault(
        "export-leaves-error",
        proves="X-12",
        text="leaves an exception after an owning export that succeeded",
        table={"exports": "succeeds-with-error"},
    ),
    Fault(
        "import-fails-silently",
        proves="X-12",
        text="returns -1 from the import and leaves no exception",
        table={"imports": "fails-silently"},
    ),
    Fault(
        "borrow-leaves-error",
        proves="X-12",
        text="leaves an exception after a non-owning export that succeeded",
        table={"borrow": "succeeds-with-error"},
    ),
    Fault(
        "stream-fails-silently",
        proves="X-12",
        text="returns -1 from current_work_stream and leaves no exception",
        table={"stream": "fails-silently"},
    ),
    Fault(
        "export-keeps-reference",
        proves="X-13",
        text="takes one reference too many with each owning export",
        table={"exports": "leaks-reference"},
    ),
    Fault(
        "export-holds-nothing",
        proves="X-13",
        also=("C-43",),
        text="exports memory that it does not hold",
        table={"exports": "holds-nothing"},
    ),
    Fault(
        "table-exports-raw",
        proves="X-15",
        also=("C-42",),
        text="hands out by the table the bytes of what __dlpack__ refuses as negative",
        array=_Negative,
        make=_make_negative,
        states={"makes": _negative_makes, "read": _read_negative},
    ),
    Fault(
        "borrow-keeps-reference",
        proves="X-17",
        text="takes a reference with each non-owning export",
        table={"borrow": "leaks-reference"},
    ),
    Fault(
        "import-never-deletes",
        proves="X-19",
        also=("C-11",),
        text="imports by the table and never deletes the tensor",
        table={"imports": "forgets"},
    ),
    Fault(
        "import-leaks-result",
        proves="X-19",
        also=("C-11",),
        text="gives the imported array with one reference too many",
        table={"imports": "leaks-result"},
    ),
    Fault(
        "import-gives-tuple",
        proves="X-19",
        text="gives the imported array inside a tuple",
        table={"imports": "other-type"},
    ),
    Fault(
        "allocator-reads-strides",
        proves="X-21",
        text="refuses a prototype whose strides are not NULL",
        table={"allocate": "reads-strides"},
    ),
    Fault(
        "allocator-fails-silently",
        proves="X-22",
        text="fails to allocate without a call of SetError",
        table={"allocate": "fails-silently"},
    ),
    Fault(
        "allocates-readonly",
        proves="X-23",
        text="marks an allocated tensor as read-only",
        table={"allocate": "readonly"},
    ),
    Fault(
        "allocates-other-shape",
        proves="X-23",
        also=("X-21",),
        text="allocates a tensor with an axis less",
        table={"allocate": "other-shape"},
    ),
    Fault(
        "allocator-needs-gil",
        proves="X-24",
        verdict="permitted",
        text="takes the GIL to allocate",
        table={"allocate": "needs-gil"},
    ),
    Fault(
        "cpu-has-stream",
        proves="X-27",
        verdict="permitted",
        text="gives a stream for the CPU",
        table={"stream": "not-null"},
    ),
    Fault(
        "takes-tables-alone",
        proves="X-28",
        verdict="permitted",
        text="refuses what offers no table",
        replaces={"accepts": _tables_alone},
        states={"accepts": _takes_tables()},
    ),
    Fault(
        "imports-any-major",
        proves="X-32",
        also=("C-45",),
        text="imports a tensor of another major version by the table as if it were of this one",
        table={"imports": "any-major"},
    ),
    Fault(
        "table-without-gil",
        proves="X-33",
        text="calls the functions of a foreign table without the GIL",
        replaces={"accepts": _takes_tables(holds_gil=False)},
        states={"accepts": _takes_tables()},
    ),
]

UNPLANTED: dict[str, str] = {}
