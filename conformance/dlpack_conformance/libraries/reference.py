"""The reference: our own producer and consumer in C++, a library like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.libraries import LONG_ELEMS, Description, Entry, Makes, Route, Source, Usage
from dlpack_conformance.libraries import _shared as shared
from dlpack_conformance.libraries._device import SCRIPT, ReferenceOnDevice, no_cuda
from dlpack_conformance.probes import Probe
from dlpack_conformance.probes._producing import never_exports

__all__ = ["immutable_arrays", "name", "readonly_arrays"]

name = "reference"
readonly_arrays = True
immutable_arrays = False

# What the producer says of the same elements; memory and alignment are the source's own.
_OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "readonly": {"readonly": True},
    "mapped-readonly": {"readonly": True},
    "guard-before": {},
    "guard-after": {},
    "align-16": {},
    "align-32": {},
    "align-64": {},
    "odd-element": {},
    "odd-byte": {},
    "carried-offset": {"offset_in": "byte_offset"},
    "null-strides": {"null_strides": True, "version": (1, 1)},
    "legacy-only": {"version": (0, 8)},
}
_DEVICE_NAMES = {(1, 0): "cpu"}
_POOL_NAMES = {3: "cuda-host", 13: "cuda-managed-0"}
_DEVICES = ("cuda-0", "cuda-host", "cuda-managed-0", "simulated-0")
# Of scripts: the line that opens the device, and what a template is told of it.
_SCRIPT_DEVICES = {
    "cuda-0": ("device, *_ = ref.cuda()", ", device=device"),
    "cuda-host": ("device, *_ = ref.cuda()", ', device=device, pool="pinned"'),
    "cuda-managed-0": ("device, *_ = ref.cuda()", ', device=device, pool="managed"'),
    "simulated-0": ("(device,) = ref.simulated(type=12)", ", device=device"),
}
_CALLS = {
    "from_dlpack": "ref.from_dlpack({})",
    "capsule": "ref.from_capsule({})",
    "cuda-array-interface": "ref.from_cuda_array_interface({})",
}

_instrument: Any = None
_makers: dict[tuple[str, str, str], Callable[[Any], Any]] = {}


def _load() -> Any:
    global _instrument  # one module a process, as the interpreter has it
    if _instrument is None:
        _instrument = modules().instrument
    return _instrument


def probe() -> None:
    """None: the reference is always there."""


def versions() -> dict[str, str]:
    """Version of this package, as it has no other."""
    from dlpack_conformance._digest import VERSION

    return {"dlpack-conformance": VERSION}


def prepare() -> None:
    """Import the instrument."""
    _load()


def types() -> tuple[type, ...]:
    """Its array type."""
    return (_load().Array,)


def item_bytes(x: Any) -> int | None:
    """Bytes of an element of any `Array`; None of what is none."""
    return int(shared.dtypes()[x.dtype]["item_bytes"]) if isinstance(x, _load().Array) else None


@cache
def makes() -> list[Makes]:
    """Every dtype of DLPack, every layout, every kind of memory; NULL strides are row-major."""
    every = shared.dlpack_dtypes()
    row_major = tuple(
        layout.name
        for layout in shared.layouts()
        if layout.strides == shared.compact(layout.shape) and layout.shape
    )
    whole = tuple(name for name in every if not shared.dtypes()[name]["packed"])
    moderate = tuple(layout.name for layout in shared.layouts() if layout.elements <= LONG_ELEMS)
    return [
        Makes(
            source,
            every,
            row_major if source == "null-strides" else None,
            _packed_off_byte(source, every),
        )
        for source in _OPTIONS
        if source in shared.sources()
    ] + [Makes("plain", whole, moderate, (), device) for device in _DEVICES]


def _packed_off_byte(source: str, names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Packed elements whose first one starts inside a byte: no data pointer can say that."""
    skew = 1 if source == "odd-element" else 0
    reason = "a packed element inside a byte has no address"
    return tuple(
        (dtype, layout.name, reason)
        for dtype in names
        for layout in shared.layouts()
        if (layout.offset + skew) * shared.dtypes()[dtype]["item_bits"] % 8 != 0
    )


def options_of(source: str) -> Mapping[str, Any]:
    """What an `Array` of this source is told beside memory, dtype, shape and strides."""
    return _OPTIONS[source]


def make(source: Source) -> Any:
    """Make an `Array` over the source's memory."""
    key = (source.source, source.dtype, source.layout)
    maker = _makers.get(key)
    if maker is None:
        maker = _makers[key] = _maker(source)
    return maker(source.memory)


