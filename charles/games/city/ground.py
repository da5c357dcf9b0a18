"""The ground seen from above: grass, water, pavements, asphalt and markings, painted once when the town is built."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from charles.games.city.looks import Colour, Look
from charles.games.city.paths import STEP, Floats, Path
from charles.games.city.roads import JUNCTION_RADIUS, PAVEMENT, ROAD_HALF, SIZE
from charles.games.city.town import LAMP, Mask, Town, covered, pixels, road_bands, strip
from charles.games.game import Picture

SCALE = 12  # pixels per metre of the finest picture
GRASS = (104, 132, 72)
WATER = (86, 128, 158)
BANK = (186, 174, 132)
PAVING = (172, 168, 160)
JOINT = (150, 146, 140)
KERB = (206, 203, 196)
ASPHALT, WET_ASPHALT, PUDDLE = (72, 74, 80), (52, 55, 62), (92, 99, 109)
YELLOW = (226, 178, 52)
WHITE = (228, 228, 222)
SHADE = 0.34  # of the light is taken by a shadow
POOL = 5.0  # m, the radius of what a street lamp lights
BRIGHTER = 1.0  # times its light is added in the middle of that
TILE = 512  # pixels, the size of the noise's pattern


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


def _puddles(town: Town, rng: np.random.Generator) -> list[Floats]:
    """Outlines of puddles on the roads, most of them near the kerbs."""
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    outlines = []
    for road in town.roads.roads:
        for index in rng.integers(0, len(road), len(road) // 14):
            side = rng.choice((-1, 1)) * (ROAD_HALF - abs(rng.normal(0.3, 1.0)))
            heading = road.heading[index]
            along, across = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
            size = rng.uniform(0.4, 1.3) * rng.uniform(0.75, 1.1, len(angles))
            rim = size[:, None] * (np.cos(angles)[:, None] * along + 0.4 * np.sin(angles)[:, None] * across)
            outlines.append(road.points[index] + side * across + rim)
    return outlines


def _light_up(picture: Picture, town: Town) -> None:
    """Brighten the ground around every street lamp."""
    reach = round(POOL * SCALE)
    offset = (np.arange(2 * reach) + 0.5) / reach - 1
    fall = np.clip(1 - np.hypot(offset[:, None], offset[None, :]), 0, 1)[..., None]
    warm = 1 + BRIGHTER * fall**1.3 * np.array((1.0, 0.86, 0.6))
    for x, y, _, kind in town.sprites:
        if kind == LAMP:
            left, top = round(x * SCALE) - reach, round(y * SCALE) - reach
            pool = picture[max(0, top) : top + 2 * reach, max(0, left) : left + 2 * reach]
            light = warm[-pool.shape[0] :, -pool.shape[1] :]
            pool[:] = np.minimum(pool * light, 255).astype(np.uint8)


def paint_ground(town: Town, rng: np.random.Generator, look: Look) -> list[Picture]:
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
    _fill(picture, road_bands(town.roads, 0.0), WET_ASPHALT if look.wet else ASPHALT)
    if look.wet:
        _fill(picture, _puddles(town, copy.deepcopy(rng)), PUDDLE)
    _roughen(picture, 4.0, rng)
    yellow, white = _markings(town)
    _fill(picture, yellow, YELLOW)
    _fill(picture, white, WHITE)
    if look.sunlit:
        _darken(picture, covered(_shadows(town), SCALE / 2))
    if look.night:
        _light_up(picture, town)
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
