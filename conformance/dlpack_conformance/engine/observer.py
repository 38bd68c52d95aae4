"""Runs a protocol case: one library against the reference; facts only, nothing is judged."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.exchange import STEPS, call_text, first_difference
from dlpack_conformance.engine.prepare import Catalogue, Prepared
from dlpack_conformance.engine.process import guard_process
from dlpack_conformance.engine.proof import Proofs
from dlpack_conformance.engine.sharing import relation
from dlpack_conformance.engine.texts import WarningLog, bases_of, class_of, message_of
from dlpack_conformance.libraries import Description, Library, NotMadeError, Source

__all__ = ["CaseObserver", "SourceNotMadeError"]

_CUDA, _EXTENSION = 2, 12
_DEVICES = 2


class SourceNotMadeError(Exception):
    """The library could not make the source of a protocol case: there is nothing to observe."""


class CaseObserver:
    """The `Observer` of one case; made anew for each, so that nothing of another case is left.

    ``reference``: the library file of the reference. ``facts``: a dict to fill. ``say(number)`` is
    told each step before it is taken.
    """

    def __init__(
        self,
        library: Library,
        reference: Library,
        catalogue: Catalogue,
        *,
        facts: dict[str, Any],
        warning_log: WarningLog,
        say: Callable[[int], None],
    ) -> None:
        self.library = library
        self.core, self.instrument = modules()
        self.facts = facts
        self._reference = reference
        self._catalogue = catalogue
        self._warnings = warning_log
        self._say = say
        self._proofs = Proofs(library, library, catalogue)
        self._prepared: Prepared | None = None
        self._before: Description | None = None
        self._after: Description | None = None
        self._memory: Any = None
        self._origin = 0
        self._span = (0, 0)
        self._simulated: tuple[Any, ...] = ()

    def step(self, name: str) -> None:
        """Tell the journal."""
        self._say(STEPS.index(name))

    # What is made.

    def source(self, dtype: str = "float32", layout: str = "matrix", source: str = "plain") -> Any:
        """Make an array of the library."""
        prepared = self._prepare(dtype, layout, source)
        template = prepared.template
        self._memory = None if template is None else template.make()
        asked = Source._make((*prepared.head, self._memory, prepared.image))
        try:
            a = self.library.make(asked)
        except NotMadeError:
            raise
        except Exception as error:
            if not self._promised(dtype, layout, source):
                raise  # the probe asked for what nobody said: a mistake of ours
            self.facts["source.error"] = class_of(error)
            self.facts["source.message"] = message_of(error)
            raise SourceNotMadeError from error
        self._before = before = self.library.describe(a)
        if self._memory is None:
            self._origin, self._span = before.address or 0, prepared.span
        else:
            self._place_memory()
        seen = self.facts
        seen["source.shape"], seen["source.strides"] = before.shape, before.strides
        seen["source.dtype"], seen["source.device"] = before.dtype, before.device
        seen["source.address"] = self._where(before.address)
        seen["source.writable"] = before.writable
        return a

    def _promised(self, dtype: str, layout: str, source: str) -> bool:
        """Whether the library file says that it makes this source."""
        for makes in self.library.makes():
            if makes.source == source and makes.device == "cpu" and dtype in makes.dtypes:
                excluded = {row[:2] for row in makes.excluded}
                named = makes.layouts is None or layout in makes.layouts
                return named and excluded.isdisjoint({(dtype, layout), ("*", layout), (dtype, "*")})
        return False

    def crafted(
        self,
        dtype: str = "float32",
        layout: str = "matrix",
        *,
        kind: str = "ordinary",
        alignment: int = 256,
        skew: int = 0,
        on: str = "",
        array: Callable[..., Any] | None = None,
        **options: Any,
    ) -> Any:
        """Make an array of the reference."""
        prepared = self._prepare(dtype, layout, "plain")
        _, _, _, _, shape, strides, offset, values = prepared.head
        template = prepared.template
        place: dict[str, Any] = {"device": self.accelerator(on)} if on else {}
        if place or (kind, alignment, skew) != ("ordinary", 256, 0):
            how = {"kind": kind, "alignment": alignment, "skew": skew, **place}
            template = self.instrument.Template(dtype, shape, strides, offset, values, **how)
        self._memory = template.make()
        self._place_memory()
        a = (array or self.instrument.Array)(self._memory, dtype, shape, strides, **options)
        where = place["device"].name if on else "cpu"
        self._before = Description(
            shape, strides, dtype, where, self._origin, not options.get("readonly", False)
        )
        seen = self.facts
        seen["source.shape"], seen["source.strides"] = shape, strides
        seen["source.dtype"], seen["source.device"] = dtype, where
        seen["source.address"], seen["source.writable"] = "0", self._before.writable
        return a

    @property
    def memory(self) -> Any:
        """Memory of the last array."""
        return self._memory

    def place(self) -> tuple[int, tuple[int, int], bytes]:
        """Where the last array's elements lie."""
        assert self._prepared is not None, "an array comes first"
        return self._origin, self._span, self._prepared.raw or b""

    def accelerator(self, kind: str, index: int = 0) -> Any:
        """Return the instrument's accelerator of the case."""
        if kind == "cuda":
            return self._catalogue.devices.accelerator(f"{kind}-{index}")
        if not self._simulated:
            self._simulated = self.instrument.simulated(_DEVICES, type=self._stated_type())
        return self._simulated[index]

    def _stated_type(self) -> int:
        """Type of a simulated device; a library with a CUDA driver never gets it as CUDA."""
        try:
            known = self.library.reaches("simulated")  # type: ignore[attr-defined]
        except (AttributeError, NotImplementedError):
            return _EXTENSION
        return _EXTENSION if known is not None else _CUDA

    def forget(self) -> None:
        """Let go of the memory."""
        self._memory = None

    def _prepare(self, dtype: str, layout: str, source: str) -> Prepared:
        self._prepared = self._catalogue.prepared((dtype, layout, source, "cpu"))
        return self._prepared

    def _place_memory(self) -> None:
        memory = self._memory
        self._origin = memory.first
        self._span = (-memory.first_offset, memory.nbytes - memory.first_offset)

    def _where(self, address: int | None) -> str:
        if not address:
            return "null"
        offset = address - self._origin
        inside = offset == 0 or self._span[0] <= offset < self._span[1]
        return str(offset) if inside else "elsewhere"

    # What is tried.

    def call(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Try a call."""
        seen, warned = self.facts, self._warnings
        if warned.seen:
            warned.take()
        result = None
        for name in ("route.error", "route.error_bases", "route.message"):
            seen.pop(name, None)
        self.step("exchange")
        try:
            result = function(*args, **keywords)
        except BaseException as error:
            seen["route.returned"] = False
            seen["route.error"] = class_of(error)
            seen["route.error_bases"] = bases_of(error)
            seen["route.message"] = message_of(error)
        else:
            seen["route.returned"] = True
        seen["route.warnings"] = warned.take() if warned.seen else ()
        return result

    def consume(self, x: Any, **keywords: Any) -> Any:
        """Try the library's ``from_dlpack``."""
        return self.call(self.library.accepts()["from_dlpack"].call, x, **keywords)

    # What is seen.

    def read_export(self, capsule: Any) -> None:
        """Let the reference read a capsule."""
        prepared = self._prepared
        assert prepared is not None, "a source comes first"
        facts = self.core.Facts()
        facts.read_export("export", capsule, self._origin, self._span, prepared.raw or b"")
        self.facts.update(facts.to_dict())
        self.facts["capsule.has_deleter"] = self.instrument.inspect(capsule).has_deleter

    def look(self, result: Any) -> None:
        """Look at a result by the library's own API."""
        seen, library, prepared = self.facts, self.library, self._prepared
        assert prepared is not None, "a source comes first"
        self.step("read")
        types = getattr(library, "types", None)
        seen["result.own_type"] = types is None or isinstance(result, tuple(types()))
        try:
            self._after = after = library.describe(result)
            seen["result.shape"], seen["result.strides"] = after.shape, after.strides
            seen["result.dtype"], seen["result.device"] = after.dtype, after.device
            seen["result.address"] = self._where(after.address)
            seen["result.writable"] = after.writable
            got = library.read(result)
        except BaseException as error:
            seen["result.error"] = class_of(error)
            seen["result.message"] = message_of(error)
            return
        asked = (
            self._proofs.raw_of(prepared, after.dtype) if type(got) is bytes else prepared.values
        )
        if asked is None:
            return
        seen["result.values"] = same = got == asked
        if not same:
            seen["result.wrong"] = first_difference(asked, got)
        if self._before is not None and prepared.values:
            where = relation(self._before, after, self._catalogue.item_bits)
            if where is not None:
                seen["proof.address"] = where

    def prove(self, a: Any, b: Any) -> None:
        """Write on each side and read the other."""
        assert self._prepared is not None, "a source comes first"
        assert self._before is not None
        assert self._after is not None, "look comes first"
        self.step("write")
        ours = isinstance(a, self.instrument.Array)
        producer = self._reference if ours else self.library
        proofs = Proofs(producer, self.library, self._catalogue)
        proofs.seen = self.facts
        proofs.prove(a, b, self._before, self._after, self._memory, self._prepared)

    def calls(self, array: Any) -> None:
        """Record what the reference saw as producer."""
        calls, seen, main = array.calls, self.facts, threading.main_thread().ident
        seen["calls.log"] = [call_text(call.method, call.keywords) for call in calls]
        if calls:
            names = {main: "main"}
            for call in calls:
                names.setdefault(call.thread, f"t{len(names)}")
            used = dict.fromkeys(names[call.thread] for call in calls)
            seen["calls.threads"] = list(used)
            seen["calls.gil"] = all(call.gil for call in calls)

    def count(self, ledger: Any) -> None:
        """Record exports and deleter calls."""
        self.facts["end.exports"] = ledger.exports
        self.facts["end.deleter_calls"] = ledger.deleter_calls

    def apart(self, function: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Run ``function`` in a forked child."""
        read_fd, write_fd = os.pipe()
        pid = os.fork()
        if pid == 0:
            guard_process()  # or it outlives a runner that is ended because of it
            os.close(read_fd)
            status = 1
            try:
                with os.fdopen(write_fd, "wb") as pipe:
                    pipe.write(json.dumps(dict(function())).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as pipe:
            text = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return {**(json.loads(text) if text else {}), "life.exit": code}
