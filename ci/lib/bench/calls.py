"""The reference's hot path beside the libraries': one export, one import, log and counts on."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import tvm_ffi
from dlpack_conformance import _instrument
from measure import emit, fastest


def main() -> None:
    """Measure ``__dlpack__`` legacy and versioned, and the import of a NumPy array."""
    theirs = np.arange(24, dtype=np.float32).reshape(4, 6)
    template = _instrument.Template("float32", [4, 6], [6, 1], 0, list(range(24)))
    ours = _instrument.Array(template.make(), "float32", [4, 6], [6, 1])

    seconds = fastest(
        {
            "ours": ours.__dlpack__,
            "theirs": theirs.__dlpack__,
            "ours-versioned": partial(ours.__dlpack__, max_version=(1, 3)),
            "theirs-versioned": partial(theirs.__dlpack__, max_version=(1, 3)),
            "import": partial(_instrument.from_dlpack, theirs),
            "import-numpy": partial(np.from_dlpack, theirs),
            "import-torch": partial(torch.from_dlpack, theirs),
            "import-tvm-ffi": partial(tvm_ffi.from_dlpack, theirs),
        },
        between=ours.clear_calls,
    )
    rival = min(seconds[f"import-{name}"] for name in ("numpy", "torch", "tvm-ffi"))
    emit("reference __dlpack__() / NumPy's", seconds["ours"] / seconds["theirs"], 1.0)
    emit(
        "reference __dlpack__(max_version) / NumPy's",
        seconds["ours-versioned"] / seconds["theirs-versioned"],
        1.0,
    )
    emit("reference import of a NumPy array / fastest of three", seconds["import"] / rival, 1.0)
