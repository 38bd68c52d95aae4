"""Consumers and memory: devices that they do not know, pages that may not be touched."""

from __future__ import annotations

from collections.abc import Callable

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._consumers import (
    COPY_FALSE,
    COPY_TRUE,
    KINDS,
    VERSIONS,
    Giver,
    close,
    offer,
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


def _has_such(library: Library) -> str | None:
    """Proof that the library has arrays on a simulated device itself."""
    try:
        missing = library.reaches("simulated")  # type: ignore[attr-defined]
    except (AttributeError, NotImplementedError):
        return None
    return f"{library.name} has arrays on such a device" if missing is None else None


def _lying(says: tuple[int, int]) -> Callable[[Observer], None]:
    """``__dlpack_device__`` names another device than the one whose memory crosses."""

    def run(observer: Observer) -> None:
        giver = Giver(observer.crafted("float32", "vector", on="simulated"), device=lambda _: says)
        ledger = giver.array.ledger
        result = offer(observer, giver)
        observer.step("release")
        del giver
        result = None  # noqa: F841 - the last reference goes before deleter calls are counted
        close(observer, ledger)

    return run


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
            "C-24",
            f"simulated-{dtype}-{layout}-{kind}",
            "memory that the host can't touch, on a device that the consumer may not know",
            taking(dtype, layout, on="simulated", with_twin=True, **options),
            absent=_has_such,
        )
        for kind, options in KINDS.items()
        for dtype, layout in (
            ("float32", "vector"),
            ("float32", "columns"),
            ("int8", "scalar"),
            ("float64", "empty-3x0"),
        )
    ),
    *(
        probe(
            "C-24",
            f"simulated-{name}",
            "memory that the host can't touch, and keywords that change nothing about that",
            taking(on="simulated", with_twin=True, ask=ask),
            keywords=tuple(ask),
            absent=_has_such,
        )
        for name, ask in (
            ("copy-false", dict(COPY_FALSE)),
            ("device-none", {"device": None}),
        )
    ),
    *(
        probe(
            "C-52",
            f"method-{name}-struct-simulated",
            "struct and __dlpack_device__ differ, over memory that the host can't touch",
            _lying(says),
            malformed=True,
        )
        for name, says in (("cpu", (1, 0)), ("99", (99, 0)), ("cuda-host", (3, 0)))
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
