"""The smoke check of every library file: what it makes, it describes, reads and writes as asked.

A failure here means that the library file is wrong, not the library.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import library_sources
import pytest
from dlpack_conformance.libraries import Makes
from library_sources import Built

# PyTorch says so of each complex32 tensor; making one is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")

LIBRARIES = library_sources.installed()
MADE = [
    (name, makes)
    for name, library in LIBRARIES.items()
    for makes in library.makes()
    if makes.device == "cpu"
]


READABLE = [made for made in MADE if made[1].source != "meta"]
# PyTorch's own writer faults on misaligned complex128; cases of that source end as crashed.
WRITABLE = [made for made in MADE if (made[0], made[1].source) != ("torch", "odd-byte")]


def name_of(made: tuple[str, Makes]) -> str:
    """Return the id of one library and one source that it makes."""
    return f"{made[0]}-{made[1].source}"


def each(makes: Makes) -> Iterator[Built]:
    """Yield every source that is made."""
    for dtype, layout in library_sources.combinations(makes):
        yield library_sources.build(dtype, layout, makes.source)


def expected(built: Built, got: Any) -> Any:
    """Return what a reader has to give: raw bytes where it gives bytes, else numbers."""
    return built.raw if isinstance(got, bytes) else list(built.source.values)


@pytest.mark.parametrize("made", MADE, ids=name_of)
def test_source_is_described_as_asked(made: tuple[str, Makes]) -> None:
    """Shape, strides, dtype and address are as asked, by the library's own API."""
    library, makes = LIBRARIES[made[0]], made[1]
    wrong = []
    for built in each(makes):
        asked = built.source
        found = library.describe(library.make(asked))
        if (found.shape, found.dtype) != (asked.shape, asked.dtype):
            wrong.append((asked.dtype, asked.layout, found))
        if found.strides is not None and found.strides != asked.strides and 0 not in asked.shape:
            wrong.append((asked.dtype, asked.layout, found))
        if (
            asked.memory is not None
            and 0 not in asked.shape
            and found.address != asked.memory.first
        ):
            wrong.append((asked.dtype, asked.layout, found))

    assert wrong == []


@pytest.mark.parametrize("made", READABLE, ids=name_of)
def test_source_reads_as_asked(made: tuple[str, Makes]) -> None:
    """The library's own reader gives the values, and reading changes no byte."""
    library, makes = LIBRARIES[made[0]], made[1]
    wrong = []
    for built in each(makes):
        got = library.read(library.make(built.source))
        if got != expected(built, got):
            wrong.append((built.source.dtype, built.source.layout, got))
        memory = built.source.memory
        if memory is not None and (memory.elements_changed() or memory.outside_changed()):
            wrong.append((built.source.dtype, built.source.layout, "memory changed"))

    assert wrong == []


@pytest.mark.parametrize("made", WRITABLE, ids=name_of)
def test_write_changes_one_element_and_nothing_outside(made: tuple[str, Makes]) -> None:
    """Another value at the last index is read back, and no byte outside changed."""
    library, makes = LIBRARIES[made[0]], made[1]
    wrong = []
    for built in each(makes):
        asked = built.source
        if not built.may_write or built.new is None:
            continue
        x = library.make(asked)
        if not library.describe(x).writable:
            continue
        last = tuple(extent - 1 for extent in asked.shape)
        library.write(x, last, built.new, built.new_raw)
        got = library.get(x, last)
        if got != (built.new_raw if isinstance(got, bytes) else built.new):
            wrong.append((asked.dtype, asked.layout, got))
        if asked.memory is not None and asked.memory.outside_changed():
            wrong.append((asked.dtype, asked.layout, "bytes outside the elements changed"))

    assert wrong == []


@pytest.mark.parametrize("made", MADE, ids=name_of)
def test_each_make_gives_memory_of_its_own(made: tuple[str, Makes]) -> None:
    """Two sources of one kind never share memory, so that a case can't spoil the next one."""
    library, makes = LIBRARIES[made[0]], made[1]
    dtype, layout = next(iter(library_sources.combinations(makes)))
    first = library.make(library_sources.build(dtype, layout, makes.source).source)
    second = library.make(library_sources.build(dtype, layout, makes.source).source)
    address = library.describe(first).address

    assert address is None or address != library.describe(second).address


@pytest.mark.parametrize("made", MADE, ids=name_of)
def test_excluded_combinations_have_reasons(made: tuple[str, Makes]) -> None:
    """Whatever is left out says why, and something is left."""
    _, makes = made

    assert all(reason for _, _, reason in makes.excluded)
    assert next(library_sources.combinations(makes), None) is not None
