"""Drawing walls, roofs and flat pictures of trees, each clipped to the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from charles.games.city.facades import DENSITY, ROOFS, WALLS, light_of, sprites, tinted, wall_pictures
from charles.games.city.looks import Colour
from charles.games.city.paths import Floats
from charles.games.city.town import Building
from charles.games.city.view import CENTRE, EYE, FOCAL, HEIGHT, HORIZON, NEAR, WIDTH, level_of, projected
from charles.games.game import Picture


@dataclass(frozen=True, slots=True)
class Face:
    """A wall before the camera, from its left end 0 to its right end 1: m to the right (x) and ahead (z).

    columns, tops, bottoms: where the two ends of what is not behind the camera lie in the picture, in pixels.
    """

    x0: float
    z0: float
    x1: float
    z1: float
    height: float
    columns: list[float]
    tops: list[float]
    bottoms: list[float]
    light: int
    level: int


def draw_wall(picture: Picture, face: Face, style: int, night: bool) -> None:
    density = DENSITY / 2**face.level
    texture = wall_pictures(night)[style][face.light][face.level]
    length = float(np.hypot(face.x1 - face.x0, face.z1 - face.z0))
    tall = max(2, min(round(face.height * density), texture.shape[0]))
    texture = texture[texture.shape[0] - tall :, : max(2, round(length * density))]
    left, right = max(0, int(face.columns[0])), min(WIDTH, int(face.columns[1]) + 1)
    top = max(0, int(min(face.tops)))
    bottom = min(HEIGHT, int(max(face.bottoms)) + 1)
    if left >= right or top >= bottom:
        return
    # From the texture's pixels to the picture's: along the wall depth is linear, and upright lines stay upright.
    step_x, step_z = (face.x1 - face.x0) / texture.shape[1], (face.z1 - face.z0) / texture.shape[1]
    up = face.height - EYE
    to_picture = np.array([
        [CENTRE * step_z + FOCAL * step_x, 0.0, CENTRE * face.z0 + FOCAL * face.x0],
        [HORIZON * step_z, FOCAL * face.height / tall, HORIZON * face.z0 - FOCAL * up],
        [step_z, 0.0, face.z0],
    ])  # fmt: skip
    to_window = np.array([[1.0, 0, -left], [0, 1.0, -top], [0, 0, 1.0]])
    pixel = np.array([[1.0, 0, 0.5], [0, 1.0, 0.5], [0, 0, 1.0]])  # coordinates count from a pixel's middle
    window = picture[top:bottom, left:right]
    cv2.warpPerspective(
        texture,
        to_window @ to_picture @ pixel,
        (right - left, bottom - top),
        dst=window,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )


@cache
def _cornice_colour(style: int, light: int, level: int, night: bool) -> Colour:
    return tinted(np.array(WALLS[style]) * (0.55 + 0.4 * light_of(light)), level, night)


def draw_cornice(picture: Picture, face: Face, style: int, night: bool) -> None:
    """The edge of a flat roof."""
    left, right = (
        (max(-(2**18), min(2**18, round(16 * column))), max(-(2**18), min(2**18, round(16 * top))))
        for column, top in zip(face.columns, face.tops, strict=True)
    )
    thickness = max(1, min(12, round(FOCAL * 0.3 / max(min(face.z0, face.z1), 4.0))))
    cv2.line(picture, left, right, _cornice_colour(style, face.light, face.level, night), thickness, cv2.LINE_8, 4)


def roof_planes(house: Building) -> Floats:
    """The four planes of a hipped roof, (4, 4, 3): x, y, up in m; the ends are triangles, their last point twice."""
    corners = house.corners
    middle = corners.mean(axis=0)
    lengths = np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))
    long = 0 if lengths[0] >= lengths[1] else 1
    # The ridge runs along the longer side, and stops short of both ends; the eaves stand out.
    along = (corners[long + 1] - corners[long]) / lengths[long]
    half = (lengths[long] - 0.7 * lengths[1 - long]) / 2
    e = np.roll(middle + 1.08 * (corners - middle), -long, axis=0)
    r, s = middle - half * along, middle + half * along
    flat = np.array([[e[0], e[1], s, r], [e[1], e[2], s, s], [e[2], e[3], r, s], [e[3], e[0], r, r]])
    heights = np.array([house.height, house.height, house.height + house.roof, house.height + house.roof])
    return np.concatenate([flat, np.broadcast_to(heights, (4, 4))[..., None]], axis=2)


@cache
def _roof_colour(style: int, plane: int, level: int, night: bool) -> Colour:
    shade = (0.8, 0.95, 1.06, 0.88)[plane]
    return tinted(np.clip(np.array(ROOFS[style % len(ROOFS)]) * shade, 0, 255), level, night)


def draw_roof(picture: Picture, right: Floats, ahead: Floats, up: Floats, style: int, night: bool) -> None:
    """A roof whose planes' points, (4, 4) each, are so many m to the right, ahead and above the ground."""
    level = level_of(float(ahead.mean()))
    for plane in np.argsort(-ahead.mean(axis=1)).tolist():
        outline = _before_camera(np.stack([right[plane], ahead[plane], up[plane]], axis=1))
        if len(outline) >= 3:
            screen = projected(outline[:, 0], outline[:, 1], outline[:, 2])
            cv2.fillConvexPoly(picture, screen, _roof_colour(style, plane, level, night), cv2.LINE_8, 4)


def _before_camera(points: Floats) -> Floats:
    """The part of a convex outline (n, 3: right, ahead, up, m) that is more than NEAR before the camera."""
    if points[:, 1].min() > NEAR:
        return points
    kept = []
    for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
        if a[1] > NEAR:
            kept.append(a)
        if (a[1] > NEAR) != (b[1] > NEAR):
            kept.append(a + (b - a) * (NEAR - a[1]) / (b[1] - a[1]))
    return np.array(kept).reshape(-1, 3)


def draw_sprite(
    picture: Picture, kind: int, column: float, bottom: float, tall: float, level: int, night: bool
) -> None:
    """A flat picture that stands with its foot at (column, bottom), `tall` pixels high."""
    colours, mask = sprites(night)[kind][level]
    scale = tall / mask.shape[0]
    wide = mask.shape[1] * scale
    left, top = column - wide / 2, bottom - tall
    first, last = max(0, round(left)), min(WIDTH, round(left + wide))
    high, low = max(0, round(top)), min(HEIGHT, round(bottom))
    if last <= first or low <= high:
        return
    to_window = np.array([[scale, 0, left - first], [0, scale, top - high]])
    size = (last - first, low - high)
    shape = cv2.warpAffine(mask, to_window, size, flags=cv2.INTER_NEAREST)
    cv2.copyTo(cv2.warpAffine(colours, to_window, size, flags=cv2.INTER_LINEAR), shape, picture[high:low, first:last])
