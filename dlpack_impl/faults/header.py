"""Faults of the header (H)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from dlpack_conformance import modules
from dlpack_faults import Fault, FaultyArray, tamper

__all__ = ["FAULTS", "UNPLANTED"]

_U8, _U16, _U32, _I32 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_int32
_I64, _U64, _POINTER = ctypes.c_int64, ctypes.c_uint64, ctypes.c_void_p
_TENSOR, _DEVICE, _DTYPE, _VERSION = _U8 * 48, _I32 * 2, _U16 * 2, _U32 * 2

Entries = dict[str, dict[str, Any]]


def _compiled(*fields: tuple[str, Any], order: str) -> dict[str, Any]:
    """Facts of a struct with these fields; ``order``: the published names of its members."""
    struct = type("Struct", (ctypes.Structure,), {"_fields_": fields})
    offsets = tuple(getattr(struct, name).offset for name in order.split())
    return {"abi.size": ctypes.sizeof(struct), "abi.offsets": offsets, "abi.same_in_c": True}


def _built_with(name: str, **facts: Any) -> Callable[[], Entries]:
    """Return what the compilers see of a header in which one entry is another."""

    def abi() -> Entries:
        entries: Entries = modules().core.abi()
        seen = {f"abi.{key}": value for key, value in facts.items()}
        return {**entries, name: {**entries.get(name, {}), **seen}}

    return abi


def _struct(rule: str, name: str, order: str, text: str, *fields: tuple[str, Any]) -> Fault:
    """Return a library that was built with another layout of one struct."""
    seen = _compiled(*fields, order=order)
    facts = {key.removeprefix("abi."): value for key, value in seen.items()}
    return Fault(
        f"header-{name}", proves=rule, text=text, replaces={"abi": _built_with(name, **facts)}
    )


_STRUCTS = [
    _struct(
        "H-01",
        "DLPackVersion",
        "major minor",
        "minor comes first",
        ("minor", _U32),
        ("major", _U32),
    ),
    _struct(
        "H-02",
        "DLDevice",
        "device_type device_id",
        "the device id has 64 bits",
        ("device_type", _I32),
        ("device_id", _I64),
    ),
    _struct(
        "H-03",
        "DLDataType",
        "code bits lanes",
        "bits come first",
        ("bits", _U8),
        ("code", _U8),
        ("lanes", _U16),
    ),
    _struct(
        "H-04",
        "DLTensor",
        "data device ndim dtype shape strides byte_offset",
        "strides come before the shape",
        ("data", _POINTER),
        ("device", _DEVICE),
        ("ndim", _I32),
        ("dtype", _DTYPE),
        ("strides", _POINTER),
        ("shape", _POINTER),
        ("byte_offset", _U64),
    ),
    _struct(
        "H-05",
        "DLManagedTensor",
        "dl_tensor manager_ctx deleter",
        "the deleter comes first",
        ("deleter", _POINTER),
        ("dl_tensor", _TENSOR),
        ("manager_ctx", _POINTER),
    ),
    _struct(
        "H-06",
        "DLManagedTensorVersioned",
        "version manager_ctx deleter flags dl_tensor",
        "flags have 32 bits and come second",
        ("version", _VERSION),
        ("flags", _U32),
        ("manager_ctx", _POINTER),
        ("deleter", _POINTER),
        ("dl_tensor", _TENSOR),
    ),
    _struct(
        "H-14",
        "DLPackExchangeAPIHeader",
        "version prev_api",
        "the previous table comes first",
        ("prev_api", _POINTER),
        ("version", _VERSION),
    ),
    _struct(
        "H-15",
        "DLPackExchangeAPI",
        "header managed_tensor_allocator managed_tensor_from_py_object_no_sync"
        " managed_tensor_to_py_object_no_sync dltensor_from_py_object_no_sync current_work_stream",
        "import and export have changed places",
        ("header", _U8 * 16),
        ("managed_tensor_allocator", _POINTER),
        ("managed_tensor_to_py_object_no_sync", _POINTER),
        ("managed_tensor_from_py_object_no_sync", _POINTER),
        ("dltensor_from_py_object_no_sync", _POINTER),
        ("current_work_stream", _POINTER),
    ),
]

_ALIKE: dict[str, Any] = {
    "size": 80,
    "offsets": (0, 8, 16, 24, 32),
    "version": (1, 3),
    "other_version": (1, 0),
    "other_size": 80,
    "other_offsets": (0, 8, 16, 24, 32),
}


def _read_only_elsewhere(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    """READ_ONLY in the bit of IS_COPIED."""
    flags = tamper.look(capsule).get("flags", 0)
    return tamper.edit(capsule, flags=2) if flags == 1 else capsule


def _bfloat16_as_float16(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    bfloat16 = tamper.look(capsule)["dtype"] == (4, 16, 1)
    return tamper.edit(capsule, dtype=(2, 16, 1)) if bfloat16 else capsule


def _in_capitals(capsule: Any, array: FaultyArray, keywords: dict[str, Any]) -> Any:
    if array.dtype != "uint64" or "version" in tamper.look(capsule):
        return capsule
    return tamper.rename(capsule, "DLTensor")


FAULTS: list[Fault] = [
    *_STRUCTS,
    Fault(
        "header-of-one-major-differs",
        proves="H-08",
        text="a later minor has moved the tensor",
        states={"abi": _built_with("other-header", **_ALIKE)},
        replaces={
            "abi": _built_with(
                "other-header", **{**_ALIKE, "other_size": 88, "other_offsets": (0, 8, 16, 24, 40)}
            )
        },
    ),
    Fault(
        "header-device-numbers",
        proves="H-09",
        text="a device type has the number of another release",
        replaces={"abi": _built_with("DLDeviceType", names=["kDLMAIA", "kDLTrn"], codes=(18, 17))},
    ),
    Fault(
        "cpu-as-managed",
        proves="H-09",
        also=("P-04", "P-23"),
        text="CPU memory goes out as managed memory of a GPU",
        gives=lambda capsule, array, keywords: (
            tamper.edit(capsule, device=(13, 0)) if array.accelerator is None else capsule
        ),
    ),
    Fault(
        "header-unsigned-device-type",
        proves="H-10",
        text="the device type is unsigned",
        replaces={"abi": _built_with("DLDeviceType", is_signed=False)},
    ),
    Fault(
        "header-type-codes",
        proves="H-11",
        text="two type codes have changed places",
        replaces={"abi": _built_with("DLDataTypeCode", names=["kDLBfloat"], codes=(5,))},
    ),
    Fault(
        "bfloat16-as-float16",
        proves="H-11",
        also=("C-42", "P-46"),
        text="bfloat16 goes out under the code of IEEE numbers",
        gives=_bfloat16_as_float16,
    ),
    Fault(
        "header-flag-bits",
        proves="H-12",
        text="two flags have changed places",
        replaces={
            "abi": _built_with(
                "flags",
                names=["DLPACK_FLAG_BITMASK_READ_ONLY", "DLPACK_FLAG_BITMASK_IS_COPIED"],
                codes=(2, 1),
            )
        },
    ),
    Fault(
        "read-only-in-bit-1",
        proves="H-12",
        also=("P-33", "P-35"),
        text="read-only sources set the bit of copies",
        gives=_read_only_elsewhere,
    ),
    Fault(
        "header-differs-in-c",
        proves="H-16",
        text="C sees another layout than C++",
        replaces={"abi": _built_with("DLTensor", same_in_c=False)},
    ),
    Fault(
        "capsule-of-another-name",
        proves="H-18",
        text="legacy capsules of one dtype have a name in capital letters",
        gives=_in_capitals,
    ),
]

UNPLANTED: dict[str, str] = {}
