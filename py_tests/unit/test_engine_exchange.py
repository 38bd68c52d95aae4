"""The life of an exchange case, with ways that no library has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dlpack_conformance.engine import find_libraries
from dlpack_conformance.engine.exchange import Exchange
from dlpack_conformance.engine.pair import Way
from dlpack_conformance.engine.prepare import Catalogue
from dlpack_conformance.engine.texts import WarningLog


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return a fresh catalogue."""
    return Catalogue()


def seen(catalogue: Catalogue, layout: str, call: Any, *, flat: bool = False) -> dict[str, Any]:
    """What one case from NumPy to NumPy saw."""
    numpy = find_libraries()["numpy"]
    numpy.prepare()
    exchange = Exchange(
        numpy,
        numpy,
        catalogue=catalogue,
        step=lambda index, number: None,
        warning_log=WarningLog(),
    )
    prepared = catalogue.prepared(("float32", layout, "plain", "cpu"))
    exchange.run(0, prepared, Way("made-up", "plain", call, flat=flat))
    facts: dict[str, Any] = exchange.facts.to_dict()
    return facts


@pytest.mark.parametrize("lucky", [1.0, 7.5, float("nan")])
def test_elements_in_another_shape_are_never_compared(catalogue: Catalogue, lucky: float) -> None:
    """A constructor that takes a number for a size gives memory that nobody wrote.

    Whatever lies there, also the asked value by chance, the record is the same.
    """
    asked = catalogue.prepared(("float32", "scalar", "plain", "cpu")).values
    facts = seen(catalogue, "scalar", lambda a: np.full(1, lucky, np.float32))

    assert asked == [1.0]
    assert facts["result.values"] is False
    assert facts["result.wrong"] == "in another shape"
    assert facts["end.values"] is False
    assert facts.get("result_read.values") is None
    assert facts["proof.forward"] == facts["proof.backward"] == "unseen"


def test_one_axis_is_the_right_shape_where_the_route_says_so(catalogue: Catalogue) -> None:
    """The harmless twin: a flat route's elements are compared."""
    facts = seen(catalogue, "matrix", lambda a: a.reshape(-1), flat=True)

    assert facts["result.values"] is True
    assert facts["result_read.values"] is True
    assert facts["end.values"] is True
    assert facts["proof.forward"] == facts["proof.backward"] == "seen"
