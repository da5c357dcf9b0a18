"""Which value lies in which bin: the table, at its edges and everywhere between."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.labels.bins import Scale, around, scale_of

UP, DOWN = math.inf, -math.inf
SCALES = [scale_of(version, low) for version in ("v1", "v2", "v3", "v4") for low in (0, -1)]  # type: ignore[arg-type]
SCALES += [scale_of("v3", low, bins) for low in (0, -1) for bins in (3, 7, 101)]
IDS = [f"{len(scale)} from {scale.low:g}" for scale in SCALES]


@pytest.mark.parametrize(
    ("version", "low", "names"),
    [
        ("v1", 0, ["0", "(0, 0.2)", "[0.2, 0.8)", "[0.8, 1)", "1"]),
        (
            "v1",
            -1,
            ["-1", "(-1, -0.6]", "(-0.6, -0.2]", "(-0.2, 0)", "0", "(0, 0.2)", "[0.2, 0.6)", "[0.6, 1)", "1"],
        ),
        ("v2", 0, ["0", *(f"({t / 10:g}, {(t + 1) / 10:g}]" for t in range(9)), "(0.9, 1)", "1"]),
    ],
)
def test_the_bins_of_the_original(version: str, low: int, names: list[str]) -> None:
    assert list(scale_of(version, low).names) == names  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["v2", "v3", "v4"])
def test_steering_has_zero_alone_and_ten_on_each_side(version: str) -> None:
    names = scale_of(version, -1).names  # type: ignore[arg-type]
    assert len(names) == 21
    assert names[10] == "0"
    assert (names[0], names[9], names[11], names[20]) == ("[-1, -0.9)", "[-0.1, 0)", "(0, 0.1]", "(0.9, 1]")


@pytest.mark.parametrize(
    ("version", "low", "value", "name"),
    [
        ("v1", 0, math.nextafter(0, UP), "(0, 0.2)"), ("v1", 0, math.nextafter(0.2, DOWN), "(0, 0.2)"),
        ("v1", 0, 0.2, "[0.2, 0.8)"), ("v1", 0, 0.8, "[0.8, 1)"), ("v1", 0, math.nextafter(1, DOWN), "[0.8, 1)"),
        ("v1", 0, 1.0, "1"), ("v1", -1, -1.0, "-1"), ("v1", -1, math.nextafter(-1, UP), "(-1, -0.6]"),
        ("v1", -1, -0.6, "(-1, -0.6]"), ("v1", -1, math.nextafter(-0.6, UP), "(-0.6, -0.2]"),
        ("v1", -1, -0.2, "(-0.6, -0.2]"), ("v1", -1, math.nextafter(-0.2, UP), "(-0.2, 0)"),
        ("v1", -1, -5e-324, "(-0.2, 0)"), ("v1", -1, -0.0, "0"), ("v1", -1, 0.6, "[0.6, 1)"),
        ("v2", 0, 0.9, "(0.8, 0.9]"), ("v2", 0, math.nextafter(0.9, UP), "(0.9, 1)"), ("v2", 0, 1.0, "1"),
        ("v3", -1, 0.1, "(0, 0.1]"), ("v3", -1, math.nextafter(0.1, UP), "(0.1, 0.2]"), ("v3", -1, 0.3, "(0.2, 0.3]"),
        ("v3", -1, -0.3, "[-0.3, -0.2)"), ("v3", -1, 1.0, "(0.9, 1]"), ("v3", -1, -1.0, "[-1, -0.9)"),
        ("v3", 0, 1.0, "(0.9, 1]"),
    ],
)  # fmt: skip
def test_each_edge_belongs_where_the_table_says(version: str, low: int, value: float, name: str) -> None:
    scale = scale_of(version, low)  # type: ignore[arg-type]
    assert scale.names[scale.bin_of(value)] == name


@pytest.mark.parametrize("scale", SCALES, ids=IDS)
@given(st.floats(-1, 1))
def test_every_value_lies_in_exactly_the_bin_whose_name_holds_it(scale: Scale, value: float) -> None:
    value = abs(value) if scale.low == 0 else value
    exact = [_holds(name, value) for name in scale.names]
    if len(scale) in (3, 7, 101, 2, 4, 51):  # names are rounded, edges are not
        assert scale.starts[scale.bin_of(value)] <= value
    else:
        assert exact.count(True) == 1
        assert exact[scale.bin_of(value)]


@pytest.mark.parametrize("scale", SCALES, ids=IDS)
def test_each_bin_holds_its_own_centre(scale: Scale) -> None:
    assert [scale.bin_of(centre) for centre in scale.centres] == list(range(len(scale)))


@given(st.floats(-1, 1), st.sampled_from([scale for scale in SCALES if scale.low == -1]))
def test_bins_are_mirrored(value: float, scale: Scale) -> None:
    assert scale.bin_of(value) == len(scale) - 1 - scale.bin_of(-value)


@pytest.mark.parametrize("scale", SCALES, ids=IDS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, math.nextafter(1, UP), math.nextafter(-1, DOWN), -2])
def test_what_is_no_label_reaches_no_bin(scale: Scale, value: float) -> None:
    with pytest.raises(ValueError, match="a label must be in"):
        scale.bin_of(value)


@given(st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=9, unique=True), st.floats(-1, 1))
def test_a_value_belongs_to_the_nearest_centre(centres: list[float], value: float) -> None:
    centres.sort()
    scale = around(tuple(centres), tuple(map(str, centres)), -1.0, 1.0)
    nearest = min(abs(value - centre) for centre in centres)
    assert abs(value - centres[scale.bin_of(value)]) == pytest.approx(nearest, abs=1e-12)


def _holds(name: str, value: float) -> bool:
    """Whether an interval, as it is written, holds a value."""
    found = re.fullmatch(r"([\[(])(\S+), (\S+)([\])])", name)
    if found is None:
        return value == float(name)
    low, high = float(found[2]), float(found[3])
    after = value > low if found[1] == "(" else value >= low
    before = value < high if found[4] == ")" else value <= high
    return after and before
