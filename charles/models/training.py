"""One training step, and everything of a training that must survive a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charles.models.weights import Named, Weights, arrays, assign, by_path, get_weights

LEARNING_RATE = 5e-4
AVERAGING = 0.99  # the share of the running average that stays at each batch


class TrainStep:
    """Adam on the sum of the outputs' mean squared errors, with a running average of the weights to drive with.

    The average is what calms the driving: the weights of two batches of one training drive far more differently than
    their losses suggest. Its memory grows with the batches, (1 + n) / (10 + n) of it staying at batch n, up to
    `averaging`, so that early weights are not held back by the untrained ones.
    """

    def __init__(self, model: keras.Model, learning_rate: float = LEARNING_RATE, averaging: float = AVERAGING) -> None:
        """model: is trained in place, from its present weights; averaging: in [0, 1), 0 drives with the newest."""
        self.model = model
        self._averaging = averaging
        self._optimizer = keras.optimizers.Adam(learning_rate, name="adam")
        self._optimizer.build(model.trainable_variables)
        self._averages = [keras.Variable(v, trainable=False, name="average") for v in model.trainable_variables]
        self._step = tf.function(self._update, autograph=False, reduce_retracing=True)

    @property
    def batches(self) -> int:
        """How many batches the present weights have seen."""
        return int(self._optimizer.iterations)

    def __call__(
        self, batch: Mapping[str, NDArray[Any]], labels: Mapping[str, NDArray[np.float32]]
    ) -> dict[str, float]:
        """Learn from one batch. Returns figures from before the update: `loss`, and for each output its mean absolute
        error (by the output's name) and its mean squared error (`<output>_loss`).

        batch: the model's inputs, as lines.build says; labels: float32 (batch,) for each output, in [-1, 1].
        """
        inputs = {name: tf.constant(values) for name, values in batch.items()}
        targets = {name: tf.ensure_shape(tf.constant(values, tf.float32), [None]) for name, values in labels.items()}
        return {name: float(value) for name, value in self._step(inputs, targets).items()}

    def weights_for_driving(self) -> Weights:
        """The averaged weights, by the variables' paths, in the model's order."""
        averaged = {v.path: a.numpy() for v, a in zip(self.model.trainable_variables, self._averages, strict=True)}
        return get_weights(self.model) | averaged

    def state(self) -> Weights:
        """The weights, their averages and the optimizer's memory: all that load_state() needs to go on from here.

        The learning rate is not among them: it is a setting.
        """
        return arrays(self._lasting())

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state(). Raises ValueError, before anything is changed, when it is not one of this training."""
        assign(self._lasting(), state)

    def transfer(self, state: Mapping[str, NDArray[Any]]) -> int:
        """Begin with what fits of the state of another network: weights and averages of the same path and shape.

        Returns how many weights fitted. The optimizer begins anew.
        """
        parts = ("weights/", "averages/")
        mine = {name: variable for name, variable in self._lasting().items() if name.startswith(parts)}
        fitting = {
            name: variable
            for name, variable in mine.items()
            if name in state and state[name].shape == tuple(variable.shape) and str(state[name].dtype) == variable.dtype
        }
        assign(fitting, {name: state[name] for name in fitting})
        return sum(name.startswith("weights/") for name in fitting)

    def _lasting(self) -> Named:
        weights = by_path(self.model.weights)
        averages = dict(zip(by_path(self.model.trainable_variables), self._averages, strict=True))
        memory = by_path(v for v in self._optimizer.variables if not v.path.endswith("/learning_rate"))
        parts = {"weights": weights, "averages": averages, "optimizer": memory}
        return {f"{part}/{path}": variable for part, named in parts.items() for path, variable in named.items()}

    def _update(self, inputs: dict[str, tf.Tensor], targets: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            outputs = self.model(inputs, training=True)
            errors = {name: outputs[name][:, 0] - target for name, target in targets.items()}
            losses = {f"{name}_loss": tf.reduce_mean(tf.square(error)) for name, error in errors.items()}
            loss = tf.add_n(list(losses.values()))
        variables = self.model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)
        batches = tf.cast(self._optimizer.iterations.value, tf.float32)
        stays = tf.minimum(self._averaging, (1 + batches) / (10 + batches))
        for average, variable in zip(self._averages, variables, strict=True):
            average.assign(stays * average + (1 - stays) * variable)
        return {"loss": loss} | losses | {name: tf.reduce_mean(tf.abs(error)) for name, error in errors.items()}
