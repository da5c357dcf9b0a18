"""The names of starving bins, as ranges of answers. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.labels.outputs import LOWEST, parse
from charles.labels.set_kinds import set_kinds
from producers.collector.wanted_ranges import WantedRanges, wanted


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("steering [-1, -0.9)", [WantedRanges("steering", -1, -0.9)]),
        ("steering [-0.1, 0)", [WantedRanges("steering", -0.1, 0)]),
        ("acceleration_braking (0.3, 0.4]", [WantedRanges("pedals", 0.3, 0.4)]),
        ("acceleration_braking [-0.9, -0.8)", [WantedRanges("pedals", -0.9, -0.8)]),
        ("braking (0.3, 0.4]", [WantedRanges("pedals", -0.4, -0.3)]),
        ("braking 1", [WantedRanges("pedals", -1, -1)]),
        (
            "acceleration [0.8, 1) braking 0 steering (-0.2, 0)",
            [WantedRanges("pedals", 0.8, 1), WantedRanges("steering", -0.2, 0)],
        ),
        ("steering:classification(-0.5/0/0.5) -0.5", [WantedRanges("steering", -0.5, -0.5)]),
    ],
)
def test_a_name_says_which_answers_are_wanted(name: str, expected: list[WantedRanges]) -> None:
    assert wanted([name]) == expected


@pytest.mark.parametrize(
    "name",
    [
        "steering 0",
        "acceleration 0 braking 0 steering 0",
        "steering:delta +0.1",
        "steering:delta -0.03",
        "steering:classification(left=-0.5/right=0.5) left",
        "wipers (0.1, 0.2]",
        "steering (0.1, 7]",
        "steering",
        "",
    ],
)
def test_what_is_no_range_to_seek_is_left_out(name: str) -> None:
    assert wanted([name]) == []


def test_several_names_are_taken_together_each_range_once() -> None:
    names = ["steering (0.9, 1]", "steering 0", "steering (0.9, 1]", "braking (0.9, 1)"]
    assert wanted(names) == [WantedRanges("steering", 0.9, 1), WantedRanges("pedals", -1, -0.9)]


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4"])
@pytest.mark.parametrize("value", LOWEST)
def test_every_bin_of_every_balancing_but_0_is_understood(version: str, value: str) -> None:
    (kind,) = set_kinds(version, [parse(value, version)])  # type: ignore[arg-type]
    scale = kind.outputs[0].scale
    for cell in kind.cells:
        found = wanted([kind.cell_name(cell)])
        if scale.names[cell] == "0":
            assert found == []
        else:
            middle = -found[0].middle if value == "braking" else found[0].middle
            assert scale.bin_of(middle) == cell


@given(st.lists(st.text(), max_size=3))
def test_any_text_gives_ranges_within_what_a_driver_can_answer(names: list[str]) -> None:
    assert all(-1 <= each.low <= each.high <= 1 and each.middle for each in wanted(names))
