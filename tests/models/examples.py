"""What the models' tests feed the models with."""

from __future__ import annotations

import numpy as np


def inputs(count: int, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """A batch of a model's inputs, the same for the same arguments. size: (height, width)."""
    rng = np.random.default_rng(count)
    return {
        "image": rng.integers(0, 256, (count, *size, 3), np.uint8),
        "speed": rng.uniform(0, 100, (count, 1)).astype(np.float32),
        "purpose": rng.uniform((0, -3), (200, 3), (count, 2)).astype(np.float32),
    }
