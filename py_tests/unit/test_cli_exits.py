"""Exit codes of the command: which of several is reported."""

from __future__ import annotations

from itertools import combinations

import pytest
from dlpack_conformance.cli.exits import Exit, first


def test_first_of_nothing_is_as_expected() -> None:
    """Without any reason to complain the code is 0."""
    assert first([]) is Exit.OK


@pytest.mark.parametrize(("codes", "reported"), [
    ([1, 6], 1), ([5, 1], 5), ([7, 5, 1], 7), ([3, 7], 3), ([2, 3, 7], 2), ([4, 2], 4), ([6], 6),
])  # fmt: skip
def test_first_follows_the_published_order(codes: list[int], reported: int) -> None:
    """4, 2, 3, 7, 5, 1, 6: the first of these that applies."""
    assert first(map(Exit, codes)) == reported


@pytest.mark.parametrize("codes", list(combinations([2, 3, 4, 5, 7], 2)))
def test_exit_zero_hides_no_other_code(codes: tuple[int, int]) -> None:
    """Only deviations and stale expectations become 0."""
    present = [Exit(code) for code in codes]

    assert first(present, exit_zero=True) is first(present)
    assert first([*present, Exit.DEVIATION, Exit.STALE], exit_zero=True) is first(present)


def test_exit_zero_turns_deviation_and_stale_into_zero() -> None:
    """Both together are as expected."""
    assert first([Exit.DEVIATION, Exit.STALE], exit_zero=True) is Exit.OK
