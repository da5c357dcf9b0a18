"""Regions of combinations of bins, as they are written and as they cover what is empty."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.labels.bin_regions import covering, parse

BINS = {"acceleration": 3, "braking": 3, "steering": 4}
EVERY = list(product(*(range(number) for number in BINS.values())))


def test_a_region_holds_any_bin_of_an_output_that_it_does_not_name() -> None:
    region = parse("acceleration=1-2 braking=2", BINS)
    held = [bins for bins in EVERY if region.holds(dict(zip(BINS, bins, strict=True)))]
    assert held == [(a, 2, s) for a in (1, 2) for s in range(4)]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "names no output"),
        ("throttle=1", "an output of acceleration, braking, steering"),
        ("steering", "write OUTPUT=BIN"),
        ("steering=4", "steering has the bins 0 to 3"),
        ("steering=2-1", "steering has the bins 0 to 3"),
    ],
)
def test_what_is_no_region_is_refused_in_plain_words(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse(text, BINS)


@given(st.sets(st.sampled_from(EVERY), max_size=len(EVERY) - 1))
def test_a_covering_holds_exactly_the_combinations_and_can_be_written_and_read(empty: set[tuple[int, ...]]) -> None:
    regions = [parse(str(region), BINS) for region in covering(empty, BINS)]
    held = {bins for bins in EVERY if any(region.holds(dict(zip(BINS, bins, strict=True))) for region in regions)}
    assert held == empty


def test_a_covering_is_short_where_what_is_empty_is_a_block() -> None:
    empty = [bins for bins in EVERY if bins[0] and bins[1]]
    assert [str(region) for region in covering(empty, BINS)] == ["acceleration=1-2 braking=1-2"]
