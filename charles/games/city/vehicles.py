"""What the other cars look like: a body and a cabin of flat faces, wheels and lights."""

from __future__ import annotations

import cv2
import numpy as np

from charles.games.city.headlights import headlight
from charles.games.city.physics import Car
from charles.games.city.view import NEAR, View, projected
from charles.games.game import Picture

COLOURS = ((182, 44, 42), (38, 84, 158), (228, 228, 224), (206, 166, 52), (48, 128, 92), (222, 112, 40))
GLASS, TYRE = (52, 66, 80), (26, 26, 28)
TAIL, HEAD, TRIM = (208, 30, 34), (246, 242, 220), (40, 42, 46)
LAMPS: dict[tuple[float, ...], tuple[float, ...]] = {
    TAIL: (255, 44, 40),
    HEAD: (255, 248, 224),
}  # by night, when they are lit
DARK, BRIGHT = 0.16, 0.7  # of the day's light: left by the night, added by full headlights

# Points: m ahead, m to the right, m above the ground.
_BODY = [(x, y, z) for z in (0.28, 0.88) for x, y in ((2.2, -0.9), (2.2, 0.9), (-2.2, 0.9), (-2.2, -0.9))]
_CABIN = [(x, y, 0.88) for x, y in ((1.0, -0.86), (1.0, 0.86), (-1.75, 0.86), (-1.75, -0.86))]
_CABIN += [(x, y, 1.45) for x, y in ((0.25, -0.7), (0.25, 0.7), (-1.3, 0.7), (-1.3, -0.7))]
_SHADOW = [(2.3, -1.0, 0.0), (2.3, 1.0, 0.0), (-2.3, 1.0, 0.0), (-2.3, -1.0, 0.0)]


def _side(y: float, x: float, z: float, length: float, height: float) -> list[tuple[float, float, float]]:
    outer = y * 1.005
    return [(x, outer, z), (x + length, outer, z), (x + length, outer, z + height), (x, outer, z + height)]


def _end(x: float, y: float, z: float, width: float, height: float) -> list[tuple[float, float, float]]:
    return [(x, y, z), (x, y + width, z), (x, y + width, z + height), (x, y, z + height)]


def _wheel(y: float, x: float) -> list[tuple[float, float, float]]:
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]
    return [(x + 0.33 * np.cos(a), y * 1.01, 0.33 + 0.33 * np.sin(a)) for a in angles]


# Every face: its points, its colour or the share of the car's own, its outward side (ahead, right, up).
_FACES: list[tuple[list[tuple[float, float, float]], tuple[int, int, int] | float, tuple[int, int, int]]] = [
    (_SHADOW, (44, 45, 50), (0, 0, 1)),
    ([_BODY[i] for i in (0, 1, 5, 4)], 0.8, (1, 0, 0)),
    ([_BODY[i] for i in (2, 3, 7, 6)], 0.8, (-1, 0, 0)),
    ([_BODY[i] for i in (1, 2, 6, 5)], 0.9, (0, 1, 0)),
    ([_BODY[i] for i in (3, 0, 4, 7)], 0.72, (0, -1, 0)),
    (_wheel(0.9, 1.35), TYRE, (0, 1, 0)),
    (_wheel(0.9, -1.35), TYRE, (0, 1, 0)),
    (_wheel(-0.9, 1.35), TYRE, (0, -1, 0)),
    (_wheel(-0.9, -1.35), TYRE, (0, -1, 0)),
    (_end(-2.21, -0.88, 0.6, 0.4, 0.2), TAIL, (-1, 0, 0)),
    (_end(-2.21, 0.48, 0.6, 0.4, 0.2), TAIL, (-1, 0, 0)),
    (_end(-2.21, -0.3, 0.42, 0.6, 0.16), HEAD, (-1, 0, 0)),
    (_end(2.21, -0.86, 0.58, 0.36, 0.18), HEAD, (1, 0, 0)),
    (_end(2.21, 0.5, 0.58, 0.36, 0.18), HEAD, (1, 0, 0)),
    (_end(2.21, -0.45, 0.46, 0.9, 0.2), TRIM, (1, 0, 0)),
    ([_BODY[i] for i in (4, 5, 6, 7)], 1.0, (0, 0, 1)),
    ([_CABIN[i] for i in (0, 1, 5, 4)], GLASS, (1, 0, 0)),
    ([_CABIN[i] for i in (2, 3, 7, 6)], GLASS, (-1, 0, 0)),
    ([_CABIN[i] for i in (1, 2, 6, 5)], GLASS, (0, 1, 0)),
    ([_CABIN[i] for i in (3, 0, 4, 7)], GLASS, (0, -1, 0)),
    ([_CABIN[i] for i in (4, 5, 6, 7)], 1.05, (0, 0, 1)),
]
_POINTS = np.array([point for face, _, _ in _FACES for point in face])
_ENDS = np.cumsum([len(face) for face, _, _ in _FACES])
_REACH = {(1, 0, 0): 2.2, (-1, 0, 0): 2.2, (0, 1, 0): 0.9, (0, -1, 0): 0.9, (0, 0, 1): 0.0}


def draw_vehicle(picture: Picture, view: View, car: Car, colour: int, night: bool) -> None:
    """Draw a car into the picture, unless a part of it is behind the camera. colour: any number, counted round."""
    cos, sin = np.cos(car.heading), np.sin(car.heading)
    world = np.stack(
        [car.x + _POINTS[:, 0] * cos - _POINTS[:, 1] * sin, car.y + _POINTS[:, 0] * sin + _POINTS[:, 1] * cos], axis=1
    )
    right, ahead = view.seen(world)
    # A car that the camera touches is squeezed before it instead of left out.
    screen = projected(right, np.maximum(ahead, NEAR), _POINTS[:, 2])
    # Where the camera is, seen from the car: it tells which faces look at it.
    dx, dy = view.x - car.x, view.y - car.y
    eye = (dx * cos + dy * sin, dy * cos - dx * sin, 1.0)
    paint = COLOURS[colour % len(COLOURS)]
    light = DARK + BRIGHT * float(headlight(right.mean(), np.maximum(ahead.mean(), NEAR))) if night else 1.0
    begin = 0
    for (_, tint, out), end in zip(_FACES, _ENDS, strict=True):
        if eye[0] * out[0] + eye[1] * out[1] + eye[2] * out[2] > _REACH[out]:
            shade = tuple(min(255.0, c * tint) for c in paint) if isinstance(tint, float) else tint
            if night:
                shade = LAMPS.get(shade) or tuple(light * c for c in shade)
            cv2.fillConvexPoly(picture, screen[begin:end], shade, cv2.LINE_AA, 4)
        begin = int(end)
