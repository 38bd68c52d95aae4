"""Faults of streams (S) and of arrays on a device, shown on a simulated one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dlpack_faults import Fault, FaultyArray, instrument

__all__ = ["FAULTS", "UNPLANTED"]

_CPU = (1, 0)
_CUDA = 2
_LEGACY, _PER_THREAD = 1, 2
_NO_ORDER = -1
_COPIED = 2


class _OnDevice(FaultyArray):
    """Breaks `export` for arrays on a device; those of the host are the reference's."""

    def __dlpack__(self, **keywords: Any) -> Any:
        if not self.defect or self.accelerator is None:
            return super().__dlpack__(**keywords)
        return self.export(keywords)

    def export(self, keywords: dict[str, Any]) -> Any:
        """Export as the reference does."""
        return super().__dlpack__(**keywords)


def _forgets(wanted: Callable[[Any], bool]) -> type[FaultyArray]:
    """Arrays whose exports on the device order nothing for some streams."""

    class Forgets(_OnDevice):
        def export(self, keywords: dict[str, Any]) -> Any:
            plain = keywords.get("dl_device") is None and not keywords.get("copy")
            if plain and wanted(keywords.get("stream")):
                keywords = {**keywords, "stream": _NO_ORDER}
            return super().export(keywords)

    return Forgets


class _OrdersAnother(_OnDevice):
    """Orders its work before the legacy default stream, whichever was passed."""

    def export(self, keywords: dict[str, Any]) -> Any:
        stream = keywords.get("stream")
        if type(stream) is int and stream > _PER_THREAD and not keywords.get("copy"):
            keywords = {**keywords, "stream": _LEGACY}
        return super().export(keywords)


class _TakesZero(_OnDevice):
    """Takes 0 for the default stream, as CUDA's own functions do."""

    def export(self, keywords: dict[str, Any]) -> Any:
        if keywords.get("stream") == 0:
            keywords = {**keywords, "stream": _LEGACY}
        return super().export(keywords)


class _WaitsAtMinusOne(_OnDevice):
    """Waits for its work where nothing is to be synchronized."""

    def export(self, keywords: dict[str, Any]) -> Any:
        if keywords.get("stream") == _NO_ORDER:
            self.accelerator.synchronize(self.work_stream)
        return super().export(keywords)


class _OrdersAtMinusOne(_OnDevice):
    """Takes -1 for the legacy default stream."""

    def export(self, keywords: dict[str, Any]) -> Any:
        if keywords.get("stream") == _NO_ORDER:
            keywords = {**keywords, "stream": _LEGACY}
        return super().export(keywords)


class _EndsStream(_OnDevice):
    """Ends the stream that it was passed, as if that were its own now."""

    def export(self, keywords: dict[str, Any]) -> Any:
        capsule = super().export(keywords)
        stream = keywords.get("stream")
        if type(stream) is int and stream > _PER_THREAD:
            self.accelerator.end_stream(stream)
        return capsule


class _KeepsStream(_OnDevice):
    """Orders each export after the stream of the export before."""

    def export(self, keywords: dict[str, Any]) -> Any:
        stream, before = keywords.get("stream"), getattr(self, "before", None)
        if before is not None:
            self.accelerator.order(before, self.work_stream)
        if type(stream) is int and stream > _PER_THREAD:
            self.before = stream
        return super().export(keywords)


class _CpuTooEarly(_OnDevice):
    """Copies to the CPU on a stream of its own, which waits for nothing."""

    def export(self, keywords: dict[str, Any]) -> Any:
        asked = dict(keywords)
        if asked.pop("dl_device", None) != _CPU or asked.get("copy") is False:
            return super().export(keywords)
        stream = self.accelerator.make_stream(False)
        try:
            values = self.read(stream)
        finally:
            self.accelerator.end_stream(stream)
        shape, strides = self.shape, _compact(self.shape)
        memory = instrument.Template(self.dtype, shape, strides, 0, values).make()
        asked.pop("copy", None)
        return instrument.Array(memory, self.dtype, shape, strides, flags=_COPIED).__dlpack__(
            **asked
        )


class _CopiesElsewhere(_OnDevice):
    """Copies on a stream of its own, before which the consumer's is not ordered."""

    def export(self, keywords: dict[str, Any]) -> Any:
        if keywords.get("copy") and keywords.get("dl_device") != _CPU:
            keywords = {**keywords, "stream": self.accelerator.make_stream(False)}
        return super().export(keywords)


class _NoCpuExport(_OnDevice):
    """Refuses to copy to the CPU."""

    def export(self, keywords: dict[str, Any]) -> Any:
        if keywords.get("dl_device") == _CPU:
            raise BufferError("dl_device: (1, 0); limit: the array's own device")
        return super().export(keywords)


class _CopiesThoughFalse(_OnDevice):
    """Copies to the CPU, be it that copy=False forbids it."""

    def export(self, keywords: dict[str, Any]) -> Any:
        if keywords.get("dl_device") == _CPU and keywords.get("copy") is False:
            keywords = {**keywords, "copy": None}
        return super().export(keywords)


