"""What stands beside the roads: houses, hedges, trees, lamps and ponds, each on free ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charles.games.city.paths import STEP, Floats, Path, beside, rights
from charles.games.city.roads import LANE_CENTRE, PAVEMENT, ROAD_HALF, SIZE, Roads

BAY, FLOOR = 3.0, 3.0  # m, one window's share of a facade
MAX_BAYS, MAX_FLOORS = 6, 7
STYLES = 10  # kinds of facades; the first HOUSE_STYLES belong to low houses with pitched roofs
HOUSE_STYLES = 4
TREE_KINDS = 4
LAMP = TREE_KINDS  # the sprite of a street lamp, after those of the trees
GRAIN = 4  # pixels per metre of the maps below

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Building:
    """corners: m, (4, 2), clockwise seen from above; height m to the eaves; roof m above them, 0 for a flat one."""

    corners: Floats
    height: float
    roof: float
    style: int


@dataclass(frozen=True, slots=True)
class Town:
    """sprites: rows (x m, y m, height m, kind); kerb_distance: m beyond the kerb, 0 on the road, GRAIN pixels per m.

    hedges: as buildings, without a roof.
    """

    roads: Roads
    buildings: list[Building]
    hedges: list[Building]
    sprites: Floats
    ponds: list[Floats]
    sun: float
    kerb_distance: NDArray[np.float32]


def pixels(points: Floats, scale: float) -> NDArray[np.int32]:
    """Points in m as pixel coordinates with 4 fractional bits, for OpenCV's shift=4."""
    return np.round(points * (scale * 16)).astype(np.int32)


def strip(path: Path, left: float, right: float) -> Floats:
    """The outline, m, of the band between two offsets (m to the right) beside a path."""
    return np.concatenate([beside(path, left), beside(path, right)[::-1]])


def road_bands(roads: Roads, beyond: float) -> list[Floats]:
    """Outlines that together cover the roads and `beyond` m on both sides of them."""
    half = ROAD_HALF + beyond
    bands = [strip(line, -half, half) for line in roads.roads + roads.arms]
    # The connectors round the corners of junctions off.
    turn = ROAD_HALF - LANE_CENTRE + beyond
    return bands + [strip(segment.path, -turn, turn) for segment in roads.segments if segment.connector]


def covered(bands: list[Floats], scale: float = GRAIN) -> Mask:
    """A mask of the whole world, 255 within any of the outlines."""
    side = round(SIZE * scale)
    mask = np.zeros((side, side), np.uint8)
    for band in bands:
        cv2.fillPoly(mask, [pixels(band, scale)], 255, shift=4)
    return mask


class _Lots:
    """Ground that is still free."""

    def __init__(self, taken: Mask) -> None:
        self._taken = taken

    def take(self, corners: Floats, gap: float = 0.0) -> bool:
        """Claim a convex outline, m, with `gap` m around it, if all of it is free and in the world."""
        if corners.min() < 2 or corners.max() > SIZE - 2:
            return False
        low = np.floor((corners.min(axis=0) - gap) * GRAIN).astype(int) - 1
        high = np.ceil((corners.max(axis=0) + gap) * GRAIN).astype(int) + 2
        low = np.maximum(low, 0)
        window = self._taken[low[1] : high[1], low[0] : high[0]]
        shape = np.zeros_like(window)
        middle = corners.mean(axis=0)
        grown = corners + gap * np.sign(corners - middle) if gap else corners
        cv2.fillConvexPoly(shape, pixels(grown - low / GRAIN, GRAIN), 255, shift=4)
        if (window & shape).any():
            return False
        window |= shape
        return True


def _rectangle(front: Floats, heading: float, width: float, depth: float, side: int) -> Floats:
    """A rectangle whose front's middle is at `front`, along the heading, reaching `depth` m to the side (1: right)."""
    along = np.array([np.cos(heading), np.sin(heading)]) * width / 2
    away = np.array([-np.sin(heading), np.cos(heading)]) * depth * side
    corners = np.stack([front - along, front + along, front + along + away, front - along + away])
    return corners if side > 0 else corners[::-1].copy()


