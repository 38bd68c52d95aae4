"""What is the same in every case of one dtype, layout, source and device; made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.devices import HOST, Devices

__all__ = ["LONG_ELEMS", "Catalogue", "Prepared"]

LONG_ELEMS = 2**20
"""Above this many elements only the first and the last are read."""


@dataclass(slots=True)
class Prepared:
    """A source to make, and what is asked of its elements.

    ``head``: the fields of `Source` before ``memory``. ``template``: the image of our memory, None
    where the library allocates; ``image``: the same also then, if the suite can encode the dtype.
    ``span``: bytes of the elements around element 0. ``values``: as a reader gives them, C order;
    ``raw``: as bytes, above `LONG_ELEMS` those that can differ, None where the suite can't encode
    them. ``index``: the element that the write proof changes, ``flat_index`` the same where a route
    gives one axis, ``flat_shape``: the shape there; ``old``, ``new``: its value before and while it
    is written, and as bytes. ``writable``: a write is harmless to the process. ``device_memory``:
    by what the reference reads elements that the host can't; None on the host.
    """

    head: tuple[Any, ...]
    dtype: str
    template: Any
    image: Any
    span: tuple[int, int]
    values: list[Any]
    raw: bytes | None
    index: tuple[int, ...]
    flat_index: tuple[int, ...]
    flat_shape: tuple[int, ...]
    old: Any
    old_raw: bytes
    new: Any
    new_raw: bytes
    empty: bool
    writable: bool
    raw_by_dtype: dict[str, bytes | None]
    device_memory: Any


class Catalogue:
    """The catalogue's rows by name, and `Prepared` by key; it holds no library's object.

    ``devices``: where sources of other devices than the host lie.
    """

    def __init__(self, devices: Devices | None = None) -> None:
        core, self._instrument = modules()
        self.devices = Devices() if devices is None else devices
        self._core = core
        self._layouts = {row["name"]: row for row in core.layouts()}
        self._sources = {row["name"]: row for row in core.sources()}
        rows = core.dtypes()
        self.item_bits: dict[str, int] = {row["name"]: row["item_bits"] for row in rows}
        self._encoded = frozenset(row["name"] for row in rows if row["dlpack"])
        self._prepared: dict[tuple[str, str, str, str], Prepared] = {}

    def prepared(self, key: tuple[str, str, str, str]) -> Prepared:
        """Return the one `Prepared` of dtype, layout, source and device."""
        found = self._prepared.get(key)
        if found is None:
            found = self._prepared[key] = self._prepare(*key)
        if self.devices.open and key[3] == HOST:
            self._leave_devices()
        return found

    def _leave_devices(self) -> None:
        """Open devices change what a consumer asks: no case on the host is to meet one."""
        for key in [key for key in self._prepared if key[3] != HOST]:
            del self._prepared[key]
        self.devices.close()

    def encode(self, dtype: str, values: Sequence[Any]) -> bytes | None:
        """Bytes of ``values`` as a C-contiguous array; None where one of them has no encoding."""
        if dtype not in self._encoded:
            return None
        if not values:
            return b""
        try:
            return bytes(
                self._instrument.Template(dtype, (len(values),), (1,), 0, list(values)).raw
            )
        except (ValueError, TypeError):  # the dtype has no such value
            return None

    def _prepare(self, dtype: str, layout: str, source: str, device: str) -> Prepared:
        row = self._layouts[layout]
        kind = self._sources[source]
        shape, strides = tuple(row["shape"]), tuple(row["strides"])
        offset = row["offset"] + kind["skew_elems"]
        elements: int = row["elements"]
        asked = list(self._core.values(dtype, layout))
        values = asked if elements <= LONG_ELEMS else [asked[0], asked[-1]]
        image = None
        if dtype in self._encoded:
            image = self._instrument.Template(
                dtype,
                shape,
                strides,
                offset,
                asked,
                kind=kind["kind"] or "ordinary",
                alignment=kind["alignment"],
                skew=kind["skew_bytes"],
                **(self.devices.place(device) if kind["kind"] else {}),
            )
        raw = self.encode(dtype, asked)
        old = values[-1] if values else None
        new = None if old is None else self._core.other_value(dtype, old)
        return Prepared(
            head=(dtype, layout, source, device, shape, strides, offset, values),
            dtype=dtype,
            template=image if kind["kind"] else None,
            image=image,
            span=_span(shape, strides, self.item_bits[dtype]),
            values=values,
            raw=raw,
            index=tuple(extent - 1 for extent in shape),
            flat_index=(elements - 1,),
            flat_shape=(elements,),
            old=old,
            old_raw=self._one(dtype, old),
            new=new,
            new_raw=self._one(dtype, new),
            empty=elements == 0,
            writable=kind["may_write"],
            raw_by_dtype={dtype: raw},
            device_memory=self.devices.memory(device),
        )

    def _one(self, dtype: str, value: Any) -> bytes:
        return b"" if value is None else self.encode(dtype, [value]) or b""


def _span(shape: tuple[int, ...], strides: tuple[int, ...], item_bits: int) -> tuple[int, int]:
    """Lowest and one past the highest byte of the elements, from element 0."""
    if 0 in shape:
        return 0, 0
    reaches = [
        (extent - 1) * stride * item_bits for extent, stride in zip(shape, strides, strict=True)
    ]
    low = sum(reach for reach in reaches if reach < 0)
    high = sum(reach for reach in reaches if reach > 0)
    return low // 8, (high + item_bits + 7) // 8
