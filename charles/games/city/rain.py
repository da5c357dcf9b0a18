"""Rain: what falls before the camera, and the sky in the wet ground."""

from __future__ import annotations

import cv2
import numpy as np

from charles.games.city.paths import Floats
from charles.games.city.view import HEIGHT, HORIZON, WIDTH
from charles.games.game import Picture

LAYERS = 4  # pictures of falling drops, shown in turn
ROOM = 160  # pixels by which they are wider than the hood's picture, so that each looks different every time
DROPS, SPLASHES = 150, 45  # in each of them
SLANT = 0.16  # pixels sideways for every pixel downwards


class Rain:
    """Streaks and splashes of a few moments, drawn once."""

    def __init__(self) -> None:
        self._layers = [_drops(np.random.default_rng(layer)) for layer in range(LAYERS)]

    def fall(self, picture: Picture, tick: int) -> None:
        """Let it rain into a picture; another moment's rain for every tick."""
        left = tick * 37 % ROOM
        cv2.add(picture, self._layers[tick % LAYERS][:, left : left + WIDTH], dst=picture)


def sheen() -> Floats:
    """By row below the horizon: the share of the light that the wet ground mirrors; the flatter one looks, the more."""
    rows = np.arange(HEIGHT - HORIZON) + 0.5
    return np.asarray(0.1 + 0.5 * np.exp(-rows / 42.0))


def _drops(rng: np.random.Generator) -> Picture:
    layer = np.zeros((HEIGHT, WIDTH + ROOM, 3), np.uint8)
    for _ in range(DROPS):
        x, y, near = rng.uniform(0, WIDTH + ROOM), rng.uniform(-30, HEIGHT), rng.uniform(0, 1) ** 2
        length = 8 + 34 * near
        ends = [(round(16 * (x - SLANT * along)), round(16 * (y + along))) for along in (0.0, length)]
        light = float(26 + 30 * near)
        cv2.line(layer, ends[0], ends[1], (light, light, light * 1.06), 1, cv2.LINE_AA, 4)
    for _ in range(SPLASHES):
        row = HORIZON + 12 + (HEIGHT - HORIZON - 30) * rng.uniform(0, 1)
        size = max(1, round((row - HORIZON) / 55))
        middle = round(rng.uniform(0, WIDTH + ROOM)), round(row)
        cv2.ellipse(layer, middle, (size, max(1, size // 2)), 0, 180, 360, (34.0, 35.0, 38.0), 1, cv2.LINE_AA)
    return layer
