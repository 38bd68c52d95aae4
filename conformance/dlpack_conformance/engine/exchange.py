"""The life of one exchange case, from make to release; facts only, nothing is judged."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.keywords import keyword_text
from dlpack_conformance.engine.pair import Way
from dlpack_conformance.engine.prepare import Catalogue, Prepared
from dlpack_conformance.engine.process import threads
from dlpack_conformance.engine.proof import Proofs
from dlpack_conformance.engine.texts import WarningLog, bases_of, class_of, message_of
from dlpack_conformance.libraries import Description, Library, Source

__all__ = ["EXCHANGE", "EXPORT", "MAKE", "READ", "RELEASE", "STEPS", "WRITE", "Exchange"]

STEPS = ("make", "export", "exchange", "read", "write", "release")
MAKE, EXPORT, EXCHANGE, READ, WRITE, RELEASE = range(len(STEPS))

_NEWEST = (1, 3)
_new_tuple = tuple.__new__  # a Source is made in every case
_UNREAD = object()
_PATIENCE_SECONDS, _WAIT_SECONDS = 1.0, 0.002
_MAX_TEXTS = 1024
_call_texts: dict[tuple[Any, ...], str] = {}


class Exchange(Proofs):
    """Runs exchange cases of one producer and one consumer in this process.

    ``facts``, ``seen``: what was observed; ``step(index, number)`` is called before each step.
    """

    def __init__(
        self,
        producer: Library,
        consumer: Library,
        *,
        catalogue: Catalogue,
        step: Callable[[int, int], None],
        warning_log: WarningLog,
    ) -> None:
        core, instrument = modules()
        super().__init__(producer, consumer, catalogue)
        self.facts = core.Facts()
        self._array = instrument.Array
        self._same_elements = core.same_elements
        self._step = step
        self._warnings = warning_log
        self._main_thread = threading.get_ident()
        types = getattr(consumer, "types", None)
        self._types: tuple[type, ...] | None = None if types is None else tuple(types())

    def run(
        self,
        index: int,
        prepared: Prepared,
        way: Way,
    ) -> None:
        """Run one case; afterwards ``facts`` holds what was seen.

        References
        ----------
        Design section 6, steps 3 to 5.
        """
        step, seen, facts = self._step, self.seen, self.facts
        seen.clear()
        facts.clear()
        step(index, MAKE)
        template = prepared.template
        memory = None if template is None else template.make()
        try:
            a = self._producer.make(_new_tuple(Source, (*prepared.head, memory, prepared.image)))
        except BaseException as error:
            seen["source.error"] = class_of(error)
            seen["source.message"] = message_of(error)
            facts.update(seen)
            return
        ours = type(a) is self._array
        before = self._producer.describe(a)
        if memory is None:
            origin = before.address or 0
            span = prepared.span
        else:
            origin = memory.first
            low = -memory.first_offset
            span = (low, low + memory.nbytes)
        self._describe_source(before, origin, span, memory is not None)

        step(index, EXPORT)
        self._export(a, way, origin, span, prepared)
        if memory is not None:
            seen["export.outside"] = memory.outside_changed() == 0
        if ours:
            if way.keywords is not None and not way.dlpack:
                seen["export.by_route"] = True
            a.clear_calls()
            first_export = a.exports

        step(index, EXCHANGE)
        warned = self._warnings
        if warned.seen:
            warned.take()
        b = None
        try:
            b = way.call(a)
        except BaseException as error:
            seen["route.returned"] = returned = False
            seen["route.error"] = class_of(error)
            seen["route.error_bases"] = bases_of(error)
            seen["route.message"] = message_of(error)
        else:
            seen["route.returned"] = returned = True
            seen["route.identity"] = b is a
        seen["route.warnings"] = warned.take() if warned.seen else ()
        if ours:
            self._calls(a)

        after, got = None, _UNREAD
        if returned:
            step(index, READ)
            after = self._describe_result(b, origin, span)
            # A result of another shape may be memory that nobody wrote, whose elements differ from
            # run to run and can be the asked ones by chance: they are not compared.
            asked = prepared.flat_shape if way.flat else before.shape
            shaped = after is None or after.shape == asked
            self._reread(b, after, origin, span, prepared, shaped=shaped)
            if after is None:
                pass
            elif after.dtype in self._catalogue.item_bits:
                got = self._values(b, after, prepared, shaped=shaped)
            elif before.address == after.address:
                # Elements of unknown size: reading or writing them may run beyond the memory.
                seen["proof.address"] = "overlap"
            far = prepared.device_memory is not None
            if got is _UNREAD and after is not None and far and not prepared.empty:
                # A library without a reader for the device can still say where the result lies.
                where = self._relation(before, after, self._catalogue.item_bits)
                if where is not None:
                    seen["proof.address"] = where
        self._unchanged(a, memory, prepared)

        if after is not None and got is not _UNREAD:
            step(index, WRITE)
            self.prove(a, b, before, after, memory, prepared)

        step(index, RELEASE)
        ledger = a.ledger if ours else None
        watched = _watch(a if memory is None else memory)
        del a, memory
        if ledger is not None:
            made = ledger.exports > first_export
            if made and (
                seen.get("proof.forward") == "seen" or seen.get("proof.backward") == "seen"
            ):
                seen["end.early"] = ledger.live_exports == 0
        if got is not _UNREAD:
            self._read_again(b, after, prepared if shaped else None)
        del b
        if watched is not None:
            seen["end.alive"] = alive = _alive(watched, ledger)
            if alive:
                gc.collect()
                seen["end.alive_after_collect"] = _stays(watched, ledger)
        if ledger is not None:
            seen["end.exports"] = ledger.exports
            seen["end.deleter_calls"] = ledger.deleter_calls
            threads = ledger.deleter_threads
            if threads:
                seen["end.deleter_thread"] = self._thread_names(threads)[-1]
        facts.update(seen)

    # Steps, in the order of a case.

    def _describe_source(
        self, before: Description, origin: int, span: tuple[int, int], placed: bool
    ) -> None:
        seen = self.seen
        shape, strides, dtype, device, address, writable, strides_bytes = before
        seen["source.shape"] = shape
        seen["source.strides"] = strides
        if strides_bytes is not None:
            seen["source.strides_bytes"] = strides_bytes
        seen["source.dtype"] = dtype
        seen["source.device"] = device
        seen["source.address"] = "0" if address == origin else _place(address, origin, span)
        seen["source.writable"] = writable
        seen["source.canary"] = "placed" if placed else "none"

    def _export(
        self,
        a: Any,
        way: Way,
        origin: int,
        span: tuple[int, int],
        prepared: Prepared,
    ) -> None:
        """Read an export as the consumer asks for it, or else a legacy and a versioned one."""
        seen, facts, keywords = self.seen, self.facts, way.keywords
        asked = prepared.raw or b"", prepared.device_memory
        try:
            export = a.__dlpack__
            device = a.__dlpack_device__
        except AttributeError:
            return  # nothing to export: no fact
        try:
            seen["export.dlpack_device"] = tuple(map(int, device()))
        except BaseException as error:  # recorded below unless the export itself says more
            self._export_failed(error)
        if way.gives is not None:
            try:
                capsule = way.gives(a)
            except BaseException as error:
                self._export_failed(error)
            else:
                facts.read_export("export", capsule, origin, span, *asked)
            return
        if keywords is not None:
            try:
                capsule = export(**keywords)
            except TypeError:
                pass  # an older producer that lacks a keyword: ask in both ways that it may know
            except BaseException as error:
                self._export_failed(error)
                seen["export.keywords"] = way.keywords_text
                return
            else:
                seen["export.keywords"] = way.keywords_text
                facts.read_export("export", capsule, origin, span, *asked)
                return
        versioned = legacy = None
        try:
            versioned = export(max_version=_NEWEST)
        except BaseException as error:
            self._export_failed(error)
        try:
            legacy = export()
        except BaseException as error:
            if versioned is None:
                self._export_failed(error)
        if versioned is not None and legacy is not None:
            seen["export.keywords"] = "both"
            seen["export.agree"] = self._same_elements(legacy, versioned, origin, span)
        elif versioned is not None or legacy is not None:
            seen["export.keywords"] = (
                "" if versioned is None else keyword_text({"max_version": _NEWEST})
            )
        capsule = legacy if versioned is None else versioned
        if capsule is not None:
            for name in ("export.error", "export.error_bases", "export.message"):
                seen.pop(name, None)
            facts.read_export("export", capsule, origin, span, *asked)

    def _export_failed(self, error: BaseException) -> None:
        seen = self.seen
        seen["export.error"] = class_of(error)
        seen["export.error_bases"] = bases_of(error)
        seen["export.message"] = message_of(error)

    def _calls(self, a: Any) -> None:
        """Record what the reference saw as producer while the route ran."""
        calls = a.calls
        seen = self.seen
        seen["calls.log"] = [call_text(call.method, call.keywords) for call in calls]
        if calls:
            seen["calls.threads"] = self._thread_names([call.thread for call in calls])
            seen["calls.gil"] = all(call.gil for call in calls)

    def _describe_result(self, b: Any, origin: int, span: tuple[int, int]) -> Description | None:
        seen = self.seen
        types = self._types
        if types is not None:
            seen["result.own_type"] = own = isinstance(b, types)
            if not own:
                seen["result.error"] = "TypeError"
                seen["result.message"] = f"the result is a {type(b).__name__}"
                return None
        try:
            after = self._consumer.describe(b)
        except BaseException as error:
            seen["result.error"] = class_of(error)
            seen["result.message"] = message_of(error)
            if types is None:
                seen["result.own_type"] = False
            return None
        if types is None:
            seen["result.own_type"] = True
        shape, strides, dtype, device, address, writable, _ = after
        seen["result.shape"] = shape
        seen["result.strides"] = strides
        seen["result.dtype"] = dtype
        seen["result.device"] = device
        seen["result.address"] = "0" if address == origin else _place(address, origin, span)
        seen["result.writable"] = writable
        return after

    def _reread(
        self,
        b: Any,
        after: Description | None,
        origin: int,
        span: tuple[int, int],
        prepared: Prepared,
        *,
        shaped: bool,
    ) -> None:
        """Read the result once more, through its own export; not ``shaped``: without values."""
        try:
            export = b.__dlpack__
        except AttributeError:
            return
        try:
            try:
                capsule = export(max_version=_NEWEST)
            except TypeError:
                capsule = export()
        except BaseException as error:
            self.seen["result_read.error"] = class_of(error)
            return
        raw = None
        if shaped:
            raw = prepared.raw if after is None else self.raw_of(prepared, after.dtype)
        self.facts.read_export(
            "result_read", capsule, origin, span, raw or b"", prepared.device_memory
        )

    def _values(self, b: Any, after: Description, prepared: Prepared, *, shaped: bool) -> Any:
        """Read all elements by the consumer's own reader; `_UNREAD` where it can't."""
        seen = self.seen
        try:
            got = self._consumer.read(b)
        except BaseException as error:
            seen["result.error"] = class_of(error)
            seen["result.message"] = message_of(error)
            return _UNREAD
        asked = self.raw_of(prepared, after.dtype) if type(got) is bytes else prepared.values
        if asked is None:
            return _UNREAD
        seen["result.values"] = same = shaped and got == asked
        if not shaped:
            seen["result.wrong"] = "in another shape"
        elif not same:
            seen["result.wrong"] = first_difference(asked, got)
        return got

    def _unchanged(self, a: Any, memory: Any, prepared: Prepared) -> None:
        """Compare the source, and the bytes outside it, with what they were before the route."""
        seen = self.seen
        if memory is not None:
            seen["memory.source"] = memory.elements_changed() == 0
            seen["memory.outside"] = memory.outside_changed() == 0
        else:
            same = self.source_as_asked(a, prepared)
            if same is not None:
                seen["memory.source"] = same

    def _read_again(self, b: Any, after: Description | None, prepared: Prepared | None) -> None:
        """Read the result when the producer's names are gone; without ``prepared`` it is wrong."""
        try:
            got = self._consumer.read(b)
        except BaseException:
            self.seen["end.values"] = False
            return
        if prepared is None:
            self.seen["end.values"] = False
        elif type(got) is bytes and after is not None:
            self.seen["end.values"] = got == self.raw_of(prepared, after.dtype)
        else:
            self.seen["end.values"] = got == prepared.values

    # Small things.

    def _thread_names(self, threads: Any) -> list[str]:
        """Name threads ``main``, then ``t1``, ``t2`` in the order of their calls; each once."""
        main = self._main_thread
        if len(threads) == 1 and threads[0] == main:
            return ["main"]
        names = {main: "main"}
        for thread in threads:
            names.setdefault(thread, f"t{len(names)}")
        return list(dict.fromkeys(names[thread] for thread in threads))


