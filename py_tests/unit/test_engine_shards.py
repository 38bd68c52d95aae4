"""Which cases a shard runs: each once, alike everywhere, and as many of each pair."""

from __future__ import annotations

import pytest
from dlpack_conformance.engine.shards import shard_cases

PAIRS = [
    ("alpha", "alpha", 0, 5000),
    ("alpha", "beta", 5000, 5004),
    ("beta", "alpha", 5004, 5004),
    ("beta", "beta", 5004, 5310),
    ("alpha", "", 5310, 5340),
]


def test_without_a_shard_every_case_is_one_range_a_pair() -> None:
    """The whole plan is given as it is."""
    assert shard_cases(PAIRS, None) == [range(begin, end) for _, _, begin, end in PAIRS]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_shards_have_every_case_once_in_plan_order(count: int) -> None:
    """Nothing is lost, nothing is there twice, and each pair's cases keep their order."""
    parts = [shard_cases(PAIRS, (number, count)) for number in range(1, count + 1)]
    seen = [index for part in parts for cases in part for index in cases]

    assert sorted(seen) == list(range(5340))
    assert all(list(cases) == sorted(cases) for part in parts for cases in part)
    assert all(len(part) == len(PAIRS) for part in parts)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_shards_share_a_large_pair_alike(count: int) -> None:
    """They differ by a block at most, so no pair that crashes much falls to one of them."""
    pairs = [("alpha", "alpha", 0, 50_000), ("alpha", "beta", 50_000, 61_000)]
    parts = [shard_cases(pairs, (number, count)) for number in range(1, count + 1)]

    for at in range(2):
        sizes = [len(part[at]) for part in parts]
        assert max(sizes) - min(sizes) <= 2 * 64
        assert all(len(list(part[at])) == len(set(part[at])) for part in parts)


def test_shards_leave_small_pairs_whole() -> None:
    """Starting the libraries of a pair costs more than its cases; the load is balanced yet."""
    pairs = [(f"l{at}", "beta", 1000 * at, 1000 * at + 1000) for at in range(9)]
    parts = [shard_cases(pairs, (number, 3)) for number in (1, 2, 3)]

    assert {len(cases) for part in parts for cases in part} == {0, 1000}
    assert [sum(map(len, part)) for part in parts] == [3000, 3000, 3000]


def test_shards_share_one_pair_that_is_all_there_is() -> None:
    """Where a filter leaves little, no shard is left with nothing."""
    parts = [shard_cases([("alpha", "beta", 0, 30)], (number, 3)) for number in (1, 2, 3)]

    assert [sum(map(len, part)) for part in parts] == [10, 10, 10]


def test_shards_count_cases_of_one_library_alone_as_more() -> None:
    """More of them end the process, so whoever has them gets fewer others."""
    pairs = [("alpha", "", 0, 500)] + [
        (f"l{at}", "beta", 1000 * at, 1000 * at + 1000) for at in range(1, 9)
    ]
    first, second = (shard_cases(pairs, (number, 2)) for number in (1, 2))

    assert len(first[0]) + len(second[0]) == 500
    has, other = (first, second) if first[0] else (second, first)
    assert (sum(map(len, has)), sum(map(len, other))) == (3500, 5000)


def test_shards_are_what_they_were() -> None:
    """Files of two machines must merge: the split follows from the plan alone."""
    assert shard_cases([("a", "b", 0, 20)], (2, 3)) == [[1, 4, 7, 10, 13, 16, 19]]
    assert shard_cases([("a", "b", 0, 100)], (2, 3))[0][:6] == [4, 5, 6, 7, 16, 17]
    assert shard_cases(PAIRS, (1, 3))[1:] == [range(0), range(0), range(5004, 5310), range(0)]
