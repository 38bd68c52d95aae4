"""Consumers and dtypes: codes, widths and lanes that few have, padding, ends of the range."""

from __future__ import annotations

import struct
import sys
from typing import Any

from dlpack_conformance.probes import Probe
from dlpack_conformance.probes._consumers import (
    COPY_TRUE,
    KINDS,
    LEGACY,
    probe,
    raw_offer,
    taking,
)

__all__ = ["PROBES"]


def _nibbles(data: bytes, signed: bool) -> list[int]:
    """Elements of 4 bits, the low half of a byte first."""
    halves = [half for byte in data for half in (byte & 15, byte >> 4)]
    return [half - 16 if signed and half > 7 else half for half in halves]


def _bits(data: bytes) -> list[bool]:
    return [bool(byte >> bit & 1) for byte in data for bit in range(8)]


def _quad(value: int) -> bytes:
    """Small positive power of two as IEEE binary128, little-endian."""
    return (0x3FFF + value.bit_length() - 1 << 112).to_bytes(16, "little")


def _ints(values: range, size: int) -> bytes:
    return b"".join(value.to_bytes(size, "little") for value in values)


_EIGHT = bytes(range(16, 24))


_F32 = struct.pack("<8f", *range(8))


_Raw = tuple[bytes, tuple[int, int, int], tuple[int, ...], list[Any] | None]


_FOREIGN: dict[str, _Raw] = {
    "code-200": (_F32, (200, 32, 1), (8,), None),
    "code-18": (_EIGHT, (18, 8, 1), (8,), None),
    "code-19": (_F32, (19, 32, 1), (8,), None),
    "code-255": (_EIGHT, (255, 8, 1), (8,), None),
    "int-bits-1": (_EIGHT, (0, 1, 1), (64,), [-int(bit) for bit in _bits(_EIGHT)]),
    "int-bits-4": (_EIGHT, (0, 4, 1), (16,), _nibbles(_EIGHT, signed=True)),
    "uint-bits-4": (_EIGHT, (1, 4, 1), (16,), _nibbles(_EIGHT, signed=False)),
    "uint-bits-1": (_EIGHT, (1, 1, 1), (64,), [int(bit) for bit in _bits(_EIGHT)]),
    "int-bits-24": (_ints(range(8), 3), (0, 24, 1), (8,), list(range(8))),
    "int-bits-128": (_ints(range(4), 16), (0, 128, 1), (4,), list(range(4))),
    "uint-bits-128": (_ints(range(4), 16), (1, 128, 1), (4,), list(range(4))),
    "uint-bits-7": (_EIGHT, (1, 7, 1), (8,), None),
    "float-bits-8": (_EIGHT, (2, 8, 1), (8,), None),
    "float-bits-24": (_ints(range(8), 3), (2, 24, 1), (8,), None),
    "float-bits-80": (bytes(80), (2, 80, 1), (8,), [0.0] * 8),
    "float-bits-128": (
        b"".join(map(_quad, (1, 2, 4, 8))),
        (2, 128, 1),
        (4,),
        [1.0, 2.0, 4.0, 8.0],
    ),
    "bfloat-bits-32": (_F32, (4, 32, 1), (8,), None),
    "bfloat-bits-8": (_EIGHT, (4, 8, 1), (8,), None),
    "complex-bits-16": (bytes(16), (5, 16, 1), (8,), None),
    "complex-bits-96": (bytes(96), (5, 96, 1), (8,), None),
    "bool-bits-1": (_EIGHT, (6, 1, 1), (64,), _bits(_EIGHT)),
    "bool-bits-16": (_ints(range(8), 2), (6, 16, 1), (8,), [bool(n) for n in range(8)]),
    "bool-bits-32": (_ints(range(8), 4), (6, 32, 1), (8,), [bool(n) for n in range(8)]),
    "fp8-bits-16": (_ints(range(8), 2), (10, 16, 1), (8,), None),
    "float32-lanes-2": (_F32, (2, 32, 2), (4,), [float(n) for n in range(8)]),
    "float32-lanes-4": (_F32, (2, 32, 4), (2,), [float(n) for n in range(8)]),
    "float32-lanes-3": (_F32[:24], (2, 32, 3), (2,), [float(n) for n in range(6)]),
    "int8-lanes-4": (_EIGHT, (0, 8, 4), (2,), list(_EIGHT)),
    "uint8-lanes-256": (bytes(512), (1, 8, 256), (2,), [0] * 512),
    "bool-lanes-8": (bytes([0, 1] * 4), (6, 8, 8), (1,), [False, True] * 4),
    "opaque-bits-32": (_F32, (3, 32, 1), (8,), None),
}
"""Codes, widths and lanes that no type of DLPack 1.3 has, or few libraries."""


