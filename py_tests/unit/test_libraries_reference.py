"""The reference as a library: what each of its sources says in an export."""

from __future__ import annotations

import library_sources
import pytest
from dlpack_conformance import modules
from dlpack_conformance.libraries import reference as library

_, instrument = modules()


def reading(layout: str, source: str, **keywords: object):
    """Return the instrument's reading of one export."""
    a = library.make(library_sources.build("float32", layout, source).source)
    capsule = a.__dlpack__(**keywords)
    return capsule, instrument.inspect(capsule)


def test_carried_offset_is_said_in_byte_offset() -> None:
    """The offset of the elements lies in the field, not in the data pointer."""
    _, plain = reading("offset-odd", "plain", max_version=(1, 3))
    _, carried = reading("offset-odd", "carried-offset", max_version=(1, 3))

    assert plain.byte_offset == 0
    assert carried.byte_offset > 0


def test_null_strides_are_left_out_where_the_version_lets_it() -> None:
    """A row-major export of version 1.1 has no strides, and no other layout is made."""
    _, row_major = reading("matrix", "null-strides", max_version=(1, 3))
    made = next(entry.layouts for entry in library.makes() if entry.source == "null-strides")

    assert (row_major.strides, row_major.version) == (None, (1, 1))
    assert "matrix" in made
    assert not {"fortran", "columns", "scalar"} & set(made)


def test_legacy_only_answers_legacy_to_a_versioned_request() -> None:
    """Whatever version is asked for, the capsule is a legacy one."""
    _, found = reading("matrix", "legacy-only", max_version=(1, 3))

    assert found.name == "dltensor"


@pytest.mark.parametrize("source", ["readonly", "mapped-readonly"])
def test_readonly_sources_carry_the_flag(source: str) -> None:
    """What the reference calls read-only it exports with the read-only flag."""
    _, found = reading("matrix", source, max_version=(1, 3))

    assert found.flags & 1
    assert not library.describe(
        library.make(library_sources.build("float32", "matrix", source).source)
    ).writable


def test_packed_elements_inside_a_byte_are_excluded() -> None:
    """A packed 4-bit element at an odd index has no address, so no source starts there."""
    plain = next(entry for entry in library.makes() if entry.source == "plain")

    assert ("float4_e2m1fn", "offset-one") in {
        (dtype, layout) for dtype, layout, _ in plain.excluded
    }
    assert ("float4_e2m1fnx2", "offset-one") not in {
        (dtype, layout) for dtype, layout, _ in plain.excluded
    }
