"""THE table of model lines: every architecture that can be trained, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras

from charles.labels.outputs import Output
from charles.models.heads import PLAIN
from charles.models.pilot import pilot

LINES: dict[str, Callable[[tuple[int, int], int, Sequence[Output]], keras.Model]] = {
    "pilot": pilot,
}


def build(line: str, picture_size: tuple[int, int], frames: int = 1, outputs: Sequence[Output] = PLAIN) -> keras.Model:
    """A model of this line with fresh weights; the same after the same keras.utils.set_random_seed.

    picture_size: (height, width), pixels; frames: stacked pictures, oldest first. Every line takes a dict of
        image    uint8   (batch, height, width, 3 * frames), RGB
        speed    float32 (batch, 1), m/s
        purpose  float32 (batch, 2), distance in m and bearing in rad (left negative)
        last     float32 (batch, n), the values of the n delta outputs at the tick before; only where there are any
    and gives a dict of float32 (batch, width), one for each of the outputs by its value, as heads() says.
    Raises ValueError, naming the lines, when there is none of that name.
    """
    if line not in LINES:
        raise ValueError(f"there is no model line {line!r}; choose from: {', '.join(LINES)}")
    return LINES[line](picture_size, frames, outputs)