def call_text(method: str, keywords: tuple[tuple[str, Any], ...]) -> str:
    """A logged call as it was written; the texts of the few calls that consumers make are kept."""
    key = (method, keywords, tuple([type(value) for _, value in keywords]))
    try:
        found = _call_texts.get(key)
    except TypeError:  # a value without a hash
        return f"{method}({keyword_text(dict(keywords))})"
    if found is None:
        found = f"{method}({keyword_text(dict(keywords))})"
        if len(_call_texts) < _MAX_TEXTS:
            _call_texts[key] = found
    return found


def first_difference(asked: Any, got: Any) -> str:
    """Index in C order, asked value, value that was read; or the two counts."""
    if len(asked) != len(got):
        return f"{len(asked)} elements asked, {len(got)} read"
    at = next(at for at, (left, right) in enumerate(zip(asked, got, strict=True)) if left != right)
    return f"{at}: asked {asked[at]!r}, got {got[at]!r}"


def _place(address: int | None, origin: int, span: tuple[int, int]) -> str:
    """Address as bytes from the source's element 0, where it lies inside the allocation."""
    if not address:
        return "null"
    offset = address - origin
    return str(offset) if offset == 0 or span[0] <= offset < span[1] else "elsewhere"


def _watch(x: Any) -> Any:
    try:
        return weakref.ref(x)
    except TypeError:
        return None  # its library lets nobody watch it: no fact about liveness


def _stays(watched: Any, ledger: Any) -> bool:
    """Whether it is still held; a library may let go on a thread of its own, a moment later."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while _alive(watched, ledger):
        if threads() == 1 or time.monotonic() > end:
            return True
        time.sleep(_WAIT_SECONDS)
        gc.collect()
    return False


def _alive(watched: Any, ledger: Any) -> bool:
    """Something holds the memory; exports of the reference do without the watched object."""
    return watched() is not None or (ledger is not None and ledger.live_exports > 0)
