"""How two live arrays lie to one another: ``relation(a, b)``, for any two supported libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from dlpack_conformance.engine.overlap import Elements
    from dlpack_conformance.libraries import Description, Library

__all__ = ["Relation", "relation"]

_HOST = "cpu"
_NUMBERS = ("bool", "int", "uint", "float", "complex")
_LONG_ELEMS = 2**20


class Relation(NamedTuple):
    """What was seen of two arrays.

    ``outcome``: ``shared`` (a byte of both at least is the same memory), ``apart`` (none is),
    ``empty`` (one has no elements), ``unknown`` (``reason`` says why). Two arrays that lie apart
    may be a copy of one another or strangers: nobody watched. ``proof``: of the outcome, spelled as
    in a record: ``address``, ``write``, ``address+write``, ``identity``, or nothing. ``overlap``:
    ``same`` (each index of both at one address), ``overlap`` (some elements), ``apart``; None where
    addresses don't tell. ``writable``: whether the libraries of ``a`` and ``b`` let their users
    write. ``reason``: a sentence.
    """

    outcome: str
    proof: str
    overlap: str | None
    writable: tuple[bool, bool]
    reason: str


def relation(a: Any, b: Any, *, prove: bool = False, files: Sequence[str | Path] = ()) -> Relation:
    """Tell whether two live arrays share memory, by their libraries' own word on addresses.

    Parameters
    ----------
    a, b
        Arrays of any two libraries with a library file; they may be of one library, or one object.
    prove
        Write one element of each side that may be written, read it on the other side, and put it
        back, to the byte where it lies in host memory. A library that counts writes counts these;
        nobody else may use the arrays meanwhile. Without it nothing is written.
    files
        Library files from outside, beside those that are installed.

    Raises
    ------
    RelationError
        An argument is no array that a library file knows, its library can't say where it lies, or
        an element could not be put back.
    LibraryFileError
        A library file broke its contract.
    """
    from dlpack_conformance.engine.discover import find_libraries

    libraries = find_libraries(files)
    sides = (_Side("a", a, libraries), _Side("b", b, libraries))
    found = _by_address(*sides)
    if not prove or found.outcome not in ("shared", "apart") or found.proof == "identity":
        return found
    return _by_write(found, *sides)


class _Side:
    """One of the two arrays with its library."""

    def __init__(self, field: str, x: Any, libraries: dict[str, Library]) -> None:
        from dlpack_conformance import modules
        from dlpack_conformance.engine.discover import find_owner
        from dlpack_conformance.errors import RelationError

        owner = find_owner(x, libraries)
        if owner is None:
            allowed = f"arrays of {', '.join(sorted(libraries))}"
            raise RelationError(field, x, "no library file knows it as its array", allowed)
        self.field, self.x = field, x
        self.library, item_bytes = owner
        self.library.probe()  # it is imported already: this fills the file's tables, no more
        try:
            self.said: Description = self.library.describe(x)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            raise RelationError(field, x, f"its library can't describe it: {cause}") from error
        rows = {row["name"]: row for row in modules().core.dtypes()}
        self.row = rows.get(self.said.dtype)
        self.item_bits = item_bytes * 8 if item_bytes is not None else None
        if self.row is not None:
            self.item_bits = self.row["item_bits"]

    @property
    def size(self) -> int:
        return prod(self.said.shape)

    @property
    def whole_bytes(self) -> bool:
        """Whether each element has bytes of its own."""
        return self.item_bits is not None and self.item_bits % 8 == 0

    def elements(self) -> Elements | str:
        """Where the elements lie; or why that can't be told."""
        from dlpack_conformance.engine.overlap import Elements

        said, bits = self.said, self.item_bits
        if said.address is None:
            return f"{self.field} has no memory of its elements ({self.library.name} gives none)"
        if bits is None:
            return f"the size of an element of {self.field} ({said.dtype}) is not known"
        if said.strides_bytes is None and said.strides is None:
            return f"{self.library.name} gives {self.field} no strides"
        if said.strides_bytes is not None:
            return Elements(said.address, said.shape, said.strides_bytes, bits // 8)
        steps = said.strides or ()
        if bits % 8 == 0:
            strides = tuple(step * bits // 8 for step in steps)
            return Elements(said.address, said.shape, strides, bits // 8)
        # Elements inside bytes: the bytes that they touch are one run.
        reach = [(n - 1) * step for n, step in zip(said.shape, steps, strict=True)]
        low = sum(min(one, 0) for one in reach) * bits // 8
        high = -(-(sum(max(one, 0) for one in reach) + 1) * bits // 8)
        return Elements(said.address + low, (high - low,), (1,), 1)

    def look(self, index: tuple[int, ...] | None) -> str:
        """One element, or all, as text: in which NaN is like NaN."""
        if index is None:
            return repr(self.library.read(self.x))
        return repr(self.library.get(self.x, index))

    def others(self, old: Any) -> Iterator[tuple[Any, bytes]]:
        """Values that differ from ``old``, each with its bytes; none where the dtype has none."""
        from contextlib import suppress

        from dlpack_conformance import modules

        core = modules().core
        row = self.row
        if row is None or row["lanes"] != 1 or row["family"] not in _NUMBERS:
            return
        if isinstance(old, bytes):
            yield self.written(bytes(byte ^ 1 for byte in old))
            return
        for near in (old, 1, 0):
            with suppress(ValueError):
                new = core.other_value(self.said.dtype, near)
                if repr(new) != repr(old):
                    yield self.written(new)

    def written(self, value: Any) -> tuple[Any, bytes]:
        """A value as the library's writer takes it, with its bytes where they are known."""
        from dlpack_conformance import modules

        if isinstance(value, bytes):
            return int.from_bytes(value, "little"), value
        known = self.row is not None and self.row["dlpack"]
        return value, modules().instrument.encode(self.said.dtype, value) if known else b""

    def put_back(self, index: tuple[int, ...], old: Any, place: int, raw: bytes) -> None:
        """Write the old value; where that changes a byte (as of a NaN) the bytes themselves."""
        import ctypes

        from dlpack_conformance.errors import RelationError

        error: Exception | None = None
        try:
            self.library.write(self.x, index, *self.written(old))
        except Exception as caught:  # noqa: BLE001 - the bytes themselves decide below
            error = caught
        if place and ctypes.string_at(place, len(raw)) != raw:
            ctypes.memmove(place, raw, len(raw))
        elif not place and (error is not None or self.look(index) != repr(old)):
            what = f"element {index} could not be put back; it was {old!r}"
            raise RelationError(self.field, self.x, what) from error


def _by_address(a: _Side, b: _Side) -> Relation:
    from dlpack_conformance.engine.overlap import TooManyWaysError, meeting

    writable = a.said.writable, b.said.writable
    for side in (a, b):
        if side.size == 0:
            return Relation("empty", "", None, writable, f"{side.field} has no elements")
    if a.x is b.x:
        return Relation("shared", "identity", "same", writable, "a and b are one object")
    here, there = a.elements(), b.elements()
    for where in (here, there):
        if isinstance(where, str):
            return Relation("unknown", "", None, writable, where)
    assert not isinstance(here, str)
    assert not isinstance(there, str)
    try:
        met = meeting(here, there)
    except TooManyWaysError:
        reason = "too many ways in which the strides may meet"
        return Relation("unknown", "", None, writable, reason)
    devices = a.said.device, b.said.device
    if met is None:
        away = f", and on different devices: {', '.join(devices)}" if len(set(devices)) > 1 else ""
        return Relation(
            "apart", "address", "apart", writable, f"no byte of their elements is the same{away}"
        )
    if not _one_memory(*devices):
        reason = f"the same addresses, but on different devices: {', '.join(devices)}"
        return Relation("unknown", "", None, writable, reason)
    if _moving(here) == _moving(there) and (a.item_bits, here.first) == (b.item_bits, there.first):
        return Relation(
            "shared", "address", "same", writable, "each index of both lies at one address"
        )
    reason = f"they overlap: a{list(met[0])} and b{list(met[1])} share bytes"
    if not (a.whole_bytes and b.whole_bytes):
        reason = "they overlap: packed elements lie in the same bytes"
    return Relation("shared", "address", "overlap", writable, reason)


def _moving(elements: Elements) -> tuple[tuple[int, ...], list[int]]:
    """Shape, and the strides that move something."""
    strides = zip(elements.shape, elements.strides, strict=True)
    return elements.shape, [step if extent > 1 else 0 for extent, step in strides]


def _one_memory(device: str, other: str) -> bool:
    """Whether one address means one byte on both: on one device, or where the host reads both."""
    from dlpack_conformance import modules

    if device == other:
        return True
    readable = {row["name"]: row["host_readable"] for row in modules().core.devices()}
    return bool(readable.get(device) and readable.get(other))


def _by_write(found: Relation, a: _Side, b: _Side) -> Relation:
    """Write on each side that may be written and read on the other."""
    from dlpack_conformance.engine.overlap import Elements, meeting

    here, there = a.elements(), b.elements()
    assert isinstance(here, Elements)
    assert isinstance(there, Elements)
    met = meeting(here, there)
    indices = [tuple(extent - 1 for extent in side.said.shape) for side in (a, b)]
    exact = False
    if met is not None and a.whole_bytes and b.whole_bytes:
        indices = list(met)
        exact = here.item == there.item and here.address(met[0]) == there.address(met[1])
    partly = met is not None and not exact
    seen: list[bool | str] = []
    said: list[str] = []
    turns = ((a, b, indices[0], indices[1]), (b, a, indices[1], indices[0]))
    for writer, reader, at, other in turns:
        known = met is not None and a.whole_bytes and b.whole_bytes
        looked = other if known or reader.size > _LONG_ELEMS else None
        answer = _write_seen(writer, reader, at, looked, found.writable)
        seen.append(answer)
        said.append(_sentence(writer.field, reader.field, answer, partly=partly))
    reason = "; ".join([found.reason, *said])
    if True in seen:
        proof = "write" if found.outcome == "apart" else "address+write"
        disagree = "; the proofs disagree" if found.outcome == "apart" else ""
        return Relation("shared", proof, found.overlap, found.writable, reason + disagree)
    if found.outcome == "shared" and exact and False in seen:
        # Addresses are words of a library, a write is seen: the outcome follows the write.
        disagree = "; the proofs disagree"
        return Relation("apart", "write", found.overlap, found.writable, reason + disagree)
    if found.outcome == "apart" and False in seen:
        return Relation("apart", "address+write", found.overlap, found.writable, reason)
    return Relation(found.outcome, found.proof, found.overlap, found.writable, reason)


def _sentence(writer: str, reader: str, answer: bool | str, *, partly: bool) -> str:
    if isinstance(answer, str):
        return f"{writer} was not written: {answer}"
    if partly and not answer:
        return f"a write to {writer} did not change the bytes that {reader} has of its element"
    return f"a write to {writer} was {'' if answer else 'not '}read in {reader}"


def _write_seen(
    writer: _Side,
    reader: _Side,
    at: tuple[int, ...],
    looked: tuple[int, ...] | None,
    writable: tuple[bool, bool],
) -> bool | str:
    """Whether a write shows on the other side, and is gone when it is put back; or why not tried.

    ``looked``: index to read, None for all elements.
    """
    import ctypes

    where = writer.elements()
    if not writer.said.writable:
        return "its library does not let its user"
    assert not isinstance(where, str)
    if not writer.whole_bytes:
        return "its elements are smaller than a byte"
    on_host = writer.said.device == _HOST
    place = where.address(at) if on_host else 0
    if on_host and not _pages_writable(place, where.item, both=all(writable)):
        return "its memory is mapped read-only"
    tried = False
    try:
        old = writer.library.get(writer.x, at)
        before = reader.look(looked)
    except Exception as error:  # noqa: BLE001 - whatever its library raises is the reason
        return f"reading raised {type(error).__name__}: {error}"
    raw = ctypes.string_at(place, where.item) if place else b""
    for new, new_raw in writer.others(old):
        failed = ""
        try:
            writer.library.write(writer.x, at, new, new_raw)
            took = writer.look(at) != repr(old)
            after = reader.look(looked)
        except Exception as error:  # noqa: BLE001 - the same
            failed = f"writing raised {type(error).__name__}: {error}"
        finally:
            writer.put_back(at, old, place, raw)
        if failed:
            return failed
        if after != before and reader.look(looked) == before:
            return True
        tried = tried or took
    return False if tried else "its elements are no numbers that the suite can write"


def _pages_writable(place: int, size: int, *, both: bool) -> bool:
    """Whether a store there can't end the process; ``both`` sides writable decides elsewhere."""
    from pathlib import Path

    if not sys.platform.startswith("linux"):
        return both
    for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
        bounds, mode, *_ = line.split()
        begin, end = (int(bound, 16) for bound in bounds.split("-"))
        if begin <= place < end:
            return mode[1] == "w" and place + size <= end
    return False
