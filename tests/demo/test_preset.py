"""The demo's figures hold where nobody chose others."""

from __future__ import annotations

import pytest

from charles.config import Config, changed, flat
from charles.demo.preset import PRESET, preset


def test_the_demo_is_smaller_than_the_original_and_leaves_everything_else() -> None:
    config = preset(changed(Config(), ["game=carracing"]))
    assert config.game == "carracing"
    assert config.train.buffer < Config().train.buffer
    assert config.play.swap == "at once"


@pytest.mark.parametrize("assignment", PRESET)
def test_each_of_its_figures_can_be_chosen_otherwise(assignment: str) -> None:
    field = assignment.partition("=")[0]
    other = {"play.swap": "unstuck"}.get(field, 99)
    assert flat(changed(preset(Config()), [f"{field}={other}"]))[field] == other
