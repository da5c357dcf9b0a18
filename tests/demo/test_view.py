"""What the live table shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from charles.demo.view import sparkline


@given(st.lists(st.floats(0, 10), max_size=500), st.integers(1, 60))
def test_a_sparkline_never_outgrows_its_place(values: list[float], width: int) -> None:
    assert len(sparkline(values, width)) == min(len(values), width)


def test_a_falling_loss_falls() -> None:
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1], 8) == "██▇▆▅▄▃▂"
