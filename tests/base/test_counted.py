"""Counts in messages."""

from __future__ import annotations

import pytest

from charles.base.counted import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 ticks"), (1, "1 tick"), (2000, "2,000 ticks")])
def test_the_noun_agrees_with_the_number(number: int, words: str) -> None:
    assert counted(number, "tick") == words
