"""Charts made of characters."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from charles.top.charts import chart, shares, sparkline


@given(st.lists(st.floats(0, 10), max_size=500), st.integers(1, 60))
def test_a_sparkline_never_outgrows_its_place(values: list[float], width: int) -> None:
    assert len(sparkline(values, width)) == min(len(values), width)


def test_a_falling_loss_falls() -> None:
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1], 8) == "██▇▆▅▄▃▂"


def test_a_loss_that_is_no_number_is_left_out() -> None:
    assert sparkline([4, float("nan"), 2, float("inf")], 8) == sparkline([4, 2], 8)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=500), st.integers(1, 60), st.integers(1, 6))
def test_a_chart_is_a_sparkline_of_more_rows(values: list[float], width: int, rows: int) -> None:
    drawn = chart(values, width, rows)
    assert [len(row) for row in drawn] == [min(len(values), width)] * rows
    assert " " not in drawn[-1]
    for upper, lower in pairwise(drawn):
        assert all(above == " " or below == "█" for above, below in zip(upper, lower, strict=True))


@given(st.lists(st.floats(0, 1e6), max_size=9), st.integers(1, 200))
def test_shares_fill_their_place_however_they_are_rounded(sizes: list[float], width: int) -> None:
    bar = shares([(size, "red") for size in sizes], width)
    assert len(bar) == (width if any(size > 0 for size in sizes) else 0)
