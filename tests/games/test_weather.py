"""The weathers by name, and the one that a world's seed draws."""

import itertools
from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.config import Collect
from charles.games.weather import RANDOM, WEATHERS, chosen, known

seeds = st.integers(-(2**40), 2**40)


@given(st.sampled_from(WEATHERS), seeds)
def test_a_weather_that_is_wished_for_comes_in_every_world(weather: str, seed: int) -> None:
    assert chosen(weather, seed) == weather


@given(seeds)
def test_a_random_weather_is_a_weather_and_the_same_for_the_same_world(seed: int) -> None:
    assert chosen(RANDOM, seed) in WEATHERS
    assert chosen(RANDOM, seed) == chosen(RANDOM, seed)


def test_random_worlds_have_the_weathers_that_they_have_always_had() -> None:
    """Another Python or another machine must not bring other weather to a world."""
    assert [chosen(RANDOM, seed) for seed in range(6)] == ["night", "rain", "night", "night", "rain", "overcast"]


def test_every_weather_comes_about_as_often_and_not_in_turn() -> None:
    drawn = [chosen(RANDOM, seed) for seed in range(1000)]
    assert all(150 < count < 250 for count in Counter(drawn).values())
    assert 150 < sum(a == b for a, b in itertools.pairwise(drawn)) < 250


@given(st.text().filter(lambda text: text not in WEATHERS))
def test_an_unknown_weather_is_refused_and_all_that_there_are_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="clear, overcast, rain, fog, night"):
        known(text)
    if text != RANDOM:
        with pytest.raises(ValueError, match="clear, overcast, rain, fog, night"):
            chosen(text, seed=1)


def test_the_configuration_accepts_every_weather_and_random() -> None:
    assert set(get_args(Collect.model_fields["weather"].annotation)) == {*WEATHERS, RANDOM}
