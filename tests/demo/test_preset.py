"""The demo's figures hold where nobody chose others."""

from __future__ import annotations

from itertools import pairwise

from charles.demo.preset import PRESET, collector_settings, with_preset
from charles.settings import load


def test_the_demo_is_smaller_than_the_original_and_one_game_for_all() -> None:
    settings = with_preset(load(collect={"game": "carracing"}))
    assert settings.train.buffer == PRESET["train"]["buffer"]
    assert settings.play.game == "carracing"


def test_what_somebody_chose_stays() -> None:
    assert with_preset(load(train={"buffer": 99})).train.buffer == 99


def test_every_collector_has_a_name_and_worlds_of_its_own() -> None:
    collectors = [collector_settings(load(), index).collect for index in range(16)]
    assert len({one.name for one in collectors}) == 16
    assert all(later.seed - one.seed >= 1000 for one, later in pairwise(collectors))
    assert all(one.seed < 1_000_000 for one in collectors)
