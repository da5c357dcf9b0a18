"""The model lines: what they take and give, and how they are told apart."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from charles import models
from charles.labels.bins import Version
from charles.labels.outputs import LOWEST, OUTPUTS, described, parse
from tests.models.examples import inputs

SIZES = [(84, 96), (270, 480)]


@pytest.mark.parametrize("size", SIZES)
def test_a_model_gives_one_number_for_every_output(size: tuple[int, int]) -> None:
    outputs = models.build("pilot", size)(inputs(3, size))
    assert {name: tuple(values.shape) for name, values in outputs.items()} == dict.fromkeys(OUTPUTS, (3, 1))


def test_a_model_gives_the_probability_of_each_class() -> None:
    texts = ("acceleration", "braking:classification", "steering:delta")
    outputs = models.build("pilot", (84, 96), outputs=[parse(text) for text in texts])(inputs(3, (84, 96), texts))
    widths = {"acceleration": 1, "braking": 11, "steering": 7}
    assert {name: tuple(values.shape) for name, values in outputs.items()} == {n: (3, w) for n, w in widths.items()}
    for name in ("braking", "steering"):
        assert outputs[name].numpy().min() > 0
        np.testing.assert_allclose(outputs[name].numpy().sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("size", [*SIZES, (480, 640), (96, 96), (60, 400), (1080, 1920)])
def test_a_pilot_is_small_whatever_the_picture(size: tuple[int, int]) -> None:
    assert models.build("pilot", size, frames=4).count_params() < 500_000


def test_stacked_frames_are_channels() -> None:
    assert models.build("pilot", (84, 96), frames=3).input["image"].shape == (None, 84, 96, 9)


def test_every_input_matters_and_stays_of_the_size_of_one() -> None:
    model = models.build("pilot", (84, 96))
    figures = keras.Model(model.inputs, model.get_layer("figures").output)
    for speed in (0, 100):
        for distance, bearing in ((0, -3), (5_000, 3)):
            given = inputs(1, (84, 96)) | {
                "speed": np.array([[speed]], np.float32),
                "purpose": np.array([[distance, bearing]], np.float32),
            }
            assert np.abs(figures([given[name] for name in ("image", "purpose", "speed")])).max() <= 2
    given = inputs(1, (84, 96))
    for name in given:
        other = given | {name: np.zeros_like(given[name])}
        assert not np.allclose(model(given)["steering"], model(other)["steering"]), name


def test_the_same_random_seed_gives_the_same_weights() -> None:
    def built() -> models.Weights:
        keras.utils.set_random_seed(5)
        return models.get_weights(models.build("pilot", (84, 96)))

    one, other = built(), built()
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_an_unknown_line_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"there is no model line 'pilto'.*pilot"):
        models.build("pilto", (84, 96))


def test_an_architecture_is_known_by_its_digest() -> None:
    pilot = models.architecture(models.build("pilot", (84, 96)))
    assert len(pilot) == 64
    assert models.architecture(models.build("pilot", (84, 96))) == pilot
    assert models.architecture(models.build("pilot", (270, 480))) != pilot
    assert models.architecture(models.build("pilot", (84, 96), frames=2)) != pilot


def test_the_digest_knows_what_the_outputs_mean() -> None:
    two, three = "(-0.5/0.5)", "(-0.5/0/0.5)"
    texts = [*LOWEST, "steering:delta", "steering:classification"]
    texts += [f"steering:classification{classes}" for classes in (two, three, "(-0.5/0.1/0.5)", "(a=-0.5/b=0/c=0.5)")]
    digests = {models.architecture(models.build("pilot", (84, 96), outputs=[parse(text)])) for text in texts}
    assert len(digests) == len(texts)


@pytest.mark.parametrize(("version", "bins"), [("v1", 21), ("v2", 21), ("v3", 5), ("v4", 201)])
def test_classes_that_come_from_the_bins_are_known_again_without_them(version: Version, bins: int) -> None:
    made = [parse(text, version, bins) for text in ("braking:classification", "steering:classification")]
    read = [parse(described(output)) for output in made]
    digests = {models.architecture(models.build("pilot", (84, 96), outputs=outputs)) for outputs in (made, read)}
    assert len(digests) == 1
    assert [output.width for output in made] == [output.width for output in read]


def test_the_digest_knows_what_the_shapes_of_the_weights_do_not_show() -> None:
    def small(activation: str, order: tuple[str, str]) -> keras.Model:
        image = keras.Input((4,), name="image")
        layers = {name: keras.layers.Dense(4, activation=activation, name=name) for name in ("a", "b")}
        return keras.Model(image, layers[order[1]](layers[order[0]](image)), name="small")

    digests = [
        models.architecture(small(activation, order))
        for activation in ("relu", "tanh")
        for order in (("a", "b"), ("b", "a"))
    ]
    assert len(set(digests)) == 4


def test_weights_come_back_as_they_were() -> None:
    one, other = models.build("pilot", (84, 96)), models.build("pilot", (84, 96))
    given = inputs(2, (84, 96))
    assert not np.array_equal(one(given)["steering"], other(given)["steering"])
    models.set_weights(other, models.get_weights(one))
    assert np.array_equal(one(given)["steering"], other(given)["steering"])


def test_weights_that_do_not_fit_change_nothing() -> None:
    model = models.build("pilot", (84, 96))
    before = models.get_weights(model)
    others = models.get_weights(models.build("pilot", (270, 480)))
    with pytest.raises(ValueError, match="common_1/kernel"):
        models.set_weights(model, others)
    with pytest.raises(ValueError, match="steering/bias"):
        models.set_weights(model, {name: array for name, array in before.items() if name != "steering/bias"})
    with pytest.raises(ValueError, match="float64"):
        models.set_weights(model, before | {"steering/bias": np.zeros(1)})
    after = models.get_weights(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)
