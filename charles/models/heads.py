"""A network's last layers: what each output's type asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from charles.labels.outputs import OUTPUTS, Output, described, parse

PLAIN = tuple(map(parse, OUTPUTS))
"""What is predicted unless somebody wants something else."""


@keras.saving.register_keras_serializable(package="charles")
class Head(layers.Dense):  # type: ignore[misc]  # the library has no types that mypy can follow
    """A dense layer that knows what its numbers mean, so that a network's digest tells apart two outputs of one width
    with other classes."""

    def __init__(self, units: int, meaning: str, **settings: Any) -> None:
        """meaning: the output, as described() writes it."""
        super().__init__(units, **settings)
        self.meaning = meaning

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "meaning": self.meaning}


def heads(outputs: Sequence[Output], x: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
    """By the output's value: one number for a regression, else the probability of each class.

    x: (batch, n). Returns float32 (batch, width of the output).
    """
    return {output.value: _head(output)(x) for output in outputs}


def _head(output: Output) -> Head:
    activation = "linear" if output.kind == "regression" else "softmax"
    return Head(output.width, described(output), activation=activation, name=output.value)
