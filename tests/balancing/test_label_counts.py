"""Every tick is counted once, where it belongs; an output's own sets are exactly flat, whatever was driven."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.balancing.evenness import rows, spread
from charles.balancing.label_counts import LabelCounts
from charles.config import Config
from tests.plots.drives import balanced, config, control, drive

CONFIGS = [
    config("balance.version=v2", "outputs=acceleration,braking,steering", "balance.bin_capacity=999"),
    config("balance.bins=5"),
    config("balance.version=v4", "balance.bins=5"),
    config("outputs=acceleration_braking:classification,steering:delta", "balance.bins=5"),
    config("outputs=steering:classification(left=-0.5/straight=0/right=0.5)"),
    config(
        "balance.version=v1",
        "outputs=acceleration,braking,steering",
        'balance.leave_out=["acceleration=1-4 braking=1-4"]',
    ),
]


def counted(settings: Config, ticks: int, seed: int = 1) -> LabelCounts:
    counts, controls = LabelCounts(settings), drive(ticks, seed)
    for one in controls:
        counts.add_control(one)
    for each in balanced(settings, controls):
        counts.add_sample(each)
    return counts


def by_version(settings: Config) -> str:
    return f"{settings.balance.version}-{len(settings.outputs)}"


@pytest.mark.parametrize("settings", CONFIGS, ids=by_version)
def test_own_sets_are_exactly_flat_and_what_was_driven_is_not(settings: Config) -> None:
    counts = counted(settings, 6000)
    assert set(counts.kinds) == {row.kind for row in rows(counts)}
    for row in rows(counts):
        assert row.sets > 0
        assert row.own.flat
        assert not row.driven.flat
        assert row.emitted == pytest.approx(row.sets * len(counts.kinds[row.kind].cells) / 6000)


@pytest.mark.parametrize("settings", CONFIGS, ids=by_version)
def test_every_tick_and_every_sample_is_counted_once_in_each_histogram(settings: Config) -> None:
    counts = counted(settings, 3000)
    firsts = {output.value: output.kind == "delta" for output in counts.outputs}  # a run's first tick has no delta
    assert counts.drive.seen.joint.sum() == 3000
    for value, bins in counts.drive.seen.labels.items():
        assert bins.sum() == 3000 - firsts[value]
    for sets in counts.sets.values():
        assert sets.seen.joint.sum() == sets.cells.sum() == sets.samples
        assert all(bins.sum() == sets.samples for bins in sets.seen.labels.values())


def test_a_handful_of_ticks_lies_where_it_was_driven() -> None:
    counts = LabelCounts(config())
    for tick, (pedals, steering) in enumerate([(1.0, -1.0), (1.0, -1.0), (0.0, 0.0), (-0.05, 0.95)]):
        counts.add_control(control(tick, pedals, steering))
    assert {
        tuple(bins): int(counts.drive.seen.joint[tuple(bins)]) for bins in np.argwhere(counts.drive.seen.joint)
    } == {
        (0, 20): 2,
        (10, 10): 1,
        (20, 9): 1,
    }
    assert counts.drive.ticks == 4
    assert (counts.drive.ended - counts.drive.began).total_seconds() == pytest.approx(0.1)


def test_a_change_is_to_the_tick_before_of_the_same_run() -> None:
    counts = LabelCounts(config("outputs=steering:delta"))
    for one in (
        control(0, 0.0, 0.5),
        control(0, 0.0, -0.5, collector="collector-2"),
        control(1, 0.0, 0.5),
        control(1, 0.0, -0.2, collector="collector-2"),
        control(0, 0.0, -0.9, run="run-2"),
    ):
        counts.add_control(one)
    names = counts.outputs[0].scale.names
    labels = counts.drive.seen.labels["steering"]
    assert {names[number]: count for number, count in enumerate(labels) if count} == {"0": 1, "+0.3": 1}


def test_the_axes_have_as_many_bins_as_asked_for() -> None:
    assert LabelCounts(config("balance.bins=11")).drive.seen.joint.shape == (11, 11)
    assert LabelCounts(config("balance.bins=11"), 31).drive.seen.joint.shape == (31, 31)
    assert LabelCounts(config("balance.version=v1", "outputs=steering")).drive.seen.joint.shape == (21, 21)


def test_memory_does_not_grow_with_what_is_counted() -> None:
    counts = LabelCounts(config())
    for tick in range(1000):
        counts.add_control(control(tick, 0.0, 0.0, f"collector-{tick % 3}", f"run-{tick // 10}"))
    assert len(counts.drive.last) == 3


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=50))
def test_a_spread_is_flat_exactly_when_all_bins_are_equal_and_not_empty(bins: list[int]) -> None:
    there = [count for count in bins if count]
    found = spread(np.array(bins, dtype=float))
    assert found.flat == (len(set(bins)) == 1 and bins[0] > 0)
    assert found.empty == len(bins) - len(there)
    assert 0 <= found.evenness <= 1 + 1e-12
    if there:
        assert found.ratio == max(there) / min(there)
        assert found.share == pytest.approx(max(there) / sum(there))
        assert (str(found).endswith("flat")) == found.flat
