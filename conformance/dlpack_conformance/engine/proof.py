"""Shows whether memory is shared: where it lies, and whether a write shows on the other side."""

from __future__ import annotations

from typing import Any

from dlpack_conformance import modules
from dlpack_conformance.engine.prepare import Catalogue, Prepared
from dlpack_conformance.engine.texts import class_of
from dlpack_conformance.libraries import Description, Library

__all__ = ["Proofs"]


class Proofs:
    """The proofs of one producer and one consumer; what they show goes into ``seen``."""

    def __init__(self, producer: Library, consumer: Library, catalogue: Catalogue) -> None:
        self.seen: dict[str, Any] = {}
        self._producer = producer
        self._consumer = consumer
        self._catalogue = catalogue
        self._relation = modules().core.relation

    def prove(
        self,
        a: Any,
        b: Any,
        before: Description,
        after: Description,
        memory: Any,
        prepared: Prepared,
    ) -> None:
        """Write on each side that may be written and read on the other; everything is put back."""
        seen = self.seen
        if prepared.empty:
            seen["proof.forward"] = seen["proof.backward"] = "empty"
            return
        producer, consumer = self._producer, self._consumer
        where = "same" if b is a else self._relation(before, after, self._catalogue.item_bits)
        if where is not None:
            seen["proof.address"] = where
        here = there = prepared.index
        if after.shape != before.shape:
            there = prepared.flat_index
            if after.shape != prepared.flat_shape:
                seen["proof.forward"] = seen["proof.backward"] = "another-shape"
                return
        right = seen["result.values"]
        if not before.writable:
            seen["proof.forward"] = "not-writable"
        elif not prepared.writable:
            seen["proof.forward"] = "protected"
        else:
            try:
                old = prepared.old if right else consumer.get(b, there)
                producer.write(a, here, prepared.new, prepared.new_raw)
                got = consumer.get(b, there)
                seen["proof.forward"] = (
                    self._seen(got, after.dtype, prepared) if right else _moved(old, got)
                )
            except BaseException as error:
                seen["proof.forward"] = f"raised {class_of(error)}"
            self._restore(a, memory, prepared)
        if not after.writable:
            seen["proof.backward"] = "not-writable"
        elif not prepared.writable and where != "apart":
            seen["proof.backward"] = "protected"
        else:
            try:
                old = prepared.old if right else consumer.get(b, there)
                consumer.write(
                    b, there, prepared.new, self._one(prepared, after.dtype, prepared.new)
                )
                got = producer.get(a, here)
                how = (
                    self._seen(got, before.dtype, prepared) if right else _moved(prepared.old, got)
                )
                seen["proof.backward"] = how
                if memory is None or how != "seen":
                    raw = old if type(old) is bytes else self._one(prepared, after.dtype, old)
                    consumer.write(b, there, old, raw)
            except BaseException as error:
                seen["proof.backward"] = f"raised {class_of(error)}"
            if memory is not None and prepared.writable:
                seen["memory.outside_after"] = memory.outside_changed() == 0
                memory.refill()
        if memory is not None:
            if "memory.outside_after" not in seen:
                seen["memory.outside_after"] = memory.outside_changed() == 0
            seen["proof.restored"] = memory.elements_changed() == 0
        else:
            same = self.source_as_asked(a, prepared)
            if same is not None:
                seen["proof.restored"] = same

    def _seen(self, got: Any, dtype: str, prepared: Prepared) -> str:
        """Return ``seen``, ``unseen``, or ``other`` for neither the written nor the old value."""
        if type(got) is bytes:
            if got == self._one(prepared, dtype, prepared.new):
                return "seen"
            return "unseen" if got == self._one(prepared, dtype, prepared.old) else "other"
        if got == prepared.new:
            return "seen"
        return "unseen" if got == prepared.old else "other"

    def _restore(self, a: Any, memory: Any, prepared: Prepared) -> None:
        if memory is not None:
            memory.refill()
            return
        try:
            self._producer.write(a, prepared.index, prepared.old, prepared.old_raw)
        except BaseException:
            return  # proof.restored says so

    def source_as_asked(self, a: Any, prepared: Prepared) -> bool | None:
        """Tell whether the source reads as it was made; None where it has no values to read."""
        try:
            got = self._producer.read(a)
        except BaseException:
            return None  # this source has no values to read (meta, sparse ...): no fact
        asked = prepared.raw if type(got) is bytes else prepared.values
        return None if asked is None else bool(got == asked)

    def raw_of(self, prepared: Prepared, dtype: str) -> bytes | None:
        """Asked values as bytes of ``dtype``, which may be the result's."""
        known = prepared.raw_by_dtype
        if dtype not in known:
            known[dtype] = self._catalogue.encode(dtype, prepared.values)
        return known[dtype]

    def _one(self, prepared: Prepared, dtype: str, value: Any) -> bytes:
        if dtype == prepared.dtype:
            if value is prepared.new:
                return prepared.new_raw
            if value is prepared.old:
                return prepared.old_raw
        return self._catalogue.encode(dtype, [value]) or b""


def _moved(old: Any, new: Any) -> str:
    """Where values are not the asked ones, what counts is that they change with the write."""
    same = new == old or (new != new and old != old)  # from NaN to NaN is no change
    return "unseen" if same else "seen"