def _extremes() -> dict[str, tuple[_Raw, str]]:
    """Elements at the ends of each dtype's range, and its name."""
    found: dict[str, tuple[_Raw, str]] = {}
    for bits, letter in ((8, "b"), (16, "h"), (32, "i"), (64, "q")):
        top = 1 << bits - 1
        low_high: list[Any] = [-top, top - 1, -1, 0]
        data = struct.pack(f"<4{letter}", *low_high)
        found[f"int{bits}"] = (data, (0, bits, 1), (4,), low_high), f"int{bits}"
        whole: list[Any] = [0, 2 * top - 1, top, top - 1]
        data = struct.pack(f"<4{letter.upper()}", *whole)
        found[f"uint{bits}"] = (data, (1, bits, 1), (4,), whole), f"uint{bits}"
    for bits, letter, least, most in (
        (16, "e", 2.0**-24, 65504.0),
        (32, "f", 2.0**-149, (2 - 2.0**-23) * 2.0**127),
        (64, "d", 2.0**-1074, sys.float_info.max),
    ):
        numbers: list[Any] = [
            least,
            -least,
            most,
            -most,
            float("inf"),
            float("-inf"),
            -0.0,
            3 * least,
        ]
        data = struct.pack(f"<8{letter}", *numbers)
        found[f"float{bits}"] = (data, (2, bits, 1), (8,), numbers), f"float{bits}"
        if bits > 16:
            pairs: list[Any] = [complex(*numbers[i : i + 2]) for i in range(0, 8, 2)]
            raw = (data, (5, 2 * bits, 1), (4,), pairs)
            found[f"complex{2 * bits}"] = raw, f"complex{2 * bits}"
    return found


_WIDTHS = {
    "fp6-e2m3-bits-8": (15, 8, 1),
    "fp6-e2m3-bits-4": (15, 4, 1),
    "fp6-e3m2-bits-8": (16, 8, 1),
    "fp6-e3m2-bits-16": (16, 16, 1),
    "fp4-bits-8": (17, 8, 1),
    "fp4-bits-6": (17, 6, 1),
    "fp4-bits-2": (17, 2, 1),
    "fp4-bits-8-lanes-2": (17, 8, 2),
}
"""fp6 and fp4 with other widths than their own."""


_PADDED: dict[str, _Raw] = {
    "int4": (bytes([1, 2, 3, 4, 5, 6]), (0, 4, 1), (6,), [1, 2, 3, 4, 5, 6]),
    "uint4": (bytes([1, 2, 3, 4, 5, 6]), (1, 4, 1), (6,), [1, 2, 3, 4, 5, 6]),
    "bool-bits-1": (
        bytes([0, 1, 1, 0, 1, 0]),
        (6, 1, 1),
        (6,),
        [False, True, True, False, True, False],
    ),
    "int8": (bytes([1, 2, 3]), (0, 8, 1), (3,), [1, 2, 3]),
}


_FP_PADDED = ("float6_e2m3fn-padded", "float6_e3m2fn-padded", "float4_e2m1fn-padded")


PROBES: list[Probe] = [
    *(
        probe(
            "C-21",
            f"{name}-1.{minor}",
            "fp6 or fp4 with another width",
            raw_offer(_EIGHT * 4, dtype, (8,), None, version=(1, minor), legacy="never"),
        )
        for name, dtype in _WIDTHS.items()
        for minor in (1, 3)
    ),
    *(
        probe("C-22", f"{name}-{kind}", "a dtype that few or none have", raw_offer(*raw, **options))
        for kind, options in KINDS.items()
        for name, raw in _FOREIGN.items()
    ),
    *(
        probe(
            "C-42",
            f"extremes-{variant}{suffix}",
            "elements at the ends of the range",
            raw_offer(*raw, name=name, ask=ask, **options),
            keywords=tuple(ask),
        )
        for suffix, ask, options in (
            ("", {}, {}),
            ("-legacy", {}, dict(LEGACY)),
            ("-copy-true", dict(COPY_TRUE), {}),
        )
        for variant, (raw, name) in _extremes().items()
    ),
    *(
        probe("C-23", f"dtype-{name}", "class of a refusal", raw_offer(*_FOREIGN[name]))
        for name in ("code-200", "int-bits-24", "float32-lanes-4", "bool-bits-1")
    ),
    *(
        probe("C-48", name, "padded elements", taking(name, "vector", legacy="never"))
        for name in _FP_PADDED
    ),
    *(
        probe(
            "C-48",
            f"{name}-flagged",
            "padded elements",
            raw_offer(*raw, flags=4, legacy="never"),
        )
        for name, raw in _PADDED.items()
    ),
]
