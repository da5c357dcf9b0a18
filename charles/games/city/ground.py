"""The ground seen from above: grass, water, pavements, asphalt and markings, painted once when the town is built."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from charles.games import Picture
from charles.games.city.paths import STEP, Floats, Path
from charles.games.city.roads import JUNCTION_RADIUS, PAVEMENT, ROAD_HALF, SIZE
from charles.games.city.town import LAMP, Mask, Town, covered, pixels, road_bands, strip

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
SHADE = 0.34  # of the light is taken by a shadow
TILE = 512  # pixels, the size of the noise's pattern

Colour = tuple[int, int, int]


def _fill(picture: Picture, outlines: list[Floats], colour: Colour, smooth: bool = True) -> None:
    for outline in outlines:
        cv2.fillPoly(picture, [pixels(outline, SCALE)], colour, cv2.LINE_AA if smooth else cv2.LINE_8, shift=4)


def _roughen(picture: Picture, strength: float, rng: np.random.Generator) -> None:
    """Add grey noise, fine and coarse: nothing outdoors is of one colour."""
    fine = rng.normal(0, strength, (TILE, TILE))
    coarse = cv2.resize(rng.normal(0, strength, (32, 32)), (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    tile = np.clip(32 + fine + coarse, 0, 64).astype(np.uint8)
    row = cv2.repeat(cv2.merge([tile, tile, tile]), 1, -(-picture.shape[1] // TILE))
    for block in _blocks(picture):
        brighter = cv2.add(block, row[: len(block), : block.shape[1]])
        cv2.subtract(brighter, np.full(4, 32.0), dst=block)


def _darken(picture: Picture, mask: Mask) -> None:
    """Darken a picture where a mask of half its size is set, with soft edges."""
    for half, block in zip(_blocks(mask, TILE // 2), _blocks(picture), strict=True):
        soft = cv2.resize(half, (block.shape[1], block.shape[0]), interpolation=cv2.INTER_LINEAR)
        light = cv2.convertScaleAbs(soft, alpha=-SHADE, beta=255.0)
        cv2.multiply(block, cv2.merge([light, light, light]), dst=block, scale=1 / 255)


def _blocks(picture: Picture, height: int = TILE) -> Iterator[Picture]:
    """A picture's rows in pieces: the whole ground at once would take its memory several times over."""
    return (picture[row : row + height] for row in range(0, len(picture), height))


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
    _roughen(picture, 4.0, rng)
    yellow, white = _markings(town)
    _fill(picture, yellow, YELLOW)
    _fill(picture, white, WHITE)
    _darken(picture, covered(_shadows(town), SCALE / 2))
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return [picture, half, cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)]


def _pave(picture: Picture) -> None:
    """Lay joints between the slabs of every pavement: a fine grid over all that has the pavement's colour."""
    every = SCALE * 3 // 2
    for line in (
        *(picture[i] for i in range(0, len(picture), every)),
        *(picture[:, i] for i in range(0, len(picture), every)),
    ):
        line[(line == PAVING).all(axis=1)] = JOINT


def kerb_distance_at(town_map: NDArray[np.float32], points: Floats, grain: int) -> NDArray[np.float32]:
    """Metres beyond the kerb, 0 on the road, at points (..., 2); far outside the world's square counts as 99."""
    columns, rows = (points * grain).astype(np.int64)[..., 0], (points * grain).astype(np.int64)[..., 1]
    inside = (columns >= 0) & (rows >= 0) & (columns < town_map.shape[1]) & (rows < town_map.shape[0])
    values = town_map[np.where(inside, rows, 0), np.where(inside, columns, 0)]
    return np.where(inside, values, np.float32(99)).astype(np.float32)