def _houses(roads: Roads, lots: _Lots, rng: np.random.Generator) -> tuple[list[Building], list[Building]]:
    """Buildings along both sides of every road, then hedges where the front is still free."""
    buildings: list[Building] = []
    edge = ROAD_HALF + PAVEMENT
    for road in roads.roads:
        suburb = rng.random() < 0.45  # one side of town has houses in gardens, another blocks at the pavement
        for side in (-1, 1):
            at = rng.uniform(2, 6)
            while at < len(road) * STEP - 3:
                index = min(int(at / STEP), len(road) - 1)
                house = bool(rng.random() < (0.85 if suburb else 0.12))
                bays, deep = int(rng.integers(3, 5 if house else MAX_BAYS + 1)), int(rng.integers(3, 5))
                floors = int(rng.integers(1, 3) if house else rng.integers(2, MAX_FLOORS + 1))
                setback = rng.uniform(3, 6) if house else rng.uniform(0.4, 1.5)
                style = int(rng.integers(HOUSE_STYLES) if house else rng.integers(HOUSE_STYLES, STYLES))
                front = road.points[index] + side * (edge + setback) * rights(road.heading[index : index + 1])[0]
                corners = _rectangle(front, road.heading[index], bays * BAY, deep * BAY, side)
                if lots.take(corners, 0.4):
                    roof = rng.uniform(1.8, 2.8) if house else 0.0
                    buildings.append(Building(corners, floors * FLOOR, roof, style))
                    at += bays * BAY + (rng.uniform(2, 7) if house else rng.choice((0.9, 0.9, 5.0)))
                else:
                    at += 2.0
    return buildings, _hedges(roads, lots, rng)


def _hedges(roads: Roads, lots: _Lots, rng: np.random.Generator) -> list[Building]:
    hedges = []
    for road in roads.roads:
        for side in (-1, 1):
            for index in range(8, len(road) - 8, 9):
                if rng.random() < 0.25:
                    continue
                front = (
                    road.points[index]
                    + side * (ROAD_HALF + PAVEMENT + 0.25) * rights(road.heading[index : index + 1])[0]
                )
                corners = _rectangle(front, road.heading[index], 4.2, 0.7, side)
                if lots.take(corners):
                    hedges.append(Building(corners, float(rng.uniform(0.8, 1.3)), 0.0, STYLES))
    return hedges


def _ponds(lots: _Lots, free: NDArray[np.float32], rng: np.random.Generator) -> list[Floats]:
    """Up to three round ponds in the widest free places. free: m to the nearest pavement, GRAIN pixels per m."""
    ponds = []
    room = free.copy()
    for _ in range(3):
        y, x = np.unravel_index(int(np.argmax(room)), room.shape)
        radius = min(float(room[y, x]) - 1.0, 16.0)
        if radius < 8:
            break
        middle = np.array([x, y]) / GRAIN
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        wobble = 1 - 0.12 * (1 + np.sin(3 * angles + rng.uniform(0, 6)))
        pond = middle + radius * wobble[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        if rng.random() < 0.8 and lots.take(pond):
            ponds.append(pond)
        cv2.circle(room, (int(x), int(y)), int((radius + 14) * GRAIN), 0.0, -1)
    return ponds


def _sprites(roads: Roads, lots: _Lots, rng: np.random.Generator) -> Floats:
    """Lamps and trees along the pavements, trees in what is left."""
    rows: list[tuple[float, float, float, int]] = []
    for road in roads.roads:
        planted = rng.random() < 0.6
        for side in (-1, 1):
            for index in range(6 if side > 0 else 16, len(road), 18):
                x, y = (
                    road.points[index]
                    + side * (ROAD_HALF + PAVEMENT - 0.4) * rights(road.heading[index : index + 1])[0]
                )
                if index % 36 < 18:
                    rows.append((x, y, 6.0, LAMP))
                elif planted:
                    rows.append((x, y, rng.uniform(4.0, 6.0), int(rng.integers(TREE_KINDS))))
    for x, y in rng.uniform(3, SIZE - 3, (900, 2)):
        spot = _rectangle(np.array([x, y]), 0.0, 2.4, 2.4, 1)
        if lots.take(spot):
            rows.append((x, y + 1.2, rng.uniform(4.5, 9.0), int(rng.integers(TREE_KINDS))))
    return np.array(rows)


def build_town(roads: Roads, rng: np.random.Generator) -> Town:
    """Build a town along its roads; the same roads and state of rng give the same town."""
    asphalt = covered(road_bands(roads, 0.0))
    kerb_distance = cv2.distanceTransform(255 - asphalt, cv2.DIST_L2, 5) / np.float32(GRAIN)
    taken = covered(road_bands(roads, PAVEMENT))
    free = cv2.distanceTransform(255 - taken, cv2.DIST_L2, 5) / np.float32(GRAIN)
    border = round(30 * GRAIN)
    inner = np.zeros_like(free)
    inner[border:-border, border:-border] = free[border:-border, border:-border]
    lots = _Lots(taken)
    ponds = _ponds(lots, inner, rng)
    buildings, hedges = _houses(roads, lots, rng)
    return Town(roads, buildings, hedges, _sprites(roads, lots, rng), ponds, float(rng.uniform(-3, 3)), kerb_distance)
