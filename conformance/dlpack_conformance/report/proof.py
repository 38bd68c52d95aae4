"""What the test of the faults wrote: which checks were shown to fail, and which were not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dlpack_conformance.errors import ReportError

__all__ = ["COUNTS", "proof_file", "read_proof"]

_NAME = "proof.json"
COUNTS = (
    "rules",
    "with_cases",
    "musts_with_cases",
    "musts_proven",
    "faults_planted",
    "faults_caught",
    "twins_tripping",
    "mutants",
    "mutants_killed",
)
"""Counts of the proof, in the order in which they are printed."""


def proof_file() -> Path:
    """Where the file is: beside this one when installed, else in the checkout.

    Raises
    ------
    ReportError
        It is in neither place.
    """
    here = Path(__file__).resolve().parent
    places = (here / _NAME, here.parents[2] / "reports" / "published" / _NAME)
    for place in places:
        if place.is_file():
            return place
    raise ReportError(str(places[0]), _NAME, "the proof is not installed")


def read_proof() -> dict[str, Any]:
    """Return the proof: its counts by name, ``digest`` and the lists behind the counts.

    Raises
    ------
    ReportError
        The file is missing, is no JSON, or lacks a count.
    """
    place = proof_file()
    try:
        document = json.loads(place.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReportError(str(place), _NAME, f"not JSON: {error}") from error
    for key in COUNTS:
        if not isinstance(document, dict) or not isinstance(document.get(key), int):
            raise ReportError(str(place), key, "missing", "a count")
    return dict(document)
