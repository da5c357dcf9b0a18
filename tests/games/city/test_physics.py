"""The car's own motion."""

import math

from hypothesis import given
from hypothesis import strategies as st

from charles.games.city.physics import DT, GRIP, TOP_SPEED, Car, greatest_curvature
from charles.games.game import Action

shares = st.floats(-1, 1)
cars = st.builds(
    Car,
    st.floats(-500, 500),
    st.floats(-500, 500),
    st.floats(-math.pi, math.pi),
    st.floats(0, TOP_SPEED),
    st.floats(-1, 1),
)


@given(cars, shares, shares)
def test_a_step_keeps_the_units_promises(car: Car, steering: float, pedals: float) -> None:
    after = car.step(Action(steering, pedals))
    assert 0 <= after.speed <= TOP_SPEED
    assert -math.pi < after.heading <= math.pi
    assert math.hypot(after.x - car.x, after.y - car.y) <= (max(car.speed, after.speed) + 2) * DT


@given(st.floats(0.1, TOP_SPEED), shares)
def test_the_tyres_hold_at_any_steering(speed: float, steering: float) -> None:
    assert abs(steering) * greatest_curvature(speed) * speed**2 <= GRIP + 1e-9


@given(shares)
def test_a_standing_car_does_not_turn(steering: float) -> None:
    after = Car(1.0, 2.0, 0.3).step(Action(steering, 0.0))
    assert (after.x, after.y, after.heading) == (1.0, 2.0, 0.3)


def test_full_throttle_nears_the_top_speed_and_full_brake_stops() -> None:
    car = Car(0.0, 0.0, 0.0)
    for _ in range(30 * 20):
        car = car.step(Action(0.0, 1.0))
    assert 0.85 * TOP_SPEED < car.speed <= TOP_SPEED
    for _ in range(30 * 4):
        car = car.step(Action(0.0, -1.0))
    assert car.speed == 0


def test_full_lock_turns_in_a_street() -> None:
    car = Car(0.0, 0.0, 0.0, speed=2.0)
    reached = 0.0
    for _ in range(30 * 8):
        car = car.step(Action(1.0, 0.1))
        reached = max(reached, car.y)
    assert reached < 12
