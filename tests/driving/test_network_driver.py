"""What a network's predictions become at the wheel, for every type of output."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from charles.driving.network_driver import NetworkDriver
from charles.games.game import Action, Observation, Telemetry
from charles.labels.outputs import parse
from tests.models.examples import saying

SIZE = (24, 32)
SEEN = Observation(np.zeros((*SIZE, 3), np.uint8), Telemetry(5.0, 0.0, 0.0, 0.0, 0.0, 50.0, 0.0))


def games_own() -> Action:
    return Action(0.125, -0.25)


def standing() -> Action:
    return Action(0.0, 0.0)


def never_asked() -> Action:
    raise AssertionError("all is predicted: nobody asks the game's own driver")


def driving(*texts: str, **says: Any) -> NetworkDriver:
    driver = NetworkDriver("pilot", SIZE, outputs=[parse(text) for text in texts])
    driver.load(saying(SIZE, texts, **says))
    return driver


def test_a_regression_is_the_number_itself_clipped() -> None:
    driver = driving("acceleration_braking", "steering", acceleration_braking=0.5, steering=-7.0)
    assert driver.drive(SEEN, never_asked) == Action(-1.0, 0.5)


def test_a_class_is_its_centre() -> None:
    driver = driving("acceleration_braking:classification", "steering:classification(-0.5/0/0.75)",
                     acceleration_braking=0, steering=2)  # fmt: skip
    assert driver.drive(SEEN, never_asked) == Action(0.75, -0.95)


def test_a_delta_is_added_to_the_drivers_own_last_value_and_clipped() -> None:
    texts = ("acceleration:delta", "braking", "steering:delta")
    driver = driving(*texts, acceleration=6, braking=0.0, steering=0)
    did = [driver.drive(SEEN, standing) for _ in range(5)]
    assert [action.steering for action in did] == pytest.approx([-0.3, -0.6, -0.9, -1.0, -1.0])
    assert [action.acceleration_braking for action in did] == pytest.approx([0.3, 0.6, 0.9, 1.0, 1.0])

    driver.load(saying(SIZE, texts, acceleration=0, braking=0.0, steering=4))  # from the clipped value on
    assert driver.drive(SEEN, standing) == Action(pytest.approx(-0.97), pytest.approx(0.7))
    driver.load(saying(SIZE, texts, acceleration=0, braking=0.0, steering=3))
    for _ in range(4):
        last = driver.drive(SEEN, standing)
    assert last == Action(pytest.approx(-0.97), 0.0)  # an acceleration is not below 0


def test_a_delta_begins_with_the_games_own_drivers_value_where_the_car_was_put_somewhere_else() -> None:
    driver = driving("acceleration_braking", "steering:delta", acceleration_braking=0.5, steering=5)
    asked = [driver.drive(SEEN, games_own).steering for _ in range(3)]
    assert asked == pytest.approx([0.225, 0.325, 0.425])
    assert driver.drive(SEEN, never_asked).steering == pytest.approx(0.525)  # once it knows what it did
    driver.forget()
    assert driver.drive(SEEN, games_own) == Action(pytest.approx(0.225), 0.5)


def test_a_network_of_deltas_knows_its_own_last_value() -> None:
    texts = ("acceleration_braking", "steering:delta")
    weights = saying(SIZE, texts, acceleration_braking=0.5, steering=6)
    seen = weights["common_1/kernel"].shape[0] - weights["known/bias"].shape[0]
    weights["known/kernel"][-1, 0] = weights["common_1/kernel"][seen, 0] = weights["common_2/kernel"][0, 0] = 1.0
    weights["steering/kernel"][0, 3] = 20.0  # beyond a last value of 9 / 20 no change is likelier than +0.3
    driver = NetworkDriver("pilot", SIZE, outputs=[parse(text) for text in texts])
    driver.load(weights)
    assert [driver.drive(SEEN, standing).steering for _ in range(4)] == pytest.approx([0.3, 0.6, 0.6, 0.6])
    driver.forget()
    assert driver.drive(SEEN, standing).steering == pytest.approx(0.3)


def test_a_delta_goes_by_what_it_did_with_other_weights_too() -> None:
    driver = driving("acceleration_braking", "steering:delta", acceleration_braking=0.5, steering=6)
    driver.drive(SEEN, standing)
    driver.load(saying(SIZE, ("acceleration_braking", "steering:delta"), acceleration_braking=0.0, steering=5))
    assert driver.drive(SEEN, standing).steering == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("texts", "says", "does"),
    [
        (("acceleration", "braking", "steering"), {"acceleration": 0.75, "braking": 0.25, "steering": 0}, (0.0, 0.5)),
        (("acceleration",), {"acceleration": 0.75}, (0.125, 0.5)),
        (("braking",), {"braking": 1.0}, (0.125, -1.0)),
        (("acceleration_braking",), {"acceleration_braking": 0.5}, (0.125, 0.5)),
        (("steering",), {"steering": 0.5}, (0.5, -0.25)),
    ],
)
def test_what_is_not_predicted_is_the_games_own_drivers(
    texts: tuple[str, ...], says: dict[str, float], does: tuple[float, float]
) -> None:
    assert driving(*texts, **says).drive(SEEN, games_own) == Action(*does)


def test_a_random_network_of_mixed_types_stays_in_range() -> None:
    keras.utils.set_random_seed(4)
    outputs = [parse(text) for text in ("acceleration:delta", "braking:classification", "steering")]
    driver = NetworkDriver("pilot", SIZE, outputs=outputs)
    rng = np.random.default_rng(4)
    for _ in range(50):
        seen = Observation(rng.integers(0, 256, (*SIZE, 3), np.uint8), SEEN.telemetry)
        action = driver.drive(seen, standing)
        assert -1 <= action.steering <= 1
        assert -1 <= action.acceleration_braking <= 1
