"""One training step, and everything of a training that must survive a restart."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charles.labels.outputs import Output, described
from charles.models import scoring
from charles.models.heads import PLAIN
from charles.models.weights import Named, Weights, arrays, assign, by_path, get_weights

Tensors = dict[str, tf.Tensor]

LEARNING_RATE = 5e-4
AVERAGING = 0.99  # the share of the running average that stays at each batch


class NotFinite(ValueError):
    """A batch's gradients are not finite: nothing was learned from it, and nothing has changed."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What one batch said, before the update.

    loss: the sum of the outputs' losses; losses: by output; errors: mean absolute errors of the outputs without
    classes; accuracies: the shares of samples, in [0, 1], on which the outputs with classes were right.
    """

    loss: float
    losses: dict[str, float]
    errors: dict[str, float]
    accuracies: dict[str, float]


class TrainStep:
    """Adam on the sum of the outputs' losses, with a running average of the weights to drive with.

    The average is what calms the driving: the weights of two batches of one training drive far more differently than
    their losses suggest. Its memory grows with the batches, (1 + n) / (10 + n) of it staying at batch n, up to
    `averaging`, so that early weights are not held back by the untrained ones.
    """

    def __init__(
        self,
        model: keras.Model,
        outputs: Sequence[Output] = PLAIN,
        learning_rate: float = LEARNING_RATE,
        averaging: float = AVERAGING,
    ) -> None:
        """model: with these outputs; is trained in place, from its present weights; averaging: in [0, 1), 0 drives with
        the newest."""
        self.model = model
        self._outputs = tuple(outputs)
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
        self,
        batch: Mapping[str, NDArray[Any]],
        targets: Mapping[str, NDArray[np.float32]],
        weights: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> Learned:
        """Learn from one batch.

        batch: the model's inputs, as lines.build says; targets: float32 (batch,) for each output, as Output.target()
        gives them; weights: (batch,) for each output, 0 where a sample shall not train it; None: all train all.

        An output's loss is the mean over the samples that train it. With every sample training one output alone
        (balancing v2) the gradients are therefore those of the original's custom step, which had one forward pass
        for each output, on that output's own samples, and one update with the sum (its line 0002); as long as no layer
        mixes the samples of a batch, as batch normalisation does.

        Raises NotFinite, so that weights, averages and the optimizer's memory stay finite.
        """
        if weights is None:
            weights = {name: np.ones_like(values) for name, values in targets.items()}
        inputs = {name: tf.constant(values) for name, values in batch.items()}
        finite, *learned = self._step(inputs, _vectors(targets), _vectors(weights))
        loss, losses, figures = tf.nest.map_structure(float, learned)
        if not finite:
            raise NotFinite(f"its gradients are not finite, at a loss of {loss:g}")
        plain = {output.value for output in self._outputs if output.kind == "regression"}
        return Learned(
            loss,
            losses,
            errors={name: figure for name, figure in figures.items() if name in plain},
            accuracies={name: figure for name, figure in figures.items() if name not in plain},
        )

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

    def transfer(self, state: Mapping[str, NDArray[Any]], meanings: Container[str]) -> int:
        """Begin with what fits of the state of another network: weights and averages of the same path and shape, but
        for the heads of outputs that it did not have.

        meanings: its outputs, as described() writes them. Returns how many weights fitted. The optimizer begins anew.
        """
        parts = ("weights/", "averages/")
        new = tuple(f"{part}{o.value}/" for o in self._outputs if described(o) not in meanings for part in parts)
        fitting = {
            name: variable
            for name, variable in self._lasting().items()
            if name.startswith(parts) and not name.startswith(new) and _fits(variable, state.get(name))
        }
        assign(fitting, {name: state[name] for name in fitting})
        return sum(name.startswith("weights/") for name in fitting)

    def _lasting(self) -> Named:
        weights = by_path(self.model.weights)
        averages = dict(zip(by_path(self.model.trainable_variables), self._averages, strict=True))
        memory = by_path(v for v in self._optimizer.variables if not v.path.endswith("/learning_rate"))
        parts = {"weights": weights, "averages": averages, "optimizer": memory}
        return {f"{part}/{path}": variable for part, named in parts.items() for path, variable in named.items()}

    def _update(
        self, inputs: Tensors, targets: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, tf.Tensor, Tensors, Tensors]:
        """Whether the gradients were finite; the loss, and by output the losses and what scoring.figure() gives."""
        with tf.GradientTape() as tape:
            predicted = self.model(inputs, training=True)
            losses = {
                o.value: scoring.mean(scoring.loss(o, predicted[o.value], targets[o.value]), weights[o.value])
                for o in self._outputs
            }
            loss = tf.add_n(list(losses.values()))
        gradients = tape.gradient(loss, [v.value for v in self.model.trainable_variables])
        # Adam remembers their squares, which are infinite long before they are.
        finite = tf.math.is_finite(tf.add_n([tf.reduce_sum(tf.square(gradient)) for gradient in gradients]))
        tf.cond(finite, lambda: self._apply(gradients), lambda: None)
        figures = {
            o.value: scoring.mean(scoring.figure(o, predicted[o.value], targets[o.value]), weights[o.value])
            for o in self._outputs
        }
        return finite, loss, losses, figures

    def _apply(self, gradients: list[tf.Tensor]) -> None:
        variables = self.model.trainable_variables
        self._optimizer.apply(gradients, variables)
        batches = tf.cast(self._optimizer.iterations.value, tf.float32)
        stays = tf.minimum(self._averaging, (1 + batches) / (10 + batches))
        for average, variable in zip(self._averages, variables, strict=True):
            average.assign(stays * average + (1 - stays) * variable)


def _vectors(named: Mapping[str, NDArray[np.float32]]) -> Tensors:
    return {name: tf.ensure_shape(tf.constant(values, tf.float32), [None]) for name, values in named.items()}


def _fits(variable: keras.Variable, value: NDArray[Any] | None) -> bool:
    return value is not None and value.shape == tuple(variable.shape) and str(value.dtype) == variable.dtype
