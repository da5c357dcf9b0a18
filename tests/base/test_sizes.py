"""Amounts of bytes have four figures at most, and a unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.base.sizes import size

_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50, "EiB": 1 << 60}


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (2048, "2 KiB"),
        (30_822, "30.1 KiB"),
        (512 << 20, "512 MiB"),
        ((512 << 20) + 300_000, "512 MiB"),
        ((1 << 20) - 1, "1 MiB"),
        (12 << 30, "12 GiB"),
        (0.25, "0 B"),
    ],
)
def test_a_size_in_words(count: float, words: str) -> None:
    assert size(count) == words


@given(st.integers(1, 1 << 60))
def test_a_size_is_near_enough_and_short(count: int) -> None:
    figure, unit = size(count).split()
    assert float(figure) * _BYTES[unit] == pytest.approx(count, rel=0.051)
    assert len(figure) <= 4
