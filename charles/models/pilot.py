"""The line `pilot`: small enough (under 0.5 M parameters) to learn and to drive at 30 Hz on two busy cores.

What decided its shape: averaging the picture to less than 48 rows before anything else costs a third of the time and
drives better than the full size (CarRacing-v3); with the speed it drives where without it does not (the same); a wide
picture is a hood camera's, its upper third is sky and facades, and without it the error on unseen towns is about half
(city).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers, ops

from charles.labels.outputs import Output, deltas
from charles.models.heads import heads

ROWS, COLUMNS = 48, 96  # the most that the convolutions see, pixels
WIDE = 4 / 3  # width to height, beyond which a picture is a hood camera's
NEAR = 20.0  # m, from where on the exact place of the purpose matters
CONVOLUTIONS = ((16, 5, 2), (24, 3, 2), (32, 3, 2), (48, 3, 1))  # filters, kernel, stride


@keras.saving.register_keras_serializable(package="charles")
class Figures(layers.Layer):  # type: ignore[misc]  # the library has no types that mypy can follow
    """Speed (batch, 1) m/s and purpose (batch, 2) m, rad as seven numbers of about the size of 1: (batch, 7)."""

    def call(self, speed: keras.KerasTensor, purpose: keras.KerasTensor) -> keras.KerasTensor:
        distance, bearing = purpose[:, :1], purpose[:, 1:]
        return ops.concatenate(
            [
                speed / 50.0,  # tells 60 from 80 m/s on a race track
                ops.tanh(speed / 10.0),  # tells 3 from 10 m/s in a town
                distance / (ops.abs(distance) + 50.0),
                ops.tanh(distance * ops.cos(bearing) / NEAR),
                ops.tanh(distance * ops.sin(bearing) / NEAR),
                ops.sin(bearing),
                ops.cos(bearing),
            ],
            axis=1,
        )


def pilot(picture_size: tuple[int, int], frames: int, outputs: Sequence[Output]) -> keras.Model:
    """Inputs and outputs as lines.build says."""
    height, width = picture_size
    image = keras.Input((height, width, 3 * frames), dtype="uint8", name="image")
    speed = keras.Input((1,), name="speed")
    purpose = keras.Input((2,), name="purpose")

    shrink = max(math.ceil(height / ROWS), math.ceil(width / COLUMNS))
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaled")(image)
    x = layers.AveragePooling2D(shrink, name="averaged")(x)
    if width > WIDE * height:
        x = layers.Cropping2D(((x.shape[1] // 3, 0), (0, 0)), name="below_the_sky")(x)
    for number, (filters, kernel, stride) in enumerate(CONVOLUTIONS, start=1):
        x = layers.Conv2D(filters, kernel, stride, "same", activation="relu", name=f"convolution_{number}")(x)
    seen = layers.Flatten(name="seen")(x)
    figures = Figures(name="figures")(speed, purpose)
    inputs = {"image": image, "speed": speed, "purpose": purpose}
    if changing := deltas(outputs):
        inputs["last"] = keras.Input((len(changing),), name="last")
        figures = layers.Concatenate(name="figures_and_last")([figures, inputs["last"]])
    known = layers.Dense(16, activation="relu", name="known")(figures)
    x = layers.Concatenate(name="all")([seen, known])
    x = layers.Dense(64, activation="relu", name="common_1")(x)
    x = layers.Dense(32, activation="relu", name="common_2")(x)
    return keras.Model(inputs, heads(outputs, x), name="pilot")
