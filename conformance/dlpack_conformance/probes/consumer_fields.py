"""Consumers and the fields of a valid tensor: offset, strides, shape and data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    KINDS,
    VERSIONS,
    probe,
    taking,
)

__all__ = ["PROBES"]

_BEFORE_1_2 = ("legacy", "1.0", "1.1")


_ROW_MAJOR = ("one", "vector", "matrix", "cube", "images", "rank-5", "empty-0x3")


_STRIDED = (
    "fortran",
    "fortran-cube",
    "permuted",
    "swapped-axes",
    "channels-last",
    "step",
    "rows",
    "columns",
    "inner",
    "diagonal",
    "block",
    "fortran-columns",
    "broadcast-vector",
    "broadcast",
    "broadcast-rows",
    "broadcast-columns",
    "one-odd",
    "row-1x6",
    "middle-2x1x3",
    "rank-8-permuted",
)


_NEGATIVE = (
    "one-negative",
    "column-6x1",
    "empty-reversed",
    "reversed",
    "reversed-step",
    "reversed-rows",
    "reversed-columns",
    "reversed-both",
    "reversed-cube",
)


_OFFSET_LAYOUTS = ("offset-one", "offset-odd", "inner", "reversed")


_OFFSET_DTYPES = ("float32", "float64", "int8", "uint16", "complex128", "bool")


_SCALARS = ("float32", "float64", "int8", "uint64", "complex128", "bool")


_EMPTY = {"empty-0": "vector", "empty-0x3": "matrix", "empty-3x0": "matrix", "empty-2x0x3": "cube"}
"""Layouts without elements, and one of the same rank with some."""


_RANKS = ("rank-5", "rank-8", "rank-16", "rank-32", "rank-33", "rank-64")


_STANDARD = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
)


def _split(dtype: str, layout: str, offset: int, **options: Any) -> Callable[[Observer], None]:
    """``data`` lies ``offset`` bytes before element 0, and ``byte_offset`` says so."""
    states = {"data_offset": -offset, "byte_offset": offset}
    return taking(dtype, layout, states=states, **options)


def _scalar(null: bool, **options: Any) -> dict[str, Any]:
    return {"null_shape": null, "null_strides": null, **options}


_ONE_NULL: dict[str, dict[str, Any]] = {
    "null_shape": {"null_shape": True},
    "null_strides": {"null_strides": True},
}


PROBES: list[Probe] = [
    *(
        probe(
            "C-15",
            f"{dtype}-{layout}-{kind}",
            "byte_offset carries the whole offset",
            taking(dtype, layout, offset_in="byte_offset", **options),
        )
        for kind, options in KINDS.items()
        for dtype in _OFFSET_DTYPES
        for layout in _OFFSET_LAYOUTS
    ),
    *(
        probe(
            "C-15",
            f"split-{dtype}-{layout}-{offset}-{kind}",
            "data lies before element 0, byte_offset says how far",
            _split(dtype, layout, offset, **options),
        )
        for kind, options in KINDS.items()
        for dtype, layout, offset in (
            ("float32", "vector", 8),
            ("float32", "vector", 64),
            ("uint8", "matrix", 3),
            ("float64", "scalar", 16),
            ("int16", "columns", 2),
            ("complex64", "matrix", 8),
        )
    ),
    *(
        probe(
            "C-16",
            f"{layout}-{kind}",
            "strides other than row-major",
            taking(layout=layout, **options),
        )
        for kind, options in KINDS.items()
        for layout in (*_STRIDED, *_NEGATIVE)
    ),
    *(
        probe("C-16", f"{dtype}-{layout}", "strides in elements", taking(dtype, layout))
        for dtype in ("int8", "int16", "float64", "complex128")
        for layout in ("columns", "fortran", "broadcast-columns")
    ),
    *(
        probe(
            rule,
            f"{layout}-{version}",
            "NULL strides where the version allows them",
            taking(
                dtype,
                layout,
                null_strides=True,
                with_twin=rule == "C-54",
                **VERSIONS[version],
            ),
        )
        for rule in ("C-17", "C-54")
        for version in _BEFORE_1_2
        for dtype, layout in (*(("float32", name) for name in _ROW_MAJOR), ("int16", "rank-8"))
    ),
    *(
        probe(
            "C-17",
            f"offset-odd-{version}",
            "NULL strides, and an offset",
            taking(
                layout="offset-odd",
                null_strides=True,
                offset_in="byte_offset",
                **VERSIONS[version],
            ),
        )
        for version in _BEFORE_1_2
    ),
    *(
        probe(
            "C-18",
            f"{layout}-1.{minor}",
            "NULL strides where the version forbids them",
            taking(
                layout=layout,
                null_strides=True,
                break_rules=True,
                version=(1, minor),
                legacy="never",
            ),
        )
        for minor in (2, 3, 99)
        for layout in ("vector", "matrix", "cube")
    ),
    *(
        probe(
            "C-19",
            f"{dtype}-1.{minor}",
            "a scalar whose shape and strides are NULL",
            taking(
                dtype, "scalar", with_twin=True, legacy="never", **_scalar(True, version=(1, minor))
            ),
        )
        for minor in (2, 3)
        for dtype in _SCALARS
    ),
    *(
        probe(
            "C-19",
            f"{field}-alone",
            "a scalar of which one pointer is NULL",
            taking(layout="scalar", with_twin=True, legacy="never", **null),
        )
        for field, null in _ONE_NULL.items()
    ),
    *(
        probe(
            "C-20",
            f"{layout}-{'null' if null else 'address'}-{version}",
            "no elements, and data that is NULL or not",
            taking(layout=layout, null_data=null, with_twin=full, **VERSIONS[version]),
        )
        for layout, full in _EMPTY.items()
        for null in (False, True)
        for version in ("legacy", "1.0", "1.3")
    ),
    *(
        probe(
            "C-20",
            f"{dtype}-null",
            "no elements of this dtype",
            taking(dtype, "empty-0", null_data=True, with_twin="vector"),
        )
        for dtype in _STANDARD
    ),
    *(
        probe("C-23", name, "class of a refusal", taking(layout=name))
        for name in ("rank-33", "rank-64", "broadcast")
    ),
    *(
        probe(
            "C-45", f"{layout}-{kind}", "a tensor to be survived", taking(layout=layout, **options)
        )
        for kind, options in KINDS.items()
        for layout in (*_NEGATIVE, *_RANKS)
    ),
    *(
        probe("C-45", f"{dtype}-{layout}", "a tensor to be survived", taking(dtype, layout))
        for dtype in ("int8", "float64", "complex128", "bool")
        for layout in ("reversed", "reversed-both")
    ),
    *(
        probe(
            "C-45",
            f"rank-{rank}",
            "extents of 1 on many axes",
            taking(states={"shape": (1,) * rank, "strides": (1,) * rank}),
        )
        for rank in (65, 100, 129, 1000)
    ),
    probe("C-45", "null-deleter", "a NULL deleter", taking(deleter="null", counts=False)),
    probe(
        "C-45",
        "null-deleter-refused",
        "a NULL deleter, and a dtype that is not taken",
        taking(deleter="null", counts=False, states={"dtype": (200, 32, 1)}),
    ),
    probe(
        "C-45",
        "null-context-refused",
        "a NULL context, and a dtype that is not taken",
        taking(states={"dtype": (200, 32, 1), "context": None}),
    ),
    probe(
        "C-45",
        "reversed-refused",
        "negative strides, and a dtype that is not taken",
        taking(layout="reversed", states={"dtype": (200, 32, 1)}),
    ),
    *(
        probe(
            "C-49",
            f"{dtype}-{place}-{kind}",
            "data that is not aligned to the element",
            taking(dtype, layout, skew=1, offset_in=place, **options),
        )
        for kind, options in KINDS.items()
        for place in ("data", "byte_offset")
        for dtype, layout in (
            ("int16", "vector"),
            ("float32", "matrix"),
            ("float64", "columns"),
            ("complex128", "vector"),
        )
    ),
]
