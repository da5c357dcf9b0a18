"""The training step, and what survives of it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from charles import models
from tests.models.examples import inputs

SIZE = (42, 48)


def labels(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(count)
    return {name: rng.uniform(-1, 1, count).astype(np.float32) for name in ("acceleration_braking", "steering")}


def started(seed: int = 1, **settings: Any) -> models.TrainStep:
    keras.utils.set_random_seed(seed)
    return models.TrainStep(models.build("pilot", SIZE), **settings)


def test_training_lowers_the_loss_and_says_so() -> None:
    step = started()
    facts = [step(inputs(16, SIZE), labels(16)) for _ in range(60)]
    assert facts[-1].loss < 0.3 * facts[0].loss
    assert facts[-1].errors["steering"] < facts[0].errors["steering"]
    assert facts[-1].accuracies == {}
    assert step.batches == 60


def test_the_loss_is_the_sum_of_the_outputs_squared_errors() -> None:
    step = started()
    outputs = step.model(inputs(16, SIZE))
    errors = {name: outputs[name][:, 0] - values for name, values in labels(16).items()}
    facts = step(inputs(16, SIZE), labels(16))
    assert facts.loss == pytest.approx(facts.losses["acceleration_braking"] + facts.losses["steering"], rel=1e-6)
    assert facts.losses["steering"] == pytest.approx(float(np.mean(np.square(errors["steering"]))), rel=1e-4)
    assert facts.errors["steering"] == pytest.approx(float(np.mean(np.abs(errors["steering"]))), rel=1e-4)


def test_weights_for_driving_follow_the_trained_ones_smoothly() -> None:
    step = started(averaging=0.9)
    untrained = models.get_weights(step.model)
    assert all(np.array_equal(step.weights_for_driving()[name], untrained[name]) for name in untrained)
    for _ in range(20):
        step(inputs(16, SIZE), labels(16))
    driving, trained = step.weights_for_driving(), models.get_weights(step.model)
    assert list(driving) == list(trained)
    kernel = "common_1/kernel"
    way, left = np.abs(driving[kernel] - untrained[kernel]).mean(), np.abs(trained[kernel] - driving[kernel]).mean()
    assert 0 < left < way


def test_without_averaging_the_newest_weights_drive() -> None:
    step = started(averaging=0.0)
    step(inputs(16, SIZE), labels(16))
    driving, trained = step.weights_for_driving(), models.get_weights(step.model)
    assert all(np.array_equal(driving[name], trained[name]) for name in trained)


def test_a_restarted_training_goes_on_as_if_nothing_had_been() -> None:
    step = started()
    for _ in range(3):
        step(inputs(16, SIZE), labels(16))
    again = started(seed=2)
    again.load_state(step.state())
    assert again.batches == 3
    for _ in range(3):
        losses = [each(inputs(16, SIZE), labels(16)).loss for each in (step, again)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for name, array in step.state().items():
        np.testing.assert_allclose(again.state()[name], array, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float32(3e38), np.float32(1e30)])
@pytest.mark.parametrize("where", ["speed", "steering"])
def test_a_batch_that_would_ruin_the_weights_changes_nothing(where: str, value: float) -> None:
    step = started()
    step(inputs(16, SIZE), labels(16))
    before, batch, targets = step.state(), inputs(16, SIZE), labels(16)
    (batch if where in batch else targets)[where][7] = value
    with pytest.raises(models.NotFinite, match="its gradients are not finite"):
        step(batch, targets)
    assert all(np.array_equal(array, before[name]) for name, array in step.state().items())
    assert step(inputs(16, SIZE), labels(16)).loss < 10


def test_one_such_batch_in_a_hundred_is_as_none() -> None:
    clean, poisoned = started(), started()
    for number in range(300):
        batch, targets = inputs(10 + number % 7, SIZE), labels(10 + number % 7)
        if number % 100 == 50:
            with pytest.raises(models.NotFinite):
                poisoned(batch | {"purpose": np.full_like(batch["purpose"], np.nan)}, targets)
        for step in (clean, poisoned):
            step(batch, targets)
    assert poisoned.batches == clean.batches == 300
    for name, array in clean.state().items():
        assert np.isfinite(array).all(), name
        np.testing.assert_allclose(poisoned.state()[name], array, rtol=1e-2, atol=1e-4, err_msg=name)


def test_the_names_in_a_state_do_not_depend_on_what_was_built_before() -> None:
    assert list(started().state()) == list(started().state())


def test_the_learning_rate_is_a_setting_and_no_state() -> None:
    quick, still = started(learning_rate=1e-2), started(learning_rate=0.0)
    still.load_state(quick.state())
    before = models.get_weights(still.model)
    still(inputs(8, SIZE), labels(8))
    after = models.get_weights(still.model)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_state_of_another_model_is_refused() -> None:
    state = started().state()
    with pytest.raises(ValueError, match="common_1/kernel"):
        models.TrainStep(models.build("pilot", (270, 480))).load_state(state)
    state.pop("averages/steering/bias")
    with pytest.raises(ValueError, match="averages/steering/bias"):
        started().load_state(state)
