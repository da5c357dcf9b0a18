"""Every type of output learns, alone and mixed, and a sample trains what it shall."""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charles import models
from charles.labels.outputs import parse
from tests.models.examples import inputs

SIZE = (42, 48)
NAMED = "steering:classification(left=-0.6/ahead=0/right=0.6)"
TYPES = ("steering", "steering:classification", NAMED, "steering:delta")
MIXED = ("acceleration:delta", "braking", "steering:classification(-0.5/0/0.5)")


def started(texts: tuple[str, ...], seed: int = 1) -> models.TrainStep:
    keras.utils.set_random_seed(seed)
    outputs = [parse(text) for text in texts]
    return models.TrainStep(models.build("pilot", SIZE, outputs=outputs), outputs, learning_rate=2e-3)


@functools.cache
def begun_once(texts: tuple[str, ...]) -> tuple[models.TrainStep, models.Weights]:
    """A step that many examples may share, and its state at the beginning: to trace one takes a second."""
    step = started(texts)
    return step, step.state()


def lesson(texts: tuple[str, ...], rng: np.random.Generator) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A batch whose labels lie in the picture: the brighter, the more. Deltas use a third of their range."""
    shade = rng.uniform(0, 1, 32)
    image = np.broadcast_to((255 * shade[:, None, None, None]).astype(np.uint8), (32, *SIZE, 3))
    targets = {}
    for output in map(parse, texts):
        low, high = (-0.35, 0.35) if output.kind == "delta" else (output.low, 1.0)
        values = low + shade * (high - low)
        classes = values if output.kind == "regression" else [output.scale.bin_of(value) for value in values]
        targets[output.value] = np.array(classes, np.float32)
    return inputs(32, SIZE, texts) | {"image": image}, targets


@pytest.mark.parametrize("texts", [*((text,) for text in TYPES), MIXED])
def test_every_type_learns_what_lies_in_the_picture(texts: tuple[str, ...]) -> None:
    step, rng = started(texts), np.random.default_rng(1)
    learned = [step(*lesson(texts, rng)) for _ in range(300)]
    for output in map(parse, texts):
        first, last = (np.mean([one.losses[output.value] for one in part]) for part in (learned[:10], learned[-20:]))
        assert last < 0.6 * first, output.text
        if output.kind == "regression":
            assert np.mean([one.errors[output.value] for one in learned[-20:]]) < 0.1
        else:
            assert np.mean([one.accuracies[output.value] for one in learned[-20:]]) > min(3 / output.width, 0.9)
    assert learned[-1].loss == pytest.approx(sum(learned[-1].losses.values()), rel=1e-5)


def test_a_loss_with_classes_is_the_cross_entropy_and_its_figure_the_share_that_is_right() -> None:
    step = started(("steering:delta",))
    given, target = inputs(16, SIZE, ("steering:delta",)), np.arange(16, dtype=np.float32) % 7
    predicted = step.model(given)["steering"].numpy()
    learned = step(given, {"steering": target})
    chosen = predicted[np.arange(16), target.astype(int)]
    assert learned.losses["steering"] == pytest.approx(float(-np.log(chosen).mean()), rel=1e-4)
    assert learned.accuracies["steering"] == pytest.approx(float((predicted.argmax(axis=1) == target).mean()))
    assert learned.errors == {}


def test_a_network_that_is_wrong_beyond_any_doubt_still_learns() -> None:
    step = started(("steering:delta",))
    state = step.state()
    step.load_state(state | {"weights/steering/bias": np.array([500, 0, 0, 0, 0, 0, 0], np.float32)})
    losses = [
        step(inputs(4, SIZE, ("steering:delta",)), {"steering": np.full(4, 6, np.float32)}).loss for _ in range(20)
    ]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0] - 0.01


@given(st.lists(st.booleans(), min_size=8, max_size=8), st.sampled_from(["steering", "steering:delta"]))
@settings(deadline=None, max_examples=20)
def test_a_head_learns_nothing_from_samples_of_the_others_sets(of_steering: list[bool], text: str) -> None:
    """Whatever the others' labels are, and however many samples are its own."""
    texts = ("acceleration_braking", text)
    mine = np.array(of_steering, np.float32)
    weights = {"acceleration_braking": 1 - mine, "steering": mine}
    rng = np.random.default_rng(sum(of_steering))
    targets = {"acceleration_braking": rng.uniform(-1, 1, 8), "steering": rng.integers(0, 2, 8)}
    other = targets | {"steering": np.where(mine, targets["steering"], 1 - targets["steering"])}
    ends = []
    step, beginning = begun_once(texts)
    for told in (targets, other):
        step.load_state(beginning)
        learned = step(
            inputs(8, SIZE, texts), {name: values.astype(np.float32) for name, values in told.items()}, weights
        )
        ends.append((learned.losses, step.state()))
    assert ends[0][0] == ends[1][0]
    assert all(np.array_equal(ends[0][1][name], ends[1][1][name]) for name in ends[0][1])
    if not any(of_steering):
        head = "weights/steering/kernel"
        assert np.array_equal(ends[0][1][head], beginning[head])
        assert ends[0][0]["steering"] == 0


def test_the_gradients_are_those_of_one_forward_pass_for_each_output_on_its_own_samples() -> None:
    """The step after one batch is the same as that of Adam on the sum of the two passes' gradients."""
    texts = ("acceleration_braking", "steering:delta")
    step, given = started(texts), inputs(12, SIZE, texts)
    rng = np.random.default_rng(3)
    targets = {"acceleration_braking": rng.uniform(-1, 1, 12), "steering": rng.integers(0, 7, 12)}
    mine = (np.arange(12) < 5).astype(np.float32)

    passes = []
    for name, own in (("acceleration_braking", mine == 0), ("steering", mine == 1)):
        alone = started(texts)
        some = {key: values[own] for key, values in given.items()}
        weights = {other: np.full(own.sum(), float(other == name), np.float32) for other in targets}
        alone(some, {key: values[own].astype(np.float32) for key, values in targets.items()}, weights)
        passes.append(momentum(alone))
    step(
        given,
        {key: values.astype(np.float32) for key, values in targets.items()},
        {"acceleration_braking": 1 - mine, "steering": mine},
    )
    for name, together in momentum(step).items():
        np.testing.assert_allclose(together, passes[0][name] + passes[1][name], rtol=2e-3, atol=1e-7, err_msg=name)


def momentum(step: models.TrainStep) -> dict[str, np.ndarray]:
    """Adam's first moments, which are a tenth of the gradients after one batch."""
    return {name: array for name, array in step.state().items() if "momentum" in name}


def test_of_another_network_the_heads_are_taken_only_where_they_mean_the_same() -> None:
    old = ("acceleration_braking", "steering:classification(-0.5/0/0.5)")
    new = ("acceleration_braking", "steering:classification(-0.6/0/0.6)")
    trained = started(old, seed=2)
    trained(inputs(8, SIZE), {"acceleration_braking": np.zeros(8, np.float32), "steering": np.zeros(8, np.float32)})
    begun, all_of_it = started(new), started(old)
    fresh = begun.state()
    count = len(begun.model.weights)
    assert begun.transfer(trained.state(), old) == count - 2
    assert all_of_it.transfer(trained.state(), old) == count
    for part in ("weights", "averages"):
        head, pedals = f"{part}/steering/kernel", f"{part}/acceleration_braking/kernel"
        assert np.array_equal(begun.state()[head], fresh[head])
        assert np.array_equal(begun.state()[pedals], trained.state()[pedals])
