"""tinyct: an array library in plain Python, with DLPack by ctypes.

It has one mistake on purpose, which ``TUTORIAL.md`` finds: look for it there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

__version__ = "0.1"

CODES = {  # dtype -> DLPack's code and bits, and what holds one element
    "float32": (2, 32, ctypes.c_float),
    "float64": (2, 64, ctypes.c_double),
    "int32": (0, 32, ctypes.c_int32),
    "int64": (0, 64, ctypes.c_int64),
    "uint8": (1, 8, ctypes.c_uint8),
}
CPU = (1, 0)
READ_ONLY, IS_COPIED = 1, 2


class DLTensor(ctypes.Structure):
    """As in dlpack.h."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


Deleter = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)


class Legacy(ctypes.Structure):
    """As in dlpack.h: DLManagedTensor."""

    _fields_ = (("tensor", DLTensor), ("context", ctypes.c_void_p), ("deleter", Deleter))


class Versioned(ctypes.Structure):
    """As in dlpack.h: DLManagedTensorVersioned."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", Deleter),
        ("flags", ctypes.c_uint64),
        ("tensor", DLTensor),
    )


def _python(name: str, result: Any, *arguments: Any) -> Any:
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


# Capsules go by address: a destructor gets one that must not be counted again.
_new = _python("PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_is_valid = _python("PyCapsule_IsValid", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)
_pointer = _python("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
_rename = _python("PyCapsule_SetName", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)

KINDS = {  # name of the capsule -> name when consumed, struct
    b"dltensor_versioned": (b"used_dltensor_versioned", Versioned),
    b"dltensor": (b"used_dltensor", Legacy),
}
_alive: dict[int, tuple[Any, ...]] = {}


@Deleter
def _delete(address: int) -> None:
    _alive.pop(address, None)


@Deleter
def _drop(capsule: int) -> None:
    """End an unused capsule: nobody else calls its deleter."""
    for name, (_, kind) in KINDS.items():
        if _is_valid(capsule, name):
            address = _pointer(capsule, name)
            kind.from_address(address).deleter(address)


class Memory:
    """What an imported tensor holds until the last array over it is gone."""

    def __init__(self, address: int, kind: Any) -> None:
        self._address, self._kind = address, kind

    def __del__(self) -> None:
        deleter = self._kind.from_address(self._address).deleter
        if deleter:
            deleter(self._address)


class Array:
    """Elements of one dtype; ``strides`` in elements, ``address`` of element 0."""

    def __init__(
        self,
        memory: Any,
        address: int,
        dtype: str,
        shape: Sequence[int],
        strides: Sequence[int],
        *,
        writable: bool = True,
    ) -> None:
        self._memory, self.address, self.dtype = memory, address, dtype
        self.shape, self.strides, self.writable = tuple(shape), tuple(strides), writable

    def _at(self, index: Sequence[int]) -> Any:
        if len(index) != len(self.shape):
            raise IndexError(f"index {index}: one number for each of {len(self.shape)} axes")
        if not all(0 <= at < extent for at, extent in zip(index, self.shape, strict=True)):
            raise IndexError(f"index {index} is out of range; shape {self.shape}")
        _, bits, kind = CODES[self.dtype]
        elements = sum(at * step for at, step in zip(index, self.strides, strict=True))
        return kind.from_address(self.address + elements * bits // 8)

    def __getitem__(self, index: Sequence[int]) -> Any:
        return self._at(index).value

    def __setitem__(self, index: Sequence[int], value: Any) -> None:
        if not self.writable:
            raise ValueError("the array is read-only")
        self._at(index).value = value

    def tolist(self) -> list[Any]:
        """All elements in C order."""
        return [self[index] for index in product(*map(range, self.shape))]

    def copy(self) -> Array:
        """Return a row-major copy."""
        made = zeros(self.shape, self.dtype)
        for index in product(*map(range, self.shape)):
            made[index] = self[index]
        return made

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Export the memory."""
        if stream is not None:
            raise BufferError(f"stream is {stream}: memory of the host has none")
        if dl_device not in (None, CPU):
            raise BufferError(f"dl_device is {dl_device}; allowed: {CPU}")
        if max_version is not None and max_version[0] >= 1:
            flags = (0 if self.writable else READ_ONLY) | (IS_COPIED if copy else 0)
            managed: Any = Versioned(major=1, minor=1, flags=flags)
        else:
            if not self.writable:
                raise BufferError("a read-only array needs max_version (1, 0) or above")
            managed = Legacy()
        return _capsule(self, managed)


