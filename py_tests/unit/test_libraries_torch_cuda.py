"""PyTorch's sources on CUDA, as far as a machine without one can show them."""

from __future__ import annotations

from typing import Any

import pytest
from dlpack_conformance.libraries import Source, _torch_cuda, _torch_sources
from dlpack_conformance.libraries import _shared as shared

torch = pytest.importorskip("torch")


def source_of(layout: str) -> Source:
    """Return the owned float32 source of a layout."""
    row = next(row for row in shared.layouts() if row.name == layout)
    values = [float(at + 1) for at in range(row.elements)]
    return Source(
        "float32", layout, "owned", "cuda-0", row.shape, row.strides, row.offset, values, None, None
    )


@pytest.mark.parametrize("layout", ["matrix", "columns", "fortran", "scalar", "empty-3x0", "inner"])
def test_moved_source_keeps_strides_and_offset(
    monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    """The allocation is moved whole: to the host here, which is another one all the same."""
    monkeypatch.setattr(_torch_cuda, "_TORCH_DEVICE", "cpu")
    source = source_of(layout)
    moves: list[Any] = []

    def make(memory: Any) -> Any:
        moves.append(_torch_sources.maker(torch, source)(memory))
        return moves[-1]

    there = _torch_cuda.moved(source, make)(None)
    (here,) = moves
    assert there.tolist() == here.tolist()
    assert (there.stride(), there.storage_offset()) == (here.stride(), here.storage_offset())
    space = {"a": here}
    exec(_torch_cuda.written(source), space)
    assert space["a"].tolist() == here.tolist()
    assert space["a"].stride() == here.stride()


def test_makes_on_cuda_leave_out_what_the_host_does() -> None:
    """Every dtype that is left out on the host is left out there, and no layout is huge."""
    host = next(one for one in _torch_sources.makes(torch) if one.source == "owned")
    there = _torch_cuda.makes(host.excluded)

    assert there.device == "cuda-0"
    assert "huge" not in (there.layouts or ())
    assert set(there.excluded) == {
        entry for entry in host.excluded if entry[0] == "*" or entry[0] in there.dtypes
    }
