"""What the night does to colours, and the windows that are lit in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charles.games.game import Picture

LIGHT = (0.25, 0.27, 0.36)  # what the night leaves of the day's red, green and blue on what stands upright
LIT = 0.34  # of all windows
WARM = ((255, 206, 128), (255, 188, 96), (248, 222, 168), (196, 214, 236))  # lamps behind windows

Pane = tuple[int, int, int, int]  # first and last row and column, the last ones excluded


def darkened(colour: np.ndarray) -> np.ndarray:
    """RGB colours as the night shows them."""
    return np.asarray(np.round(colour * np.array(LIGHT)).astype(np.uint8))


def lit(wall: Picture, panes: Sequence[Pane], rng: np.random.Generator) -> Picture:
    """A wall by night: dark, and some of its windows lit."""
    dark = darkened(wall)
    for top, bottom, left, right in panes:
        if rng.random() < LIT:
            fall = np.linspace(1.0, 0.72, bottom - top)[:, None, None]
            colour = np.array(WARM[int(rng.integers(len(WARM)))]) * rng.uniform(0.6, 1.0)
            bars = 0.45 + 0.55 * (np.arange(right - left) != (right - left) // 2)
            dark[top:bottom, left:right] = fall * bars[None, :, None] * colour
    return dark
