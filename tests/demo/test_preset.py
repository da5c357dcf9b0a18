"""The demo's figures hold where nobody chose others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.config import Config, changed, flat
from charles.demo.preset import preset


def test_the_demo_is_smaller_than_the_original_and_leaves_everything_else() -> None:
    config = changed(changed(Config(), ["game=carracing"]), preset(Config(), 10))
    assert config.game == "carracing"
    assert config.train.buffer == 630 < Config().train.buffer
    assert config.play.swap == "at once"


@pytest.mark.parametrize("assignment", preset(Config(), 10))
def test_each_of_its_figures_can_be_chosen_otherwise(assignment: str) -> None:
    field = assignment.partition("=")[0]
    other = {"play.swap": "unstuck"}.get(field, 99)
    assert flat(changed(Config(), [*preset(Config(), 10), f"{field}={other}"]))[field] == other


@given(
    st.floats(0.01, 1_000),
    st.sampled_from(["v1", "v2", "v3", "v4"]),
    st.sampled_from(["steering", "steering:delta", "acceleration:delta,braking,steering:classification(-0.5/0.5)"]),
)
def test_whatever_is_learned_for_however_long_its_buffers_hold_a_batch(
    minutes: float, version: str, outputs: str
) -> None:
    config = changed(Config(), [f"balance.version={version}", f"outputs={outputs}"])
    assert 42 <= changed(config, preset(config, minutes)).train.buffer <= 630


def test_a_shorter_demo_has_smaller_buffers_and_so_has_one_with_fewer_classes() -> None:
    deltas = changed(Config(), ["outputs=steering:delta,acceleration_braking"])
    buffers = [changed(c, preset(c, minutes)).train.buffer for c, minutes in ((Config(), 3), (deltas, 3), (deltas, 10))]
    assert buffers == [189, 63, 210]
