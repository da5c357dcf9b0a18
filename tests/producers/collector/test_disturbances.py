"""Noise on the controls. Pure."""

from __future__ import annotations

from itertools import groupby

from charles.games import Action
from producers.collector.disturbances import PEDALS, STEERING, Disturbances

ANSWER = Action(steering=0.25, acceleration_braking=-0.5)
TICKS = 30 * 600


def bursts(values: list[float], answer: float) -> tuple[list[int], list[int], list[float]]:
    """Lengths of the undisturbed stretches, of the bursts, and the noise of each; the cut ones at the ends apart."""
    runs = [(value, len(list(group))) for value, group in groupby(values)][1:-1]
    pauses = [length for value, length in runs if value == answer]
    noisy = [(value, length) for value, length in runs if value != answer]
    return pauses, [length for _, length in noisy], [value for value, _ in noisy]


def test_bursts_come_as_often_and_last_as_long_as_they_say() -> None:
    noise = Disturbances(seed=1)
    applied = [noise.applied(ANSWER) for _ in range(TICKS)]
    for values, answer, plan in (
        ([action.steering for action in applied], ANSWER.steering, STEERING),
        ([action.acceleration_braking for action in applied], ANSWER.acceleration_braking, PEDALS),
    ):
        pauses, lengths, heights = bursts(values, answer)
        assert len(lengths) > 50
        assert round(plan.pause_s[0] * 30) <= min(pauses) <= max(pauses) <= round(plan.pause_s[1] * 30)
        assert round(plan.length_s[0] * 30) <= min(lengths) <= max(lengths) <= round(plan.length_s[1] * 30)
        assert -1 <= min(heights) < -0.7
        assert 0.7 < max(heights) <= 1


def test_the_same_seed_disturbs_the_same_way_and_another_one_otherwise() -> None:
    one, same, other = Disturbances(7), Disturbances(7), Disturbances(8)
    first = [one.applied(ANSWER) for _ in range(300)]
    assert first == [same.applied(ANSWER) for _ in range(300)]
    assert first != [other.applied(ANSWER) for _ in range(300)]
