"""NumPy's library file: the sources that only NumPy has, described by NumPy's own API."""

from __future__ import annotations

import library_sources
import pytest

np = pytest.importorskip("numpy")

from dlpack_conformance.libraries import numpy as library  # noqa: E402


def make(dtype: str, layout: str, source: str):
    """Return one source, made by NumPy."""
    return library.make(library_sources.build(dtype, layout, source).source)


def test_swapped_array_holds_foreign_bytes_and_reads_right() -> None:
    """A byte-swapped array has the other byte order, its name, and the asked numbers."""
    a = make("swapped-int32", "vector", "owned")

    assert not a.dtype.isnative
    assert library.describe(a).dtype == "swapped-int32"
    assert library.read(a) == [1, 2, 3, 4, 5, 6]
    assert a.view(np.uint8)[3] == 1


def test_packed_field_has_byte_strides_only() -> None:
    """The field of a packed record has strides that elements can't say."""
    found = library.describe(make("int32", "vector", "packed-field"))

    assert found.strides is None
    assert found.strides_bytes == (5,)


@pytest.mark.parametrize("source", ["readonly", "mapped-readonly", "memmap-readonly", "expanded"])
def test_arrays_that_may_not_be_written_say_so(source: str) -> None:
    """Read-only memory, and what broadcast_to gives, is not writable by NumPy's own word."""
    layout = "broadcast-rows" if source == "expanded" else "matrix"
    a = make("float32", layout, source)

    assert not library.describe(a).writable
    with pytest.raises(ValueError, match="read-only"):
        library.write(a, (0, 0), 9.0, b"")


@pytest.mark.parametrize("source", ["memmap", "memmap-readonly"])
def test_memmap_is_a_memmap(source: str) -> None:
    """A mapped file is NumPy's memmap, in each layout."""
    assert isinstance(make("float32", "matrix", source), np.memmap)
    assert isinstance(make("float32", "columns", source), np.memmap)


def test_masked_array_reads_the_value_under_its_mask() -> None:
    """One element is masked; what the suite reads are the elements themselves."""
    a = make("int32", "vector", "masked")

    assert a.mask.tolist() == [False] * 5 + [True]
    assert library.read(a) == [1, 2, 3, 4, 5, 6]


def test_owned_contiguous_array_owns_its_memory() -> None:
    """C and Fortran order are allocations of their own; a slice is a view of one."""
    assert make("float32", "matrix", "owned").flags.owndata
    assert make("float32", "fortran", "owned").flags.owndata
    assert not make("float32", "columns", "owned").flags.owndata


def test_sliding_windows_are_what_numpy_gives() -> None:
    """Overlapping windows come from sliding_window_view, which makes them read-only."""
    assert not library.describe(make("float32", "windows", "owned")).writable
    assert library.describe(make("float32", "windows-step", "owned")).strides == (2, 1)


@pytest.mark.parametrize(
    ("dtype", "element"),
    [
        ("str", "3"),
        ("bytes", b"3"),
        ("object", 3),
        ("record", (3, 3.0)),
        ("void", b"\3" + b"\0" * 7),
    ],
)
def test_elements_that_are_no_numbers_hold_the_number_as_text_or_parts(
    dtype: str, element: object
) -> None:
    """Index 2 holds the number 3 in the words of its dtype, and reads as 3."""
    a = make(dtype, "vector", "owned")

    assert a.tolist()[2] == element
    assert library.get(a, (2,)) == 3


def test_describe_names_dtypes_that_the_catalogue_lacks_by_numpys_word() -> None:
    """A result of any dtype can be described."""
    assert library.describe(np.zeros(2, "M8[D]")).dtype == "datetime64[D]"
    assert library.describe(np.zeros(2, [("x", "f8")])).dtype == "record-8"
    assert library.describe(np.zeros(2, "U16")).dtype == "str512"


def test_more_axes_than_this_release_has_are_excluded() -> None:
    """Layouts of higher rank than np.empty takes are left out with a reason."""
    excluded = {
        layout for _, layout, reason in library.makes()[0].excluded if "fewer axes" in reason
    }
    limit = 64 if int(np.__version__.split(".")[0]) >= 2 else 32

    assert ("rank-33" in excluded) == (limit == 32)
    assert "rank-32" not in excluded


def test_declares_what_numpy_declares() -> None:
    """The array API version is NumPy's own attribute, or none."""
    assert library.declares() == getattr(np, "__array_api_version__", None)
