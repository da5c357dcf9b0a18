"""What walls, hedges, trees and lamps look like: small pictures, painted once, in the sizes that distance asks for."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from charles.games.city.looks import DAY_HAZE, NIGHT_HAZE, Colour
from charles.games.city.night import Pane, darkened, lit
from charles.games.city.town import BAY, FLOOR, HOUSE_STYLES, LAMP, MAX_BAYS, MAX_FLOORS, STYLES, TREE_KINDS, Mask
from charles.games.game import Picture

DENSITY = 16  # pixels per metre of the finest wall
LEVELS = 4  # each level has half the pixels of the one before, and more haze
LIGHTS = 4  # steps from a wall in the shade to one in the sun
LEVEL_HAZE = (0.0, 0.06, 0.16, 0.34)
NEAREST = 20.0  # m at which the second level begins; each further one begins at twice that
BAY_PX, FLOOR_PX = int(BAY * DENSITY), int(FLOOR * DENSITY)

WALLS = (
    (214, 200, 172), (196, 150, 120), (222, 216, 204), (170, 182, 178),  # houses: sand, clay, white, sage
    (168, 92, 72), (190, 176, 150), (148, 152, 160), (206, 176, 128), (120, 130, 142), (186, 120, 96),  # blocks
)  # fmt: skip
ROOFS = ((150, 74, 58), (112, 70, 60), (96, 98, 106), (134, 92, 66))
AWNINGS = ((160, 52, 48), (52, 96, 74), (46, 74, 120), (190, 140, 50))
LAMP_HEAD = (236, 232, 206)
LEAVES = ((74, 112, 50), (92, 128, 58), (58, 96, 56), (118, 130, 52))


def hazed(colour: np.ndarray, level: int, night: bool = False) -> np.ndarray:
    """A picture or colour as it looks at a level's distance."""
    haze = np.array(NIGHT_HAZE if night else DAY_HAZE, np.float64)
    return np.asarray(np.round(colour * (1 - LEVEL_HAZE[level]) + haze * LEVEL_HAZE[level]).astype(np.uint8))


def tinted(colour: np.ndarray, level: int, night: bool) -> Colour:
    """A colour of the day, as it looks at a level's distance by day or by night."""
    red, green, blue = hazed(darkened(colour) if night else colour, level, night).tolist()
    return red, green, blue


def light_of(step: int) -> float:
    """How bright a wall is at a light step, in (0, 1]."""
    return 0.62 + 0.38 * step / (LIGHTS - 1)


def _levels(picture: Picture, night: bool = False) -> list[Picture]:
    out = []
    for level in range(LEVELS):
        scale = 0.5**level
        out.append(hazed(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), level, night))
    return out


