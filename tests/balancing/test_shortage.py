"""Which bins hold up the sets, and which no tick ever comes for."""

from __future__ import annotations

import pytest

from charles import config
from charles.balancing.shortage import (
    ENOUGH_TICKS,
    PATIENCE_S,
    Filling,
    NeverFilled,
    SetRate,
    explained,
    leave_out_words,
    starving,
)
from charles.config import Config
from charles.labels.bin_regions import parse

V3 = Config()
V1 = config.changed(V3, ["balance.version=v1", "outputs=acceleration,braking,steering"])


def filling(of: Config, came: dict[int, int], waiting: dict[int, int] | None = None, kind: int = 0) -> Filling:
    """Of the one kind of set; bins that are not named: 20 ticks came, and one waits."""
    chosen = of.set_kinds[kind]
    came = dict.fromkeys(chosen.cells, 20) | came
    return Filling(chosen, {cell: int(count > 0) for cell, count in came.items()} | (waiting or {}), came, 3)


def never_both_pedals() -> Filling:
    """As the game drives: it never brakes and accelerates at once."""
    (joint,) = V1.set_kinds
    return filling(V1, {cell: 0 for cell, (gas, brake, _) in joint.cells.items() if gas and brake})


def test_the_emptiest_bins_that_the_fewest_ticks_came_for_starve() -> None:
    steering = filling(V3, {20: 1, 0: 4}, {0: 0, 20: 0, 5: 0}, kind=1)
    assert starving([steering]) == ["steering (0.9, 1]", "steering [-1, -0.9)", "steering [-0.5, -0.4)"]
    assert explained(steering, 12.0) == "steering: 12 sets/min, held up by (0.9, 1] (0.26 % of the ticks)"


def test_where_nothing_has_come_nothing_is_explained() -> None:
    nothing = filling(V3, dict.fromkeys(range(21), 0))
    assert explained(nothing, 0.0) == "acceleration_braking: 0 sets/min"


def test_at_most_three_bins_of_each_kind_are_named() -> None:
    empty = dict.fromkeys(range(21), 0)
    assert len(starving([filling(V3, {}, empty), filling(V3, {}, empty, kind=1)])) == 6


def test_sets_are_counted_by_the_minute_and_a_count_that_begins_anew_takes_none_away() -> None:
    pace, one = SetRate(), filling(V3, {})
    rates = [pace.take(Filling(one.kind, one.waiting, one.came, sets)) for sets in (5, 9, 1)]
    assert rates[0] == 0
    assert rates[2] > 0


def test_a_bin_that_never_fills_is_told_within_a_minute_and_named() -> None:
    never, empty = NeverFilled(V3), filling(V3, {20: 0, 7: 0}, kind=1)
    assert never.look([empty], 100.0) == []
    assert never.look([empty], 100.0 + PATIENCE_S - 1) == []
    (words,) = never.look([empty], 100.0 + PATIENCE_S)
    told = f"none of {empty.ticks} ticks fell into 2 of its 21 bins: [-0.3, -0.2), (0.9, 1]"
    assert words == f"no set of steering can be whole: {told}; {leave_out_words([empty], V3)}"
    assert never.note([empty]) == [told]


def test_it_is_told_again_when_it_changes_at_most_once_in_five_minutes() -> None:
    never = NeverFilled(V3)
    two, one = filling(V3, {20: 0, 7: 0}), filling(V3, {20: 0})
    never.look([two], 0.0)
    assert never.look([two], 60.0)
    assert not never.look([one], 61.0)
    assert never.look([one], 361.0)
    assert not never.look([one], 1000.0)
    assert not never.look([filling(V3, {})], 2000.0)
    assert never.note([filling(V3, {})]) == []


def test_few_ticks_say_nothing() -> None:
    never, (kind, _) = NeverFilled(V3), V3.set_kinds
    few = {0: ENOUGH_TICKS - 1} | dict.fromkeys(range(1, 21), 0)
    early = Filling(kind, few, few, 0)
    never.look([early], 0.0)
    assert never.look([early], 1e6) == []


def test_combinations_that_never_come_are_told_as_regions_with_the_command_that_leaves_them_out() -> None:
    never, joint = NeverFilled(V1), never_both_pedals()
    never.look([joint], 0.0)
    (words,) = never.look([joint], 60.0)
    assert "into 144 of its 225 bins: acceleration=1-4 braking=1-4; what the game never does" in words
    command = """charles config set 'balance.leave_out=["acceleration=1-4 braking=1-4"]'"""
    assert words.endswith(command)


def test_the_command_leaves_out_what_was_left_out_and_what_never_came() -> None:
    before = config.changed(V1, ['balance.leave_out=["steering=0"]'])
    (joint,) = before.set_kinds
    found = filling(before, {cell: 0 for cell, bins in joint.cells.items() if bins[0] == 4})
    assignment = leave_out_words([found], before).partition("charles config set '")[2].removesuffix("'")
    after = config.changed(before, [assignment])
    (left,) = after.set_kinds
    assert set(left.cells) == {cell for cell, bins in joint.cells.items() if bins[0] != 4}
    assert all(parse(text, after.bins) for text in after.balance.leave_out)


@pytest.mark.parametrize("version", ["v2", "v3", "v4"])
def test_bins_of_an_output_that_never_come_can_be_left_out_of_its_sets_as_well(version: str) -> None:
    before = config.changed(Config(), [f"balance.version={version}", 'balance.leave_out=["steering=0"]'])
    pedals = filling(before, {20: 0})
    assignment = leave_out_words([pedals], before).partition("charles config set '")[2].removesuffix("'")
    after = config.changed(before, [assignment])
    assert after.balance.leave_out == ("steering=0", "acceleration_braking=20")
    assert [len(kind.cells) for kind in after.set_kinds] == [20, 20]
