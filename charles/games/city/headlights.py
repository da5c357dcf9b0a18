"""Lights of the night, as the camera sees them: its own headlights, and the glow around all that is bright."""

from __future__ import annotations

import cv2
import numpy as np

from charles.games.city.paths import Floats
from charles.games.city.view import CENTRE, EYE, FOCAL, HEIGHT, HORIZON, WIDTH
from charles.games.game import Picture

AMBIENT = np.array((0.19, 0.21, 0.29))  # what the night leaves of the day's red, green and blue
HEADLIGHT = np.array((0.98, 0.93, 0.78))  # what headlights add at their brightest
REACH = 17.0  # m in which headlights lose half their strength
SPREAD = 0.3  # rad to either side in which they lose 63 %
GLOW_FROM = 110  # of 255: what is brighter glows
COARSE = 5  # pixels of the picture for each one of the glow's; divides its width and height


def headlight(right: Floats, ahead: Floats) -> Floats:
    """How bright the headlights are so many m to the right and ahead of the camera, in [0, 1]."""
    rise = np.clip((ahead - 1.2) / 4.0, 0.0, 1.0)
    return np.asarray(rise * np.exp(-((right / (ahead + 1.5) / SPREAD) ** 2)) / (1 + (ahead / REACH) ** 2))


def ground_light() -> Floats:
    """The share of the day's light on each pixel below the horizon: (rows, WIDTH, 3)."""
    rows = np.arange(0.5, HEIGHT - HORIZON, dtype=np.float64)
    ahead = FOCAL * EYE / rows[:, None]
    right = (np.arange(WIDTH) + 0.5 - CENTRE)[None, :] / FOCAL * ahead
    return np.asarray(np.minimum(AMBIENT + headlight(right, ahead)[..., None] * HEADLIGHT, 1.0))


def glow(picture: Picture) -> None:
    """Let what is bright shine on what is around it."""
    small = cv2.resize(picture, (WIDTH // COARSE, HEIGHT // COARSE), interpolation=cv2.INTER_AREA)
    cv2.subtract(small, np.full(4, float(GLOW_FROM)), dst=small)
    small = cv2.GaussianBlur(small, (5, 5), 0)
    cv2.add(picture, cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), dst=picture)