class _RefusesWithValueError(_OnDevice):
    """Refuses copy=False to the CPU as the first text of 2023.12 asked for."""

    def export(self, keywords: dict[str, Any]) -> Any:
        if keywords.get("dl_device") == _CPU and keywords.get("copy") is False:
            raise ValueError("copy: False; limit: None or True to another device")
        return super().export(keywords)


def _compact(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * shape[axis]
    return tuple(strides)


# Consumers.


def _on_device(x: Any) -> bool:
    """Whether it lies where streams are passed: on a device that states itself as CUDA."""
    return getattr(x, "accelerator", None) is not None and x.device[0] == _CUDA


def _passing(stream: Callable[[Any], int]) -> Callable[..., Any]:
    """Return an import that passes another stream than the one on which it works."""

    def consume(x: Any, /, **keywords: Any) -> Any:
        if not _on_device(x) or keywords.get("device") is not None:
            return instrument.from_dlpack(x, **keywords)
        asked = {"copy": keywords["copy"]} if keywords.get("copy") is not None else {}
        passed = stream(x.accelerator)
        return instrument.from_capsule(x.__dlpack__(stream=passed, max_version=(1, 3), **asked))

    return consume


def _ended(accelerator: Any) -> int:
    """Return the handle of a stream that is gone."""
    stream: int = accelerator.make_stream(False)
    accelerator.end_stream(stream)
    return stream


def _tries_zero(x: Any, /, **keywords: Any) -> Any:
    """Pass 0 first, and the right stream where that was refused."""
    if _on_device(x) and keywords.get("device") is None:
        with suppress(Exception):
            x.__dlpack__(stream=0)
    return instrument.from_dlpack(x, **keywords)


def _stream_to_cpu(x: Any, /, **keywords: Any) -> Any:
    """Pass a stream with the CPU as the device, and none where that was refused."""
    if _on_device(x) and keywords.get("device") == "cpu":
        with suppress(Exception):
            x.__dlpack__(stream=_LEGACY, dl_device=_CPU, max_version=(1, 3))
    return instrument.from_dlpack(x, **keywords)


def _too_early(x: Any, /, **keywords: Any) -> Any:
    """Give the CPU what the memory holds now."""
    if not _on_device(x) or keywords.get("device") != "cpu" or keywords.get("copy") is False:
        return instrument.from_dlpack(x, **keywords)
    stream = x.accelerator.make_stream(False)
    values = x.read(stream)
    x.accelerator.end_stream(stream)
    shape, strides = x.shape, _compact(x.shape)
    memory = instrument.Template(x.dtype, shape, strides, 0, values).make()
    x.__dlpack__(dl_device=_CPU, max_version=(1, 3))
    return instrument.Array(memory, x.dtype, shape, strides)


class _Quiet:
    """Shows the interface of an array without its stream, and holds the array."""

    def __init__(self, x: Any) -> None:
        self._x = x
        self.__cuda_array_interface__ = {**x.__cuda_array_interface__, "stream": None}


def _unordered_interface(x: Any) -> Any:
    """Take the interface as if there were nothing to wait for."""
    return instrument.from_cuda_array_interface(_Quiet(x))


# The interface of arrays on CUDA.


def _showing(change: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> type[FaultyArray]:
    """Arrays on the device that show another interface."""

    class Shows(FaultyArray):
        @property
        def __cuda_array_interface__(self) -> dict[str, Any]:
            shown = super().__cuda_array_interface__
            return change(self, dict(shown)) if self.defect else shown

    return Shows


def _without_data(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    shown.pop("data")
    return shown


def _strides_in_elements(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "strides": x.strides}


def _data_of_nothing(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "data": (shown["data"][0] or 0x1000, shown["data"][1])}


def _always_readonly(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "data": (shown["data"][0], True)}


def _stream_zero(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "stream": 0}


def _stream_none(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "stream": None}


def _holds_owner(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "owner": x}


def _ended_stream(x: Any, shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "stream": _ended(x.accelerator)}


FAULTS = [
    Fault(
        "forgets-order-for-none",
        proves="S-04",
        text="orders nothing where no stream is passed",
        array=_forgets(lambda stream: stream is None),
    ),
    Fault(
        "forgets-order-for-legacy",
        proves="S-05",
        text="orders nothing for the legacy default stream",
        array=_forgets(lambda stream: stream == _LEGACY),
    ),
    Fault(
        "forgets-order-for-per-thread",
        proves="S-06",
        text="orders nothing for this thread's default stream",
        array=_forgets(lambda stream: stream == _PER_THREAD),
    ),
    Fault(
        "forgets-order-for-handle",
        proves="S-08",
        text="orders nothing for a stream that was passed",
        array=_forgets(lambda stream: type(stream) is int and stream > _PER_THREAD),
    ),
    Fault(
        "orders-another-stream",
        proves="S-08",
        text="orders its work before the legacy default stream instead of the one that was passed",
        array=_OrdersAnother,
    ),
    Fault(
        "takes-stream-zero",
        proves="S-07",
        text="takes the stream 0 on CUDA",
        verdict="permitted",
        array=_TakesZero,
    ),
    Fault(
        "waits-at-minus-one",
        proves="S-09",
        text="lets the host wait for -1",
        array=_WaitsAtMinusOne,
    ),
    Fault(
        "orders-at-minus-one",
        proves="S-09",
        text="orders its work before the legacy default stream for -1",
        array=_OrdersAtMinusOne,
    ),
    Fault(
        "ends-passed-stream",
        proves="S-14",
        text="ends the stream that it was passed",
        array=_EndsStream,
    ),
    Fault(
        "keeps-passed-stream",
        proves="S-14",
        text="uses the stream that it was passed in a later export",
        array=_KeepsStream,
    ),
    Fault(
        "cpu-export-too-early",
        proves="S-16",
        text="gives the CPU what the memory holds before the queued work",
        array=_CpuTooEarly,
    ),
    Fault(
        "passes-stream-to-cpu",
        proves="S-16",
        text="passes a stream where the CPU is asked for",
        consume=_stream_to_cpu,
    ),
    Fault(
        "cpu-import-too-early",
        proves="S-16",
        text="gives the CPU what the memory holds before the queued work",
        consume=_too_early,
    ),
    Fault(
        "copies-elsewhere",
        proves="S-17",
        text="copies on another stream than the one that was passed",
        array=_CopiesElsewhere,
    ),
    Fault(
        "passes-minus-one",
        proves="S-11",
        text="asks for no order and reads on its stream",
        consume=_passing(lambda accelerator: _NO_ORDER),
    ),
    Fault(
        "passes-legacy-always",
        proves="S-11",
        text="passes the legacy default stream and reads on another one",
        consume=_passing(lambda accelerator: _LEGACY),
    ),
    Fault(
        "passes-ended-stream",
        proves="S-11",
        text="passes a stream that it has ended",
        consume=_passing(_ended),
    ),
    Fault(
        "passes-stream-zero",
        proves="S-12",
        text="passes 0 on CUDA",
        consume=_tries_zero,
    ),
    Fault(
        "no-cpu-export",
        proves="P-27",
        text="refuses to copy an array on a device to the CPU",
        verdict="permitted",
        array=_NoCpuExport,
    ),
    Fault(
        "cpu-export-despite-copy-false",
        proves="P-28",
        also=("P-30",),
        text="copies to the CPU although copy=False was passed",
        array=_CopiesThoughFalse,
    ),
    Fault(
        "cpu-export-value-error",
        proves="P-28",
        text="refuses copy=False to the CPU with ValueError",
        verdict="permitted",
        array=_RefusesWithValueError,
    ),
    Fault(
        "table-export-waits",
        proves="X-25",
        text="lets the host wait in the owning export of the table",
        table={"exports": "waits"},
    ),
    Fault(
        "table-import-waits",
        proves="X-25",
        text="lets the host wait in the import of the table",
        table={"imports": "waits"},
    ),
    Fault(
        "table-borrow-waits",
        proves="X-25",
        text="lets the host wait in the borrowing export of the table",
        table={"borrow": "waits"},
    ),
    Fault(
        "table-stream-default",
        proves="X-26",
        text="names the default stream, whichever it works on",
        table={"stream": "always-default"},
    ),
    Fault(
        "cuda-interface-without-data",
        proves="R-42",
        text="leaves data out of __cuda_array_interface__",
        array=_showing(_without_data),
    ),
    Fault(
        "cuda-interface-strides-in-elements",
        proves="R-43",
        text="counts strides of __cuda_array_interface__ in elements",
        array=_showing(_strides_in_elements),
    ),
    Fault(
        "cuda-interface-data-of-nothing",
        proves="R-44",
        text="gives an address where there are no elements",
        array=_showing(_data_of_nothing),
    ),
    Fault(
        "cuda-interface-always-readonly",
        proves="R-44",
        text="calls memory read-only that may be written",
        array=_showing(_always_readonly),
    ),
    Fault(
        "cuda-interface-stream-zero",
        proves="R-45",
        text="names the stream 0 in __cuda_array_interface__",
        array=_showing(_stream_zero),
    ),
    Fault(
        "cuda-interface-nothing-to-wait-for",
        proves="R-45",
        text="says that there is nothing to wait for while work is queued",
        array=_showing(_stream_none),
    ),
    Fault(
        "cuda-interface-taken-unordered",
        proves="R-46",
        text="takes __cuda_array_interface__ without waiting for its stream",
        consume_interface=_unordered_interface,
    ),
    Fault(
        "cuda-interface-holds-owner",
        proves="R-47",
        text="keeps the array alive by its __cuda_array_interface__",
        array=_showing(_holds_owner),
    ),
    Fault(
        "cuda-interface-ended-stream",
        proves="R-47",
        also=("R-45",),
        text="names a stream in __cuda_array_interface__ that is gone",
        array=_showing(_ended_stream),
    ),
]

UNPLANTED: dict[str, str] = {
    "R-07": "its route is one of PyTorch's own, which a fault made of the reference does not have",
}
