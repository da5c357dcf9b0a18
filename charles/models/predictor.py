"""One picture at a time through a model, quickly, while its weights are replaced from another thread."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charles.models.weights import set_weights

Numbers = dict[str, list[float]]


class Predictor:
    """Predicts for single observations. Thread-safe: new weights are loaded into a second copy of the model, which
    takes the place of the first between two predictions, so that no prediction meets half of them."""

    def __init__(self, model: keras.Model) -> None:
        """model: stays the caller's; its present weights are copied."""
        self._loading = threading.Lock()
        self._predicting = threading.Lock()
        self._model, self._spare = _Copy(model), _Copy(model)

    def __call__(
        self,
        image: NDArray[np.uint8],
        speed: float,
        purpose_distance: float,
        purpose_bearing: float,
        last: Sequence[float] = (),
    ) -> Numbers:
        """The numbers that the model gives for each output: its width of them.

        image: uint8 (height, width, 3 * frames), RGB, oldest frame first; speed m/s; purpose m and rad, left negative;
        last: the values of the delta outputs at the tick before.
        """
        with self._predicting:
            return self._model.predict(image, (speed, purpose_distance, purpose_bearing, *last))

    def set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Predict with these from the next prediction on. Raises ValueError, and keeps the old, if they do not fit."""
        with self._loading:
            set_weights(self._spare.model, weights)
            with self._predicting:
                self._model, self._spare = self._spare, self._model


class _Copy:
    """A copy of a model with a traced function of its own: for one picture predict() takes many times as long."""

    def __init__(self, model: keras.Model) -> None:
        self.model = keras.models.clone_model(model)
        self.model.set_weights(model.get_weights())
        shape = model.input["image"].shape[1:]
        last = model.input["last"].shape[1] if "last" in model.input else 0
        edges = itertools.accumulate((output.shape[1] for output in model.output.values()), initial=0)
        self._places = {name: slice(*ends) for name, ends in zip(model.output, itertools.pairwise(edges), strict=True)}

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[tf.TensorSpec(shape, tf.uint8), tf.TensorSpec((3 + last,), tf.float32)],
            autograph=False,
        )
        def function(image: tf.Tensor, figures: tf.Tensor) -> tf.Tensor:
            inputs = {"image": image[None], "speed": figures[None, :1], "purpose": figures[None, 1:3]}
            if last:
                inputs["last"] = figures[None, 3:]
            outputs = self.model(inputs, training=False)
            return tf.concat([outputs[name][0] for name in self._places], axis=0)  # one array, fetched at once

        self._function = function.get_concrete_function()
        self.predict(np.zeros(shape, np.uint8), [0.0] * (3 + last))  # the first call is slow

    def predict(self, image: NDArray[np.uint8], figures: Sequence[float]) -> Numbers:
        known = tf.constant(np.array(figures, np.float32))
        numbers = self._function(tf.constant(image), known).numpy().tolist()
        return {name: numbers[place] for name, place in self._places.items()}
