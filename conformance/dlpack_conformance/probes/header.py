"""The header with which a library was built, and what of it shows in its capsules: group H."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlpack_conformance.libraries import Library
from dlpack_conformance.probes import Observer, Probe
from dlpack_conformance.probes._exports import (
    ASKED,
    ask,
    capsule_name,
    churn,
    dtypes,
    exporting,
    read,
)

__all__ = ["PROBES"]

_STRUCTS = {
    "H-01": "DLPackVersion",
    "H-02": "DLDevice",
    "H-03": "DLDataType",
    "H-04": "DLTensor",
    "H-05": "DLManagedTensor",
    "H-06": "DLManagedTensorVersioned",
    "H-14": "DLPackExchangeAPIHeader",
    "H-15": "DLPackExchangeAPI",
}
_COPY = {"max_version": (1, 3), "copy": True}


def _compiled(name: str) -> Callable[[Observer], None]:
    """Return a probe of one entry of what the compilers saw."""

    def run(observer: Observer) -> None:
        observer.facts.update(observer.library.abi()[name])  # type: ignore[attr-defined]

    return run


def _one_header_alone(library: Library) -> str | None:
    if "other-header" in library.abi():  # type: ignore[attr-defined]
        return None
    return "no second dlpack.h was found when this was built"


def _unconsumed(asked: str, dtype: str) -> Callable[[Observer], None]:
    """Return a probe that reads the name again after all that came into being with it is gone."""

    def run(observer: Observer) -> None:
        x = observer.source(dtype)
        observer.step("export")
        capsule = ask(observer, x, ASKED[asked])
        if type(capsule).__name__ != "PyCapsule":
            return
        observer.facts["capsule.first_name"] = capsule_name(capsule)
        read(observer, capsule)
        del x
        observer.forget()
        churn(observer)
        observer.facts["capsule.name"] = capsule_name(capsule)

    return run


class _Keeping:
    """Shows the two methods of an array and keeps the capsule that it gave."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.capsule: Any = None
        self.first_name = ""

    def __dlpack__(self, **keywords: Any) -> Any:
        self.capsule = self._array.__dlpack__(**keywords)
        self.first_name = capsule_name(self.capsule)
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        device: tuple[int, int] = self._array.__dlpack_device__()
        return device


def _consumed(version: tuple[int, int]) -> Callable[[Observer], None]:
    """Return a probe that reads the name of a consumed capsule after the result is gone."""

    def run(observer: Observer) -> None:
        offered = _Keeping(observer.crafted(version=version))
        result = observer.consume(offered)
        if result is not None:
            observer.look(result)
        del result
        if offered.capsule is None:
            return
        observer.step("release")
        observer.facts["capsule.first_name"] = offered.first_name
        churn(observer)
        observer.facts["capsule.name"] = capsule_name(offered.capsule)

    return run


def _of_headers() -> list[Probe]:
    probes = [
        Probe(rule, struct, _compiled(struct), f"size and offsets of {struct}", needs="abi")
        for rule, struct in _STRUCTS.items()
    ]
    probes += [
        Probe("H-16", struct, _compiled(struct), f"{struct} in C and in C++", needs="abi")
        for struct in _STRUCTS.values()
    ]
    probes += [
        Probe(rule, "constants", _compiled(name), text, needs="abi")
        for rule, name, text in (
            ("H-09", "DLDeviceType", "numbers of the device types"),
            ("H-11", "DLDataTypeCode", "numbers of the type codes"),
            ("H-12", "flags", "bits of the flags"),
        )
    ]
    probes.append(
        Probe(
            "H-10",
            "DLDeviceType",
            _compiled("DLDeviceType"),
            "base type of DLDeviceType",
            needs="abi",
        )
    )
    probes.append(
        Probe(
            "H-08",
            "other-header",
            _compiled("other-header"),
            "the versioned struct in another dlpack.h",
            needs="abi",
            absent=_one_header_alone,
        )
    )
    return probes


def _export(rule: str, variant: str, text: str, source: str = "plain", **options: Any) -> Probe:
    dtype = options.get("dtype", "float32")
    layout = options.get("layout", "matrix")
    return Probe(
        rule,
        variant,
        exporting(source=source, **options),
        text,
        needs="export",
        makes=(dtype, layout, source),
    )


def _of_exports() -> list[Probe]:
    probes = [
        _export("H-09", asked, f"device type of a {asked} export", keywords=keywords)
        for asked, keywords in ASKED.items()
    ]
    probes += [
        _export("H-11", f"{dtype}-{asked}", f"code of {dtype}", dtype=dtype, keywords=keywords)
        for dtype, row in dtypes().items()
        for asked, keywords in ASKED.items()
        if row["dlpack"] and not (row["padded"] and asked == "legacy")
    ]
    for source in ("readonly", "mapped-readonly", "memmap-readonly"):
        probes.append(_export("H-12", source, "flags of a read-only source", source))
        probes.append(_export("H-13", source, "flags of a read-only source", source))
    probes.append(_export("H-12", "copy-true", "flags of a copy", keywords=_COPY))
    probes += [
        _export("H-12", dtype, "flags of elements in a byte each", dtype=dtype, layout="vector")
        for dtype, row in dtypes().items()
        if row["padded"]
    ]
    probes += [
        _export("H-13", source, "flags of a writable source", source)
        for source in ("plain", "owned", "memmap", "subclass", "guard-after")
    ]
    probes += [
        _export("H-13", layout, f"flags of layout {layout}", layout=layout)
        for layout in ("scalar", "vector", "empty-0x3", "fortran", "columns", "reversed", "rank-8")
    ]
    probes += [
        _export("H-13", dtype, f"flags of {dtype}", dtype=dtype, layout="vector")
        for dtype in ("bool", "int64", "complex128", "bfloat16", "float8_e5m2", "float4_e2m1fnx2")
    ]
    probes.append(_export("H-13", "copy-true", "flags of a copy", keywords=_COPY))
    for minor in (0, 1, 2, 3):
        keywords = {"max_version": (1, minor)}
        text = f"an export asked for with version 1.{minor}"
        probes.append(_export("H-13", f"asked-1.{minor}", f"flags of {text}", keywords=keywords))
        probes.append(_export("H-17", f"asked-1.{minor}", text, keywords=keywords))
    return probes


def _of_names() -> list[Probe]:
    return [
        *(
            Probe(
                "H-18",
                f"export-{dtype}-{asked}",
                _unconsumed(asked, dtype),
                f"name of a {asked} capsule of {dtype}, again after its source is gone",
                needs="export",
                makes=(dtype, "matrix", "plain"),
            )
            for dtype in ("float32", "uint64", "bool")
            for asked in ASKED
        ),
        *(
            Probe(
                "H-18",
                f"import-{asked}",
                _consumed(version),
                f"name of a {asked} capsule that the library took, after its result is gone",
                needs="from_dlpack",
            )
            for asked, version in (("legacy", (0, 8)), ("versioned", (1, 3)))
        ),
    ]


PROBES = [*_of_headers(), *_of_exports(), *_of_names()]
