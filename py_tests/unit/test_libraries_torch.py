"""PyTorch's library file: the sources that only PyTorch has, described by PyTorch's own API."""

from __future__ import annotations

import warnings

import library_sources
import pytest

torch = pytest.importorskip("torch")

from dlpack_conformance.libraries import torch as library  # noqa: E402


def make(dtype: str, layout: str, source: str):
    """Return one source, made by PyTorch."""
    return library.make(library_sources.build(dtype, layout, source).source)


def makes(source: str):
    """Return what PyTorch makes of one source."""
    return next(entry for entry in library.makes() if entry.source == source)


def test_conj_source_has_the_bit_and_the_asked_values() -> None:
    """The bytes hold the conjugate, the logical values are the ones asked for."""
    t = make("complex64", "vector", "conj")

    assert t.is_conj()
    assert library.read(t) == library_sources.build("complex64", "vector", "conj").source.values


def test_neg_source_is_an_imaginary_part_with_the_bit() -> None:
    """``.conj().imag`` has the negative bit, every second number, and the asked values."""
    t = make("float32", "step", "neg")

    assert t.is_neg()
    assert t.stride() == (2,)
    assert library.read(t) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("source", "leaf"), [("requires-grad", True), ("parameter", True), ("grad-history", False)]
)
def test_sources_with_history_record_gradients(source: str, leaf: bool) -> None:
    """A leaf, a parameter and a result record gradients, and the suite can write them."""
    t = make("float32", "columns", source)
    library.write(t, (0, 0), 9.0, b"")

    assert t.requires_grad
    assert t.is_leaf == leaf
    assert library.get(t, (0, 0)) == 9.0


def test_inference_tensor_is_written_in_inference_mode() -> None:
    """An inference tensor takes a write by the suite."""
    t = make("float32", "vector", "inference")
    library.write(t, (5,), 9.0, b"")

    assert t.is_inference()
    assert library.read(t) == [1, 2, 3, 4, 5, 9]


def test_sparse_tensor_has_values_but_no_strides_and_no_address() -> None:
    """A sparse tensor is described without strides and read through its dense form."""
    t = make("float32", "matrix", "sparse")
    found = library.describe(t)

    assert (found.strides, found.address, found.writable) == (None, None, False)
    assert library.read(t) == [float(n) for n in range(1, 13)]


def test_meta_tensor_raises_pytorchs_own_error_when_read() -> None:
    """A meta tensor has shape and strides and nothing to read."""
    t = make("float32", "columns", "meta")

    assert library.describe(t).device == "meta"
    with pytest.raises((NotImplementedError, RuntimeError)):
        library.read(t)


def test_expanded_tensor_has_stride_zero_from_expand() -> None:
    """Repeated axes come from expand, over an allocation of the smaller tensor."""
    t = make("float32", "broadcast-rows", "expanded")

    assert t.stride() == (0, 1)
    assert library.describe(t).writable


def test_making_sources_of_deprecated_or_unwritable_kinds_warns_nobody() -> None:
    """Warnings of the making would be counted as the route's."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make("float32", "vector", "mapped-readonly")
        make("qint8", "vector", "quantised")


def test_slice_has_a_storage_offset() -> None:
    """The layout's offset lies in the storage offset, as with a slice."""
    assert make("float32", "offset-odd", "plain").storage_offset() == 7
    assert make("float32", "offset-odd", "owned").storage_offset() == 7


def test_negative_strides_are_excluded_by_pytorchs_own_limit() -> None:
    """No layout with a negative stride is made by PyTorch, and the reason is said."""
    reasons = {layout: reason for _, layout, reason in makes("plain").excluded}

    assert reasons["reversed"] == "torch has no negative strides"
    with pytest.raises((RuntimeError, ValueError)):
        torch.zeros(6).as_strided((6,), (-1,), 5)


def test_dtypes_that_this_release_lacks_are_excluded_by_trial() -> None:
    """A dtype is left out exactly where PyTorch has no such name or can't use it."""
    excluded = {dtype for dtype, layout, _ in makes("plain").excluded if layout == "*"}

    assert "float8_e3m4" in excluded
    assert "float32" not in excluded
    assert ("uint64" in excluded) == (not hasattr(torch, "uint64"))


def test_prepare_makes_every_warning_appear_again() -> None:
    """Once-only warnings would make a case depend on the cases before it."""
    library.prepare()

    assert torch.is_warn_always_enabled()
    assert torch.get_num_threads() == 1


@pytest.mark.requirement("R-10", "R-11", "R-12")
def test_asarray_owes_nothing_that_came_after_the_release(monkeypatch) -> None:
    """Without versioned capsules, or a word about NumPy scalars, the cases say what is missing."""
    probes = [p for p in library.probes() if p.rule in ("R-10", "R-11", "R-12")]
    assert {p.absent(library) for p in probes} == {None}

    monkeypatch.setattr(torch.Tensor, "__dlpack__", lambda self, stream=None: None)
    monkeypatch.setattr(torch, "asarray", lambda x, **keywords: None)
    missing = {p.variant for p in probes if p.absent(library) is not None}

    assert missing == {
        *(p.variant for p in probes if p.variant.startswith(("capsule-versioned", "scalar-")))
    }
    assert "before versioned capsules" in next(
        p.absent(library) for p in probes if p.variant == "capsule-versioned"
    )
