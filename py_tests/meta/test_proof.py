"""The published proof is of this catalogue, these probes and these faults."""

from __future__ import annotations

import json

import dlpack_faults._proof as proving


def test_proof_is_not_stale() -> None:
    """Its digest is that of the sources; the message says how to write it anew."""
    stated = json.loads(proving.published().read_text(encoding="utf-8"))

    assert stated["digest"] == proving.digest(), (
        f"{proving.published().name} is of other sources; write it anew: {proving.COMMAND}"
    )
