"""The ground seen from above: grass, water, pavements, asphalt and markings, painted once when the town is built."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from charles.games import Picture
from charles.games.city.paths import STEP, Floats, Path
from charles.games.city.roads import JUNCTION_RADIUS, PAVEMENT, ROAD_HALF, SIZE
from charles.games.city.town import LAMP, Town, covered, pixels, road_bands, strip

SCALE = 12  # pixels per metre of the finest picture
GRASS = (104, 132, 72)
WATER = (86, 128, 158)
BANK = (186, 174, 132)
PAVING = (172, 168, 160)
JOINT = (150, 146, 140)
KERB = (206, 203, 196)
ASPHALT = (72, 74, 80)
YELLOW = (226, 178, 52)
WHITE = (228, 228, 222)

Colour = tuple[int, int, int]


def _fill(picture: Picture, outlines: list[Floats], colour: Colour, smooth: bool = True) -> None:
    for outline in outlines:
        cv2.fillPoly(picture, [pixels(outline, SCALE)], colour, cv2.LINE_AA if smooth else cv2.LINE_8, shift=4)


def _grain(side: int, strength: float, rng: np.random.Generator) -> Picture:
    """Grey noise around 32, (side, side, 3), to be added to a picture before 32 is taken off again."""
    fine = rng.normal(0, strength, (512, 512))
    coarse = cv2.resize(rng.normal(0, strength, (32, 32)), (512, 512), interpolation=cv2.INTER_CUBIC)
    tile = np.clip(32 + fine + coarse, 0, 64).astype(np.uint8)
    count = -(-side // 512)
    return np.ascontiguousarray(cv2.repeat(cv2.merge([tile, tile, tile]), count, count)[:side, :side])


def _piece(line: Path, start: float, end: float) -> Path:
    part = slice(int(start / STEP), int(end / STEP) + 1)
    return Path(line.points[part], line.heading[part], line.curvature[part])


def _markings(town: Town) -> tuple[list[Floats], list[Floats]]:
    """Outlines of the yellow and of the white marks."""
    yellow, white = [], []
    for road in town.roads.roads:
        length = (len(road) - 1) * STEP
        for begin, end in ((0.0, 14.0), (length - 14.0, length)):  # no overtaking near junctions
            yellow.append(strip(_piece(road, begin, end), -0.09, 0.09))
        for begin in np.arange(16.0, length - 17.0, 5.0):
            yellow.append(strip(_piece(road, begin, begin + 3.0), -0.09, 0.09))
        for offset in (-ROAD_HALF + 0.3, ROAD_HALF - 0.3):
            white.append(strip(road, offset - 0.06, offset + 0.06))
        white.append(strip(_piece(road, 0.0, 0.5), -ROAD_HALF + 0.3, -0.1))
        white.append(strip(_piece(road, length - 0.5, length), 0.1, ROAD_HALF - 0.3))
    for arm in town.roads.arms:
        for offset in np.arange(-ROAD_HALF + 0.4, ROAD_HALF - 0.4, 0.95):  # a zebra crossing before the stop line
            white.append(strip(_piece(arm, JUNCTION_RADIUS - 3.3, JUNCTION_RADIUS - 1.0), offset, offset + 0.48))
    return yellow, white


def _shadows(town: Town) -> list[Floats]:
    """Outlines of the shadows of buildings and trees, one convex piece each."""
    away = -np.array([np.cos(town.sun), np.sin(town.sun)])
    outlines = []
    for block in town.buildings + town.hedges:
        both = np.concatenate([block.corners, block.corners + 0.42 * (block.height + block.roof) * away])
        outlines.append(cv2.convexHull(both.astype(np.float32))[:, 0].astype(float))
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for x, y, height, kind in town.sprites:
        if kind != LAMP:
            outlines.append(np.array([x, y]) + 0.25 * height * away + 0.28 * height * circle)
    return outlines


def paint_ground(town: Town, rng: np.random.Generator) -> list[Picture]:
    """The world from above, RGB, at SCALE pixels per metre and in steps of a half: (side, side, 3) uint8 each."""
    side = round(SIZE * SCALE)
    picture = np.empty((side, side, 3), np.uint8)
    picture[:] = GRASS
    for pond in town.ponds:
        middle = pond.mean(axis=0)
        _fill(picture, [middle + 1.12 * (pond - middle)], BANK)
        _fill(picture, [pond], WATER)
    for building in town.buildings:
        middle = building.corners.mean(axis=0)
        _fill(picture, [middle + 1.25 * (building.corners - middle)], PAVING if building.roof == 0 else (140, 132, 112))
    _fill(picture, road_bands(town.roads, PAVEMENT), PAVING, smooth=False)
    _pave(picture)
    _fill(picture, road_bands(town.roads, 0.22), KERB)
    _fill(picture, road_bands(town.roads, 0.0), ASPHALT)
    noise = _grain(side, 4.0, rng)
    picture = cv2.subtract(cv2.add(picture, noise, dst=picture), np.full(4, 32.0), dst=picture)
    yellow, white = _markings(town)
    _fill(picture, yellow, YELLOW)
    _fill(picture, white, WHITE)
    shade = covered(_shadows(town), SCALE / 2)
    shade = cv2.resize(shade, (side, side), interpolation=cv2.INTER_NEAREST)
    cv2.copyTo(cv2.convertScaleAbs(picture, alpha=0.68), shade, picture)
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return [picture, half, cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)]


def _pave(picture: Picture) -> None:
    """Lay joints between the slabs of every pavement: a fine grid over all that has the pavement's colour."""
    joints = cv2.inRange(picture, PAVING, PAVING)
    lines = np.zeros(len(picture), bool)
    lines[:: SCALE * 3 // 2] = True
    joints[~lines[:, None] & ~lines] = 0
    picture[joints > 0] = JOINT


def kerb_distance_at(town_map: NDArray[np.float32], points: Floats, grain: int) -> NDArray[np.float32]:
    """Metres beyond the kerb, 0 on the road, at points (..., 2); far outside the world's square counts as 99."""
    columns, rows = (points * grain).astype(np.int64)[..., 0], (points * grain).astype(np.int64)[..., 1]
    inside = (columns >= 0) & (rows >= 0) & (columns < town_map.shape[1]) & (rows < town_map.shape[0])
    values = town_map[np.where(inside, rows, 0), np.where(inside, columns, 0)]
    return np.where(inside, values, np.float32(99)).astype(np.float32)