def _maker(source: Source) -> Callable[[Any], Any]:
    array = _load().Array
    dtype, shape, strides = source.dtype, source.shape, source.strides
    options = _OPTIONS[source.source]
    if options:
        return lambda memory: array(memory, dtype, shape, strides, **options)
    return lambda memory: array(memory, dtype, shape, strides)


def describe(x: Any) -> Description:
    """Read the array's own attributes."""
    return Description(
        x.shape,
        x.strides,
        x.dtype,
        _device_name(x),
        x.address or None,
        not x.readonly,
    )


def _device_name(x: Any) -> str:
    device, accelerator = x.device, x.accelerator
    if accelerator is not None:
        return _POOL_NAMES.get(device[0]) or str(accelerator.name)
    return _DEVICE_NAMES.get(device) or f"{device[0]}-{device[1]}"


def read(x: Any) -> list[Any]:
    """All elements in C order."""
    result: list[Any] = x.read()
    return result


def get(x: Any, index: tuple[int, ...]) -> Any:
    """One element."""
    return x.get(index)


def write(x: Any, index: tuple[int, ...], value: Any, raw: bytes) -> None:
    """Write one element."""
    x.set(index, value)


def reaches(kind: str) -> str | None:
    """It has arrays on simulated devices everywhere."""
    return None if kind == "simulated" else no_cuda()


def on_device(accelerator: Any) -> ReferenceOnDevice:
    """Return its arrays on an accelerator."""
    return ReferenceOnDevice(accelerator)


def offers() -> Mapping[str, str | None]:
    """Everything that our `Array` shows."""
    shown = (
        "__dlpack__",
        "__dlpack_c_exchange_api__",
        "__array_interface__",
        "__cuda_array_interface__",
    )
    return {"buffer": None, **{key: None for key in shown if hasattr(_load().Array, key)}}


def accepts() -> Mapping[str, Entry]:
    """Its consumers: of any object with the two methods, a bare capsule, a foreign table."""
    instrument = _load()
    return {
        "from_dlpack": Entry(instrument.from_dlpack),
        "capsule": Entry(instrument.from_capsule),
        "exchange-api": Entry(instrument.from_exchange_api),
        "cuda-array-interface": Entry(instrument.from_cuda_array_interface),
    }


def script_calls() -> Mapping[str, str]:
    """Return these functions as a user writes them."""
    return _CALLS


def abi() -> Mapping[str, Mapping[str, Any]]:
    """Return what the compilers see of the ``dlpack.h`` with which it was built, as facts."""
    entries: dict[str, dict[str, Any]] = modules().core.abi()
    return entries


def probes() -> list[Probe]:
    """Its memory, which is no array."""
    return [never_exports("memory", lambda: _load().Memory, "memory without dtype and shape")]


def routes() -> list[Route]:
    """None of its own."""
    return []


def usages() -> list[Usage]:
    """None: nobody computes with it."""
    return []


def script_make(source: Source) -> list[str]:
    """Lines that make the source as ``a``: a crafted tensor over memory of the instrument."""
    device, placed = _SCRIPT_DEVICES.get(source.device, ("", ""))
    kinds = {"readonly": "readonly", "mapped-readonly": "mapped-readonly"}
    kinds |= {guard: guard for guard in ("guard-before", "guard-after")}
    row = shared.sources()[source.source]
    given = {"kind": kinds.get(source.source, "ordinary")} if source.source in kinds else {}
    alignment = {"alignment": row["alignment"]} if row["alignment"] != 256 else {}
    skew = {"skew": row["skew_bytes"]} if row["skew_bytes"] else {}
    options = "".join(f", {k}={v!r}" for k, v in {**given, **alignment, **skew}.items())
    options += placed
    array = "".join(f", {k}={v!r}" for k, v in _OPTIONS[source.source].items())
    return [
        "from dlpack_conformance import _instrument as ref",
        f"shape, strides = {source.shape}, {source.strides}",
        f"values = {list(source.values)}",
        f'args = "{source.dtype}", shape, strides, {source.offset}, values',
        *([device] if device else []),
        f"memory = ref.Template(*args{options}).make()",
        f'a = ref.Array(memory, "{source.dtype}", shape, strides{array})',
    ]


def script_on_device(kind: str) -> Mapping[str, str]:
    """Lines of scripts on devices; both kinds have the same."""
    return SCRIPT


def script_api(dtype: str) -> Mapping[str, str]:
    """How a script looks at an `Array`."""
    return {
        "import": "from dlpack_conformance import _instrument as ref",
        "values": "{x}.read()",
        "address": "{x}.address",
        "writable": "(not {x}.readonly)",
        "dtype": "{x}.dtype",
        "shape": "{x}.shape",
        "type": "ref.Array",
        "write": "{x}.set({index}, {value})",
        "balance": "{x}.exports - {x}.deleter_calls",
    }
