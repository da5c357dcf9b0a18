"""What stands in the town as a camera sees it; what hides behind nearer houses is left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from charles.games.city.facades import LIGHTS
from charles.games.city.looks import FAR, LOOKS, Look
from charles.games.city.paths import Floats
from charles.games.city.solids import Face, draw_cornice, draw_roof, draw_sprite, draw_wall, roof_planes
from charles.games.city.town import STYLES, Town
from charles.games.city.view import CENTRE, EYE, FOCAL, HORIZON, NEAR, WIDTH, View, level_of
from charles.games.game import Picture

Draw = Callable[[Picture], None]
Corners = list[list[float]]  # m to the right and m ahead of the camera
HEDGE_FAR, TREE_FAR = 60.0, 110.0  # m, farther away they are too small to matter


class Scenery:
    """The things of a town, in arrays, so that a whole town is looked through at once."""

    def __init__(self, town: Town) -> None:
        self._blocks = town.buildings + town.hedges
        self._corners = np.stack([block.corners for block in self._blocks])  # (n, 4, 2)
        self._middles = self._corners.mean(axis=1)
        self._radii = np.hypot(*(self._corners - self._middles[:, None]).transpose(2, 0, 1)).max(axis=1)
        self._far = np.array([HEDGE_FAR if block.style == STYLES else FAR for block in self._blocks])
        self._roofs = {index: roof_planes(block) for index, block in enumerate(self._blocks) if block.roof}
        self._sprites = town.sprites
        edges = np.roll(self._corners, -1, axis=1) - self._corners
        outward = np.arctan2(-edges[..., 0], edges[..., 1])  # the corners go clockwise
        self._in_sun = np.round((1 + np.cos(outward - town.sun)) / 2 * (LIGHTS - 1)).astype(int)
        self.look(LOOKS["clear"])

    def look(self, look: Look) -> None:
        """Let everything look like this from now on."""
        self._lights = self._in_sun if look.sunlit else np.full_like(self._in_sun, LIGHTS // 2)
        self._sight = look.far
        self._night = look.night

    def visible(self, view: View) -> list[tuple[float, Draw]]:
        """What the camera sees: (distance m, what draws it), farthest first."""
        right, ahead = view.seen(self._middles)
        room = self._radii * 1.25 + 1
        inside = (
            (ahead > -self._radii)
            & (ahead < np.minimum(self._far, self._sight))
            & (np.abs(right) < ahead * (CENTRE / FOCAL) + room)
        )
        blocks = np.flatnonzero(inside)
        distances = np.hypot(right[blocks], ahead[blocks]) - 0.6 * self._radii[blocks]
        corners = np.stack(view.seen(self._corners[blocks]), axis=-1)  # (n, 4, 2): m to the right, m ahead
        following = np.roll(corners, -1, axis=1)
        looking = (corners[..., 0] * following[..., 1] > following[..., 0] * corners[..., 1]) & (
            np.maximum(corners[..., 1], following[..., 1]) > NEAR
        )
        sprites, columns, sprite_distances = self._sprites_inside(view)

        things: list[tuple[float, Draw]] = []
        skyline = np.full(WIDTH, 1e6)  # by column: the highest row that nearer houses cover
        order = np.argsort(np.concatenate([distances, sprite_distances]), kind="stable")
        for k in order.tolist():
            if k < len(blocks):
                draw = self._block(
                    int(blocks[k]), corners[k].tolist(), np.flatnonzero(looking[k]).tolist(), view, skyline
                )
                distance = float(distances[k])
            else:
                k -= len(blocks)
                distance = float(sprite_distances[k])
                draw = self._sprite(int(sprites[k]), float(columns[k]), distance, skyline)
            if draw is not None:
                things.append((distance, draw))
        return things[::-1]

    def _sprites_inside(self, view: View) -> tuple[np.ndarray, Floats, Floats]:
        """Indices of the trees and lamps before the camera, their columns and distances (m ahead)."""
        right, ahead = view.seen(self._sprites[:, :2])
        inside = (ahead > 1.5) & (ahead < min(TREE_FAR, self._sight)) & (np.abs(right) < ahead * (CENTRE / FOCAL) + 4)
        found = np.flatnonzero(inside)
        return found, CENTRE + FOCAL * right[found] / ahead[found], ahead[found]

    def _sprite(self, index: int, column: float, distance: float, skyline: Floats) -> Draw | None:
        height, kind = self._sprites[index, 2:]
        bottom = HORIZON + FOCAL * EYE / distance
        tall = FOCAL * height / distance
        span = skyline[max(0, int(column - 0.4 * tall)) : max(0, int(column + 0.4 * tall) + 1)]
        if not len(span) or span.max() <= bottom - tall:
            return None
        return partial(
            draw_sprite,
            kind=int(kind),
            column=column,
            bottom=bottom,
            tall=tall,
            level=level_of(distance),
            night=self._night,
        )

    def _block(self, index: int, corners: Corners, looking: list[int], view: View, skyline: Floats) -> Draw | None:
        block = self._blocks[index]
        shown: list[Face] = []
        for i in looking:
            # Seen from outside, the later of two clockwise corners is on the left.
            face = _face(corners[(i + 1) % 4], corners[i], block.height, int(self._lights[index, i]))
            if face is not None and _rises(face, block.roof, skyline):
                shown.append(face)
        if not shown:
            return None

        def draw(picture: Picture) -> None:
            for face in shown:
                draw_wall(picture, face, block.style, self._night)
                if not block.roof and block.style < STYLES:
                    draw_cornice(picture, face, block.style, self._night)
            if block.roof:
                planes = self._roofs[index]
                draw_roof(picture, *view.seen(planes[..., :2]), planes[..., 2], block.style, self._night)

        return draw


def _face(left: list[float], right: list[float], height: float, light: int) -> Face | None:
    """The wall between two corners (m to the right, m ahead), if it stands in the picture."""
    (x0, z0), (x1, z1) = left, right
    begin = (NEAR - z0) / (z1 - z0) if z0 < NEAR else 0.0
    end = (NEAR - z0) / (z1 - z0) if z1 < NEAR else 1.0
    ends = [(x0 + (x1 - x0) * u, z0 + (z1 - z0) * u) for u in (begin, end)]
    columns = [CENTRE + FOCAL * x / z for x, z in ends]
    if columns[1] < 0 or columns[0] >= WIDTH:
        return None
    tops = [HORIZON - FOCAL * (height - EYE) / z for _, z in ends]
    bottoms = [HORIZON + FOCAL * EYE / z for _, z in ends]
    level = level_of(min(math.hypot(x, z) for x, z in ends))
    return Face(x0, z0, x1, z1, height, columns, tops, bottoms, light, level)


def _rises(face: Face, roof: float, skyline: Floats) -> bool:
    """Whether a face, or the roof upon it, shows above nearer houses; the skyline rises by it."""
    first, last = max(0, int(face.columns[0])), min(WIDTH, int(face.columns[1]) + 1)
    above = 1.3 * roof * FOCAL / max(min(face.z0, face.z1), NEAR)
    if first >= last or skyline[first:last].max() <= min(face.tops) - above:
        return False
    slope = (face.tops[1] - face.tops[0]) / max(face.columns[1] - face.columns[0], 1e-6)
    tops = face.tops[0] + slope * (np.arange(first, last) - face.columns[0]) + 1
    np.minimum(skyline[first:last], tops, out=skyline[first:last])
    return True
