"""What waits in the bins, when a set is whole, and which ticks it takes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.balancing.sets import Bins
from charles.config import Config
from charles.labels.bin_regions import parse as region
from charles.labels.bins import Version
from charles.labels.outputs import OUTPUTS, parse
from charles.labels.set_kinds import Overflow, SetKind, set_kinds

LABELS = st.floats(min_value=-1, max_value=1)
VERSIONS: tuple[Version, ...] = ("v1", "v2", "v3", "v4")
PEDALS = ("acceleration", "braking", "steering")
CENTRES = parse("steering").scale.centres
ZERO = len(CENTRES) // 2


def kinds_of(version: Version, outputs: Iterable[str] = OUTPUTS, left_out: Iterable[str] = ()) -> tuple[SetKind, ...]:
    predicted = [parse(text, version, 5) for text in outputs]
    bins = {output.value: len(output.scale) for output in predicted}
    return set_kinds(version, predicted, [region(text, bins) for text in left_out])


def bins_of(capacity: int, version: Version = "v3", overflow: Overflow = "newest") -> Bins[int]:
    return Bins(kinds_of(version), capacity, even_groups=version == "v4", overflow=overflow)


def whole(capacity: int) -> Bins[str]:
    """Bins of the default size."""
    return Bins(Config().set_kinds, capacity)


def emitted(bins: Bins[int]) -> Iterator[tuple[str, list[int]]]:
    """Every whole set, which is taken."""
    for kind in bins.kinds:
        while (chosen := bins.whole_set(kind)) is not None:
            bins.take(kind, chosen)
            yield kind, chosen


@given(
    st.lists(st.tuples(LABELS, LABELS), max_size=200),
    st.integers(1, 4),
    st.sampled_from(VERSIONS),
    st.sampled_from(["newest", "oldest"]),
)
def test_every_tick_waits_or_is_emitted_or_is_surplus_and_only_once(
    ticks: list[tuple[float, float]], capacity: int, version: Version, overflow: Overflow
) -> None:
    bins = bins_of(capacity, version, overflow)
    surplus: list[int] = []
    taken: list[int] = []
    for tick, values in enumerate(ticks):
        surplus += [gone.tick for gone in bins.add(tick, dict(zip(OUTPUTS, values, strict=True)))]
        assert all(count <= capacity for kind in bins.kinds for count in bins.counts(kind).values())
        taken += [one for _, chosen in emitted(bins) for one in chosen]
    waiting = [tick for tick in range(len(ticks)) if tick in bins]
    assert len(waiting) == len(bins)
    assert sorted(surplus + taken + waiting) == list(range(len(ticks)))


@given(st.lists(st.tuples(LABELS, LABELS), max_size=400), st.sampled_from(VERSIONS))
def test_a_set_holds_one_tick_of_each_cell_of_its_kind(ticks: list[tuple[float, float]], version: Version) -> None:
    bins = bins_of(8, version)
    outputs = {output.value: output for kind in bins.kinds.values() for output in kind.outputs}
    for tick, values in enumerate(ticks):
        bins.add(tick, dict(zip(OUTPUTS, values, strict=True)))
        for name, chosen in emitted(bins):
            kind = bins.kinds[name]
            labels = [dict(zip(OUTPUTS, ticks[one], strict=True)) for one in chosen]
            found = [tuple(o.scale.bin_of(label[o.value]) for o in kind.outputs) for label in labels]
            assert found == list(kind.cells.values())
    assert set(outputs) == set(OUTPUTS)


@pytest.mark.parametrize(
    ("version", "outputs", "cells"),
    [
        ("v1", PEDALS, {"joint": 225}),
        ("v1", OUTPUTS, {"joint": 81}),
        ("v2", PEDALS, {"acceleration": 12, "braking": 12, "steering": 21}),
        ("v3", OUTPUTS, {"acceleration_braking": 21, "steering": 21}),
        ("v4", ("acceleration_braking", "steering:delta"), {"acceleration_braking": 21, "steering": 7}),
        ("v3", ("steering:classification(left=-0.5/straight=0/right=0.5)",), {"steering": 3}),
    ],
)
def test_the_kinds_of_sets_of_each_version(version: Version, outputs: tuple[str, ...], cells: dict[str, int]) -> None:
    kinds = set_kinds(version, [parse(text, version) for text in outputs])
    assert {kind.name: len(kind.cells) for kind in kinds} == cells


def test_a_combination_is_named_by_all_its_bins() -> None:
    (joint,) = set_kinds("v1", [parse(text, "v1") for text in PEDALS])
    assert joint.cell_name(0) == "acceleration 0 braking 0 steering -1"
    assert joint.cell_name(224) == "acceleration 1 braking 1 steering 1"


def test_a_set_is_whole_without_the_combinations_that_are_left_out_and_keeps_the_numbers_of_the_others() -> None:
    everything = kinds_of("v1", PEDALS)[0]
    (joint,) = kinds_of("v1", PEDALS, ["acceleration=1-4 braking=1-4"])
    assert len(joint.cells) == (5 + 5 - 1) * 9
    assert joint.cells.items() <= everything.cells.items()
    bins: Bins[int] = Bins([joint], 4)
    scales = {output.value: output.scale for output in joint.outputs}
    for cell, numbers in everything.cells.items():
        labels = {value: scales[value].centres[n] for value, n in zip(scales, numbers, strict=True)}
        gone = bins.add(cell, labels)
        assert [surplus.of for surplus in gone] == ([] if cell in joint.cells else ["left out"])
    assert bins.whole_set("joint") == list(joint.cells)


def test_a_tick_of_a_bin_that_is_left_out_waits_in_the_other_outputs_bins_alone() -> None:
    bins: Bins[int] = Bins(kinds_of("v3", left_out=["acceleration_braking=4"]), 4)
    assert bins.add(1, {"acceleration_braking": 1.0, "steering": 0.0}) == []
    assert list(bins.cells_of(1)) == ["steering 0"]
    for tick, steering in enumerate((-1.0, -0.3, 0.3, 1.0), start=2):
        bins.add(tick, {"acceleration_braking": 0.0, "steering": steering})
    bins.add(6, {"acceleration_braking": 0.0, "steering": 0.0})
    assert 1 in (bins.whole_set("steering") or [])
    assert len(bins.counts("acceleration_braking")) == 4


def test_what_is_no_label_leaves_everything_as_it_was() -> None:
    bins = bins_of(4)
    with pytest.raises(ValueError, match="a label must be in"):
        bins.add(1, {"acceleration_braking": 0.5, "steering": float("nan")})
    assert 1 not in bins
    assert len(bins) == 0


def test_a_full_bin_keeps_the_newest_and_says_what_it_gave_up() -> None:
    bins = bins_of(2)
    labels = {"acceleration_braking": 0.55, "steering": 0.0}
    gone = [bins.add(tick, labels) for tick in range(4)]
    assert [[surplus.tick for surplus in each] for each in gone] == [[], [], [0], [1]]
    assert gone[2][0].of == "steering 0"


def test_a_full_bin_keeps_the_oldest_where_that_is_the_rule() -> None:
    bins = bins_of(2, overflow="oldest")
    labels = {"acceleration_braking": 0.55, "steering": 0.0}
    assert [[surplus.tick for surplus in bins.add(tick, labels)] for tick in range(4)] == [[], [], [2], [3]]


def test_a_tick_that_one_output_gives_up_waits_on_in_the_other() -> None:
    bins = bins_of(1)
    bins.add(1, {"acceleration_braking": 0.0, "steering": 0.0})
    assert bins.add(2, {"acceleration_braking": 0.0, "steering": 1.0}) == []
    assert list(bins.cells_of(1)) == ["steering 0"]
    assert [gone.tick for gone in bins.add(3, {"acceleration_braking": 1.0, "steering": 0.0})] == [1]


def test_a_set_takes_what_the_other_output_can_spare_best() -> None:
    bins = whole(9)
    for steering in CENTRES:
        if steering:
            bins.add(f"filler {steering}", {"acceleration_braking": 0.55, "steering": steering})
    bins.add("rare and older", {"acceleration_braking": -0.75, "steering": 0.0})
    bins.add("common", {"acceleration_braking": 0.55, "steering": 0.0})
    bins.add("common and newer", {"acceleration_braking": 0.55, "steering": 0.0})
    assert (bins.whole_set("steering") or [])[ZERO] == "common"


def _stream(count: int, seed: int) -> list[dict[str, float]]:
    """Ticks of a driver that mostly goes straight with half throttle, and steers hardest while it brakes."""
    rng = random.Random(seed)
    ticks = []
    for _ in range(count):
        steering = rng.choice([0.0, 0.0, 0.0, rng.uniform(-1, 1), rng.gauss(0, 0.2)])
        pedals = 0.5 - abs(steering) + rng.choice([0.0, 0.0, rng.gauss(0, 0.3), rng.uniform(-0.5, 0.5)])
        pedals = rng.choice([0.0, pedals, pedals])
        ticks.append({"acceleration_braking": min(max(pedals, -1.0), 1.0), "steering": min(max(steering, -1.0), 1.0)})
    return ticks


def _other(version: Version, output: str, ticks: list[dict[str, float]]) -> Counter[int]:
    """The bins of the other output, of the samples in the sets of this one."""
    bins = bins_of(64, version)
    other = next(name for name in OUTPUTS if name != output)
    scale = bins.kinds[other].outputs[0].scale
    found: Counter[int] = Counter()
    for tick, labels in enumerate(ticks):
        bins.add(tick, labels)
        for kind, chosen in emitted(bins):
            if kind == output:
                found.update(scale.bin_of(ticks[one][other]) for one in chosen)
    return found


@pytest.mark.parametrize("output", OUTPUTS)
def test_v4_makes_the_other_output_of_a_set_flatter_than_v3(output: str) -> None:
    ticks = _stream(6_000, seed=1)

    def share_of_the_largest(version: Version) -> float:
        counts = _other(version, output, ticks)
        return max(counts.values()) / counts.total()

    assert share_of_the_largest("v4") < 0.85 * share_of_the_largest("v3")


def test_v4_takes_no_group_twice_while_one_that_was_taken_less_often_waits() -> None:
    bins = bins_of(100, "v4")
    rng = random.Random(2)
    ticks = [{output: rng.choice([0.0, rng.uniform(-1, 1)]) for output in OUTPUTS} for _ in range(2_000)]
    steering, pedals = (bins.kinds[name].outputs[0].scale for name in ("steering", "acceleration_braking"))
    taken: Counter[tuple[int, int]] = Counter()
    waiting: dict[int, tuple[int, int]] = {}
    for tick, labels in enumerate(ticks):
        waiting[tick] = steering.bin_of(labels["steering"]), pedals.bin_of(labels["acceleration_braking"])
        for gone in bins.add(tick, labels):
            del waiting[gone.tick]
        while (chosen := bins.whole_set("steering")) is not None:
            for one in chosen:
                own, group = waiting[one]
                there = {other for number, other in waiting.values() if number == own}
                assert taken[own, group] == min(taken[own, other] for other in there)
            bins.take("steering", chosen)
            taken.update(waiting.pop(one) for one in chosen)
    assert taken.total() > 500


def test_v4_gives_up_ticks_of_the_largest_group_and_keeps_the_rare_ones() -> None:
    bins = bins_of(3, "v4")
    bins.add(0, {"acceleration_braking": -1.0, "steering": 0.0})
    for tick in range(1, 6):
        bins.add(tick, {"acceleration_braking": 1.0, "steering": 0.0})
    assert "steering 0" in bins.cells_of(0)
