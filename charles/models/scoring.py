"""How wrong a prediction is: each output type's loss and the figure that a person reads beside it."""

from __future__ import annotations

import keras
import tensorflow as tf

from charles.labels.outputs import Output


def loss(output: Output, predicted: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """(batch,): squared errors of a regression; with classes, cross-entropies in nats.

    predicted: (batch, width), as the head gives it; target: (batch,), a value, or the number of a class.
    """
    if output.kind == "regression":
        return tf.square(predicted[:, 0] - target)
    return keras.ops.sparse_categorical_crossentropy(tf.cast(target, tf.int32), predicted)


def figure(output: Output, predicted: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """(batch,): absolute errors of a regression; with classes, 1 where the likeliest class is the right one, else 0."""
    if output.kind == "regression":
        return tf.abs(predicted[:, 0] - target)
    return tf.cast(tf.argmax(predicted, axis=1, output_type=tf.int32) == tf.cast(target, tf.int32), tf.float32)


def mean(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """The weighted mean of a batch, 0 where nothing has any weight. values, weights: (batch,)."""
    return tf.math.divide_no_nan(tf.reduce_sum(weights * values), tf.reduce_sum(weights))
