"""Which bin a label falls in, what waits, when a set is whole."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.balancing import BINS, ZERO, Bins, bin_name, bin_of

OUTPUTS = ("acceleration_braking", "steering")
LABELS = st.floats(min_value=-1, max_value=1)


@pytest.mark.parametrize(
    ("label", "index"),
    [
        (0.0, 10), (-0.0, 10), (1e-300, 11), (0.1, 11), (math.nextafter(0.1, 1), 12), (0.2, 12), (0.3, 13), (0.6, 16),
        (0.7, 17), (0.9, 19), (math.nextafter(0.9, 1), 20), (1.0, 20), (-1e-300, 9), (-0.1, 9), (-0.3, 7), (-1.0, 0),
    ],
)  # fmt: skip
def test_an_edge_belongs_to_the_bin_nearer_to_zero(label: float, index: int) -> None:
    assert bin_of(label) == index


@given(LABELS)
def test_every_label_falls_in_the_bin_that_its_name_says(label: float) -> None:
    name = bin_name(bin_of(label))
    if label == 0:
        assert name == "0"
        return
    low, high = (float(edge) for edge in name.strip("([])").split(", "))
    assert low < label <= high if label > 0 else low <= label < high


@given(LABELS)
def test_bins_are_mirrored(label: float) -> None:
    assert bin_of(label) - ZERO == ZERO - bin_of(-label)


@pytest.mark.parametrize("label", [math.nan, math.inf, -math.inf, 1.0000001, -2])
def test_what_is_no_label_reaches_no_bin(label: float) -> None:
    with pytest.raises(ValueError, match=r"must be in \[-1, 1\]"):
        bin_of(label)


@given(st.lists(st.tuples(LABELS, LABELS), max_size=300), st.integers(1, 4))
def test_every_tick_waits_or_is_emitted_or_is_surplus_and_only_once(
    ticks: list[tuple[float, float]], capacity: int
) -> None:
    bins: Bins[int] = Bins(OUTPUTS, capacity)
    surplus: list[int] = []
    emitted: list[int] = []
    for tick, values in enumerate(ticks):
        surplus += bins.add(tick, dict(zip(OUTPUTS, values, strict=True)))
        for output in OUTPUTS:
            if chosen := bins.whole_set(output):
                emitted += chosen
                for one in chosen:
                    bins.remove(one)
        assert all(count <= capacity for output in OUTPUTS for count in bins.counts(output))
    waiting = [tick for tick in range(len(ticks)) if tick in bins]
    assert len(waiting) == len(bins)
    assert sorted(surplus + emitted + waiting) == list(range(len(ticks)))


def test_a_set_holds_a_tick_of_every_bin_and_leaves_the_other_output() -> None:
    bins: Bins[int] = Bins(OUTPUTS, 4)
    centres = [0.0] + [sign * (step + 0.5) / 10 for step in range(10) for sign in (1, -1)]
    random.Random(1).shuffle(centres)
    for tick, steering in enumerate(centres * 2):
        bins.add(tick, {"acceleration_braking": 0.55, "steering": steering})
    assert bins.whole_set("acceleration_braking") is None
    chosen = bins.whole_set("steering")
    assert chosen is not None
    assert [bin_of(centres[tick]) for tick in chosen] == list(range(BINS))
    for tick in chosen:
        bins.remove(tick)
    assert sum(bins.counts("steering")) == BINS
    assert not any(tick in bins for tick in chosen)


def test_a_full_bin_keeps_the_newest() -> None:
    bins: Bins[int] = Bins(OUTPUTS, 2)
    labels = {"acceleration_braking": 0.55, "steering": 0.0}
    assert [bins.add(tick, labels) for tick in range(4)] == [[], [], [0], [1]]


def test_a_set_takes_what_the_other_output_can_spare_best() -> None:
    bins: Bins[str] = Bins(OUTPUTS, 9)
    for index, steering in enumerate([0.0] + [sign * (step + 0.5) / 10 for step in range(10) for sign in (1, -1)]):
        bins.add(f"filler {index}", {"acceleration_braking": 0.55, "steering": steering})
    bins.remove("filler 0")
    bins.add("rare and older", {"acceleration_braking": -0.75, "steering": 0.0})
    bins.add("common", {"acceleration_braking": 0.55, "steering": 0.0})
    bins.add("common and newer", {"acceleration_braking": 0.55, "steering": 0.0})
    assert (bins.whole_set("steering") or [])[ZERO] == "common"
