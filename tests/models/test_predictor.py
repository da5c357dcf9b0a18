"""Predictions for one picture at a time, and the exchange of weights under way."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from charles import models
from charles.labels.outputs import parse
from tests.models.examples import inputs

SIZE = (84, 96)


def constant(model: models.Weights, value: float) -> models.Weights:
    """Weights with which every output is this value."""
    silent = {name: np.zeros_like(array) for name, array in model.items()}
    return silent | {f"{name}/bias": np.array([value], np.float32) for name in ("acceleration_braking", "steering")}


def both(predicted: dict[str, list[float]]) -> tuple[float, ...]:
    return tuple(number for numbers in predicted.values() for number in numbers)


@pytest.mark.parametrize(
    "outputs", [("acceleration_braking", "steering"), ("braking:classification", "steering:delta")]
)
def test_one_picture_gives_what_it_gives_in_a_batch(outputs: tuple[str, ...]) -> None:
    model = models.build("pilot", SIZE, outputs=[parse(text) for text in outputs])
    predictor = models.Predictor(model)
    given = inputs(4, SIZE, outputs)
    batch = model(given)
    last = given.get("last", np.zeros((4, 0)))
    for row in range(4):
        distance, bearing = given["purpose"][row]
        predicted = predictor(given["image"][row], float(given["speed"][row, 0]), distance, bearing, last[row])
        assert list(predicted) == list(batch)
        for output, numbers in predicted.items():
            assert numbers == pytest.approx(batch[output][row].numpy().tolist(), abs=1e-5)


def test_the_callers_model_is_left_alone() -> None:
    model = models.build("pilot", SIZE)
    before = models.get_weights(model)
    models.Predictor(model).set_weights(constant(before, 0.5))
    after = models.get_weights(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_weights_that_do_not_fit_leave_the_old_ones_at_work() -> None:
    model = models.build("pilot", SIZE)
    predictor = models.Predictor(model)
    predictor.set_weights(constant(models.get_weights(model), 0.25))
    with pytest.raises(ValueError, match="common_1/kernel"):
        predictor.set_weights(models.get_weights(models.build("pilot", (270, 480))))
    assert both(predictor(inputs(1, SIZE)["image"][0], 0.0, 0.0, 0.0)) == (0.25, 0.25)


def test_weights_set_from_another_thread_are_never_mixed() -> None:
    model = models.build("pilot", SIZE)
    predictor = models.Predictor(model)
    sets = [constant(models.get_weights(model), value) for value in (-0.5, 0.5)]
    predictor.set_weights(sets[0])
    stop = threading.Event()

    def exchange() -> None:
        count = 0
        while not stop.is_set():
            count += 1
            predictor.set_weights(sets[count % 2])

    thread = threading.Thread(target=exchange)
    thread.start()
    image = inputs(1, SIZE)["image"][0]
    seen = {both(predictor(image, 10.0, 50.0, 0.1)) for _ in range(500)}
    stop.set()
    thread.join()
    assert seen == {(-0.5, -0.5), (0.5, 0.5)}
