"""CarRacing-v3 whose steps cost less: the same physics, the same score, the same pixels.

A stock step spends most of its time in turning and shifting the polygons of the whole world in Python, one corner at a
time, to find that most lie outside the picture. Here one array operation finds those that can touch it.
"""

from __future__ import annotations

import os

import numpy as np

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # a library does not greet on standard output

from gymnasium.envs.box2d import car_racing

MARGIN = 2.0  # px around the screen within which a polygon is still drawn: edges are antialiased and rounded

_SIDE = car_racing.GRASS_DIM
_LIMIT = car_racing.PLAYFIELD
FIELD = [(_LIMIT, _LIMIT), (_LIMIT, -_LIMIT), (-_LIMIT, -_LIMIT), (-_LIMIT, _LIMIT)]
GRASS = [
    [
        (_SIDE * (x + 1), _SIDE * y),
        (_SIDE * x, _SIDE * y),
        (_SIDE * x, _SIDE * (y + 1)),
        (_SIDE * (x + 1), _SIDE * (y + 1)),
    ]
    for x in range(-20, 20, 2)
    for y in range(-20, 20, 2)
]  # the patches of the stock environment, units of the world


class QuickCarRacing(car_racing.CarRacing):  # type: ignore[misc]  # the library has no types that mypy can follow
    """The environment of CarRacing-v3 with quicker pictures, without gym.make's wrappers (time limit, checks)."""

    def _render_road(self, zoom: float, translation: tuple[float, float], angle: float) -> None:
        if getattr(self, "_corners_of", None) is not self.road_poly:  # reset() makes a new list
            self._corners_of = self.road_poly
            self._corners = np.array(GRASS + [corners for corners, _color in self.road_poly])
        self._draw_colored_polygon(self.surf, FIELD, self.bg_color, zoom, translation, angle, clip=False)
        # In the stock order, grass before road, so that what overlaps looks the same. Colours are looked up at each
        # call because a tile's changes when it is visited.
        for index in self._touching_the_screen(zoom, translation, angle):
            if index < len(GRASS):
                corners, color = GRASS[index], self.grass_color
            else:
                corners, color = self.road_poly[index - len(GRASS)]
            self._draw_colored_polygon(self.surf, corners, [int(c) for c in color], zoom, translation, angle)

    def _touching_the_screen(self, zoom: float, translation: tuple[float, float], angle: float) -> list[int]:
        """Indices into _corners of the polygons whose bounding box meets the screen."""
        cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
        x = self._corners[..., 0] * cos - self._corners[..., 1] * sin + translation[0]
        y = self._corners[..., 0] * sin + self._corners[..., 1] * cos + translation[1]
        meets = (
            (x.max(axis=1) >= -MARGIN)
            & (x.min(axis=1) <= car_racing.WINDOW_W + MARGIN)
            & (y.max(axis=1) >= -MARGIN)
            & (y.min(axis=1) <= car_racing.WINDOW_H + MARGIN)
        )
        return [int(index) for index in np.flatnonzero(meets)]
