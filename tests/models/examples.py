"""What the models' tests feed the models with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charles import models
from charles.labels.outputs import OUTPUTS, parse


def inputs(count: int, size: tuple[int, int], texts: Sequence[str] = OUTPUTS) -> dict[str, np.ndarray]:
    """A batch of the inputs of a model with these outputs, the same for the same arguments. size: (height, width)."""
    rng = np.random.default_rng(count)
    changing = sum(text.endswith(":delta") for text in texts)
    last = {"last": rng.uniform(-1, 1, (count, changing)).astype(np.float32)} if changing else {}
    return last | {
        "image": rng.integers(0, 256, (count, *size, 3), np.uint8),
        "speed": rng.uniform(0, 100, (count, 1)).astype(np.float32),
        "purpose": rng.uniform((0, -3), (200, 3), (count, 2)).astype(np.float32),
    }


def saying(size: tuple[int, int], texts: Sequence[str], **says: float) -> models.Weights:
    """Weights with which a pilot with these outputs says this of each: a number, or the number of a class."""
    outputs = [parse(text) for text in texts]
    weights = models.get_weights(models.build("pilot", size, outputs=outputs))
    weights = {name: np.zeros_like(array) for name, array in weights.items()}
    for output in outputs:
        said = says[output.value]
        bias = said if output.kind == "regression" else 9.0 * (np.arange(output.width) == said)
        weights[f"{output.value}/bias"][...] = bias
    return weights