def _capsule(x: Array, managed: Any) -> Any:
    axes = (ctypes.c_int64 * len(x.shape))(*x.shape), (ctypes.c_int64 * len(x.shape))(*x.strides)
    code, bits, _ = CODES[x.dtype]
    managed.tensor = DLTensor(x.address, *CPU, len(x.shape), code, bits, 1, *axes, 0)
    managed.deleter = _delete
    address = ctypes.addressof(managed)
    _alive[address] = (x, managed, axes)
    name = next(name for name, (_, kind) in KINDS.items() if isinstance(managed, kind))
    return _new(address, name, ctypes.cast(_drop, ctypes.c_void_p))


def zeros(shape: Sequence[int], dtype: str = "float32") -> Array:
    """Fresh row-major memory."""
    if dtype not in CODES:
        raise TypeError(f"dtype {dtype!r}; allowed: {', '.join(CODES)}")
    strides = tuple(_row_major(shape))
    count = max(1, strides[0] * shape[0] if shape else 1)
    memory = (CODES[dtype][2] * count)()
    return Array(memory, ctypes.addressof(memory), dtype, shape, strides)


def _row_major(shape: Sequence[int]) -> Iterator[int]:
    step = 1
    steps = [step := step * max(extent, 1) for extent in reversed(shape)]
    yield from reversed([1, *steps[:-1]] if steps else [])


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Array:
    """Import any array that speaks DLPack, without a copy unless ``copy`` is true."""
    if device not in (None, "cpu"):
        raise ValueError(f"device {device!r}; allowed: 'cpu'")
    if tuple(x.__dlpack_device__()) != CPU:
        raise BufferError(f"device {x.__dlpack_device__()}; allowed: {CPU}")
    try:
        capsule = x.__dlpack__(max_version=(1, 1), copy=copy)
    except TypeError:
        capsule = x.__dlpack__()
    for name, (used, kind) in KINDS.items():
        if _is_valid(id(capsule), name):
            address = _pointer(id(capsule), name)
            managed = kind.from_address(address)
            if kind is Versioned and managed.major != 1:
                raise BufferError(f"DLPack {managed.major}.{managed.minor}; allowed: 1.x")
            result = _imported(managed, address, kind)
            _rename(id(capsule), used)
            result._memory = Memory(address, kind)
            copied = kind is Versioned and managed.flags & IS_COPIED
            return result.copy() if copy and not copied else result
    raise BufferError("no unused DLPack capsule")


def _imported(managed: Any, address: int, kind: Any) -> Array:
    tensor = managed.tensor
    if (tensor.device_type, tensor.device_id) != CPU:
        raise BufferError(f"device {(tensor.device_type, tensor.device_id)}; allowed: {CPU}")
    names = [name for name, row in CODES.items() if row[:2] == (tensor.code, tensor.bits)]
    if not names or tensor.lanes != 1:
        raise BufferError(f"dtype code {tensor.code}, {tensor.bits} bits, {tensor.lanes} lanes")
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    strides = tuple(tensor.strides[axis] for axis in range(tensor.ndim)) if tensor.strides else None
    writable = kind is Legacy or not managed.flags & READ_ONLY
    place = (tensor.data or 0) + tensor.byte_offset
    steps = tuple(_row_major(shape)) if strides is None else strides
    return Array(None, place, names[0], shape, steps, writable=writable)
