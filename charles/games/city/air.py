"""Fog and rain in the air: the farther, the more fades away. Exact for the ground, in steps for what stands on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from charles.games.city.looks import Colour
from charles.games.city.paths import Floats
from charles.games.city.view import EYE, FOCAL, HEIGHT, HORIZON, WIDTH
from charles.games.game import Picture

STEP = 0.76  # each veil hangs at this share of the distance of the one before
NEAREST = 0.1  # of the sight: nothing nearer is veiled


class Air:
    """Veils that hang before the camera, one behind the other: each covers what was drawn before it, which is farther.

    What stands farther away than a veil also has its foot above the row where that veil meets the ground, so a veil
    need not cover the rows below.
    """

    def __init__(self, colour: Colour, sight: float, far: float) -> None:
        """colour: RGB; sight: m in which 63 % is lost; far: m, where the first veil hangs."""
        count = 1 + math.floor(math.log(NEAREST * sight / far, STEP))
        distances = [far * STEP**k for k in range(count)]
        rows = [min(HEIGHT, HORIZON + round(FOCAL * EYE / distance)) for distance in distances]
        keeps = [math.exp((near - far) / sight) for far, near in zip(distances, [*distances[1:], 0.0], strict=True)]
        self._colour = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
        self.veils: list[tuple[float, Callable[[Picture], None]]] = [
            (distance, partial(self._veil, row=row, keep=keep))
            for distance, row, keep in zip(distances, rows, keeps, strict=True)
        ]
        metres = FOCAL * EYE / (np.arange(HEIGHT - HORIZON) + 0.5)
        veiled = np.ones_like(metres)
        for row, keep in zip(rows, keeps, strict=True):
            veiled[: row - HORIZON] *= keep
        self.ground: Floats = np.minimum(np.exp(-metres / sight) / veiled, 1.0)
        """By row below the horizon: the share of the ground's colour that is kept before any veil."""

    def _veil(self, picture: Picture, row: int, keep: float) -> None:
        covered = picture[:row]
        cv2.addWeighted(covered, keep, self._colour[:row], 1 - keep, 0.0, dst=covered)
