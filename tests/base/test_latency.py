"""Counts by bucket, and what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.base.latency import BOUNDS_S, add, merged, quantile, words

SECONDS = st.floats(0, 1e5)


def counted(seconds: list[float]) -> list[int]:
    counts: list[int] = []
    for value in seconds:
        add(counts, value)
    return counts


def test_the_bounds_are_two_per_octave_from_a_millisecond_to_hours() -> None:
    assert BOUNDS_S[0] == 0.001
    assert BOUNDS_S[2] == pytest.approx(0.002)
    assert 4 * 3600 < BOUNDS_S[-1] < 5 * 3600


def test_none_at_all_have_no_quantile_and_no_words() -> None:
    assert quantile([], 0.5) is None
    assert words([]) == ""


def test_what_took_less_than_nothing_counts_as_nothing() -> None:
    assert counted([-3600.0, 0.0]) == [2]


def test_what_took_longer_than_the_last_bound_is_said_to_have_taken_that() -> None:
    assert quantile(counted([1e9]), 0.99) == BOUNDS_S[-1]


def test_what_people_read() -> None:
    assert words(counted([0.3] * 90 + [200.0] * 10)).startswith("p50 0.3")
    assert words(counted([200.0])).endswith("min")


@given(st.lists(SECONDS, min_size=1), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(seconds: list[float], share: float) -> None:
    found = quantile(counted(seconds), share)
    wanted = share * len(seconds)
    true = next(value for rank, value in enumerate(sorted(seconds), 1) if rank >= wanted)
    high = next((bound for bound in BOUNDS_S if bound >= true), BOUNDS_S[-1])
    low = max((bound for bound in BOUNDS_S if bound < high and bound < true), default=0.0)
    assert found is not None
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


@given(st.lists(st.lists(SECONDS), max_size=5))
def test_merged_is_as_if_all_were_counted_together(parts: list[list[float]]) -> None:
    assert merged(map(counted, parts)) == counted([value for part in parts for value in part])