def _window(picture: Picture, x: int, y: int, width: int, height: int, rng: np.random.Generator) -> Pane:
    """A window with its frame, a gradient of sky in the glass, now and then a curtain; where its glass is."""
    cv2.rectangle(picture, (x - 2, y - 2), (x + width + 1, y + height + 2), (226, 222, 212), -1)
    dark = np.linspace(1.0, 0.55, height)[:, None, None] * np.array((112, 138, 162))
    picture[y : y + height, x : x + width] = dark * rng.uniform(0.6, 1.0)
    if rng.random() < 0.3:
        picture[y : y + height // 2, x : x + width] = (206, 198, 180)
    picture[y : y + height, x + width // 2] = (226, 222, 212)
    cv2.rectangle(picture, (x - 3, y + height + 1), (x + width + 2, y + height + 3), (150, 146, 138), -1)
    return y, y + height, x, x + width


def _ground_floor(picture: Picture, top: int, style: int, rng: np.random.Generator) -> list[Pane]:
    """Shops under blocks; doors in houses; where their glass is. top: the row where the ground floor begins."""
    panes = []
    for bay in range(MAX_BAYS):
        left = bay * BAY_PX
        if style >= HOUSE_STYLES and style % 2:
            cv2.rectangle(picture, (left + 3, top + 14), (left + BAY_PX - 4, top + FLOOR_PX - 5), (58, 66, 74), -1)
            cv2.line(picture, (left + 8, top + 38), (left + 26, top + 18), (98, 112, 122), 3)
            awning = AWNINGS[(style + bay // 2) % len(AWNINGS)]
            cv2.rectangle(picture, (left, top + 6), (left + BAY_PX - 1, top + 14), awning, -1)
            picture[top + 11 : top + 15, left : left + BAY_PX : 6] = (232, 228, 220)
            panes.append((top + 15, top + FLOOR_PX - 5, left + 4, left + BAY_PX - 4))
        elif bay % 3 == 1:
            door = AWNINGS[(style + 1) % len(AWNINGS)]
            cv2.rectangle(picture, (left + 14, top + 10), (left + 34, top + FLOOR_PX - 1), (226, 222, 212), -1)
            cv2.rectangle(picture, (left + 16, top + 12), (left + 32, top + FLOOR_PX - 1), door, -1)
        else:
            panes.append(_window(picture, left + 14, top + 12, 20, 22, rng))
    cv2.line(picture, (0, top + 1), (picture.shape[1], top + 1), (150, 144, 134), 2)
    return panes


def _wall(style: int) -> tuple[Picture, list[Pane]]:
    """A facade of MAX_BAYS by MAX_FLOORS, and where its glass is; smaller ones are cut from its lower left."""
    rng = np.random.default_rng(style)
    picture = np.empty((MAX_FLOORS * FLOOR_PX, MAX_BAYS * BAY_PX, 3), np.float64)
    picture[:] = WALLS[style]
    if style in (4, 9, 1):  # bricks
        picture[::5] *= 0.88
        picture += rng.normal(0, 5, (*picture.shape[:2], 1))
    else:
        picture += rng.normal(0, 2.5, (*picture.shape[:2], 1))
    painted = np.clip(picture, 0, 255).astype(np.uint8)
    wide = style % 3 == 0
    panes = []
    for floor in range(MAX_FLOORS - 1):
        top = floor * FLOOR_PX
        if style in (6, 8):  # an office: one band of glass
            painted[top + 10 : top + 36] = np.linspace(0.9, 0.5, 26)[:, None, None] * np.array((120, 150, 172))
            painted[top + 10 : top + 36, :: BAY_PX // 2] = (190, 194, 198)
            panes += [(top + 10, top + 36, bay * BAY_PX + 1, (bay + 1) * BAY_PX) for bay in range(MAX_BAYS)]
            continue
        for bay in range(MAX_BAYS):
            panes.append(_window(painted, bay * BAY_PX + (8 if wide else 14), top + 12, 32 if wide else 20, 24, rng))
    panes += _ground_floor(painted, (MAX_FLOORS - 1) * FLOOR_PX, style, rng)
    return painted, panes


def _hedge() -> Picture:
    rng = np.random.default_rng(77)
    leaves = cv2.GaussianBlur(rng.normal(0, 40, (int(1.5 * DENSITY), int(5 * DENSITY), 1)), (3, 3), 0)[..., None]
    rise = np.linspace(1.15, 0.7, leaves.shape[0])[:, None, None]
    return np.asarray(np.clip((np.array((70, 104, 50)) + leaves) * rise, 0, 255).astype(np.uint8))


@cache
def wall_pictures(night: bool) -> list[list[list[Picture]]]:
    """Walls by style (the hedge comes last), light step and level; RGB. By night all light steps look the same."""
    walls = [*(_wall(style) for style in range(STYLES)), (_hedge(), [])]
    if night:
        return [
            [_levels(lit(wall, panes, np.random.default_rng(style)), night)] * LIGHTS
            for style, (wall, panes) in enumerate(walls)
        ]
    return [[_levels(cv2.convertScaleAbs(wall, alpha=light_of(light))) for light in range(LIGHTS)] for wall, _ in walls]


def _tree(kind: int) -> tuple[Picture, Mask]:
    """A tree 96 pixels high: its picture and its mask."""
    rng = np.random.default_rng(100 + kind)
    picture, mask = np.zeros((96, 72, 3), np.uint8), np.zeros((96, 72), np.uint8)
    trunk = np.array(((33, 96), (40, 96), (38, 50), (35, 50)))
    cv2.fillConvexPoly(picture, trunk, (94, 72, 52))
    cv2.fillConvexPoly(mask, trunk, 255)
    pointed = kind == 2
    blobs = []
    for _ in range(90):
        y = rng.uniform(8, 66)
        spread = (y - 4) * 0.42 if pointed else 30 * np.sqrt(max(0.0, 1 - ((y - 36) / 34) ** 2))
        blobs.append((y, 36 + rng.uniform(-0.85, 0.85) * spread, rng.uniform(4, 8)))
    for y, x, radius in blobs:  # the crown is lighter on its upper left, where the light is
        light = np.clip(1.25 - 0.009 * y - 0.008 * (x - 36) + rng.normal(0, 0.08), 0.55, 1.5)
        colour = tuple(float(c) for c in np.clip(np.array(LEAVES[kind]) * light, 0, 255))
        cv2.circle(picture, (int(x), int(y)), int(radius), colour, -1)
        cv2.circle(mask, (int(x), int(y)), int(radius), 255, -1)
    return picture, mask


def _lamp() -> tuple[Picture, Mask]:
    """A street lamp 96 pixels high; its head is LAMP_HEAD."""
    picture, mask = np.zeros((96, 24, 3), np.uint8), np.zeros((96, 24), np.uint8)
    for canvas, post, head in ((picture, (70, 74, 80), LAMP_HEAD), (mask, 255, 255)):
        cv2.rectangle(canvas, (11, 6), (12, 95), post, -1)
        cv2.rectangle(canvas, (10, 88), (13, 95), post, -1)
        cv2.rectangle(canvas, (6, 4), (17, 5), post, -1)
        cv2.rectangle(canvas, (7, 6), (16, 8), head, -1)
    return picture, mask


def _by_night(picture: Picture) -> Picture:
    """A tree or a lamp by night; the lamp's head is lit."""
    dark = darkened(picture)
    dark[(picture == LAMP_HEAD).all(axis=2)] = (255, 236, 190)
    return dark


@cache
def sprites(night: bool) -> list[list[tuple[Picture, Mask]]]:
    """Trees by kind, then the lamp, in every level: (picture, mask)."""
    kinds = [_tree(kind) for kind in range(TREE_KINDS)]
    assert len(kinds) == LAMP
    out = []
    for picture, mask in [*kinds, _lamp()]:
        seen = _by_night(picture) if night else picture
        out.append([(hazed(seen, level, night), mask) for level in range(LEVELS)])
    return out
