"""Consumers and memory: devices that they do not know, pages that may not be touched."""

from __future__ import annotations

from dlpack_conformance.probes import Probe
from dlpack_conformance.probes._consumers import (
    COPY_TRUE,
    VERSIONS,
    probe,
    taking,
)

__all__ = ["PROBES"]

_DEVICES = {
    "cuda": (2, 0),
    "opencl": (4, 0),
    "vulkan": (7, 0),
    "metal": (8, 0),
    "vpi": (9, 0),
    "rocm": (10, 0),
    "ext-dev": (12, 0),
    "oneapi": (14, 0),
    "webgpu": (15, 0),
    "hexagon": (16, 0),
    "maia": (17, 0),
    "trainium": (18, 0),
    "type-5": (5, 0),
    "type-99": (99, 0),
    "type-4096": (4096, 0),
}


_GUARDED: dict[str, tuple[str, str, str]] = {
    "after-vector": ("guard-after", "uint8", "vector"),
    "after-matrix": ("guard-after", "float64", "matrix"),
    "after-columns": ("guard-after", "float32", "columns"),
    "after-inner": ("guard-after", "int16", "inner"),
    "after-scalar": ("guard-after", "complex128", "scalar"),
    "after-one-odd": ("guard-after", "float32", "one-odd"),
    "after-broadcast": ("guard-after", "float32", "broadcast-columns"),
    "after-reversed": ("guard-after", "float32", "reversed"),
    "before-vector": ("guard-before", "uint8", "vector"),
    "before-cube": ("guard-before", "float64", "cube"),
    "before-columns": ("guard-before", "float32", "columns"),
    "before-reversed": ("guard-before", "float32", "reversed-step"),
    "gaps-block": ("ordinary", "int16", "block"),
    "gaps-step": ("ordinary", "uint8", "step"),
}


PROBES: list[Probe] = [
    *(
        probe("C-23", name, "memory that the CPU reads, of another device type", taking(device=to))
        for name, to in (("cuda-host", (3, 0)), ("cuda-managed", (13, 0)), ("rocm-host", (11, 0)))
    ),
    *(
        probe(
            "C-24",
            name,
            "a device that the consumer may not know",
            taking(device=device, with_twin=True),
        )
        for name, device in _DEVICES.items()
    ),
    *(
        probe(
            "C-28",
            f"mapped-{dtype}-{layout}-{version}",
            "pages that cannot be written",
            taking(
                dtype,
                layout,
                with_twin=True,
                kind="mapped-readonly",
                readonly=True,
                legacy_readonly="export",
                **VERSIONS[version],
            ),
        )
        for dtype, layout in (
            ("float32", "matrix"),
            ("float64", "columns"),
            ("uint8", "vector"),
            ("bool", "vector"),
            ("complex64", "scalar"),
        )
        for version in ("legacy", "1.0", "1.3")
    ),
    probe(
        "C-28",
        "mapped-copy-true",
        "pages that cannot be written, copied",
        taking(kind="mapped-readonly", readonly=True, ask=COPY_TRUE, with_twin=True),
        keywords=("copy",),
    ),
    *(
        probe("C-28", f"ordinary-{dtype}", "the elements afterwards", taking(dtype, "matrix"))
        for dtype in ("bool", "float16", "bfloat16", "complex64")
    ),
    *(
        probe(
            "C-29",
            f"{name}{suffix}",
            "memory around and between the elements",
            taking(dtype, layout, kind=kind, ask=ask, proves=True, with_twin=True),
            keywords=tuple(ask),
        )
        for suffix, ask in (("", {}), ("-copy-true", dict(COPY_TRUE)))
        for name, (kind, dtype, layout) in _GUARDED.items()
    ),
]
