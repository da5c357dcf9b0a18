"""The hood camera: a view of the town from a place in it, painted from far to near."""

from __future__ import annotations

import math
from functools import partial

import cv2
import numpy as np

from charles.games import Picture
from charles.games.city.facades import HAZE, sky
from charles.games.city.ground import GRASS, SCALE, paint_ground
from charles.games.city.physics import Car
from charles.games.city.scenery import Scenery
from charles.games.city.town import Town
from charles.games.city.vehicles import draw_vehicle
from charles.games.city.view import CENTRE, EYE, FAR, FOCAL, HEIGHT, HORIZON, WIDTH, View

PANORAMA = round(2 * math.pi * FOCAL)  # pixels around the whole horizon

# The ground's rows below the horizon: (first, last, level of the ground's picture, samples per row).
# Far rows span metres each; several samples averaged keep them from flickering.
BANDS = ((0, 12, 2, 6), (12, 46, 1, 3), (46, HEIGHT - HORIZON, 0, 1))


class Camera:
    """Everything that the pictures of one town need, made once."""

    def __init__(self, town: Town, rng: np.random.Generator) -> None:
        self._ground = paint_ground(town, rng)
        panorama = sky(town.sun, rng, PANORAMA, HORIZON)
        self._sky = np.concatenate([panorama, panorama[:, :WIDTH]], axis=1)
        self._scenery = Scenery(town)
        self._hood, self._hood_mask = _hood()
        rows = np.arange(BANDS[1][1]) + 0.5
        share = 1 - np.exp(-FOCAL * EYE / rows / 260.0)
        flat = np.ones((1, WIDTH, 3))
        self._keep = np.round(255 * (1 - share)[:, None, None] * flat).astype(np.uint8)
        self._haze = np.round(share[:, None, None] * HAZE * flat).astype(np.uint8)

    def picture(self, car: Car, others: list[tuple[Car, int]]) -> Picture:
        """What the hood camera sees: RGB uint8 (HEIGHT, WIDTH, 3). others: cars and the numbers of their colours."""
        view = View.from_car(car)
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        left = round((car.heading + math.pi) * FOCAL - CENTRE) % PANORAMA
        picture[:HORIZON] = self._sky[:, left : left + WIDTH]
        self._draw_ground(picture, view)
        things = self._scenery.visible(view)
        for other, colour in others:
            distance = math.hypot(other.x - view.x, other.y - view.y)
            if distance < FAR and (other.x - view.x) * view.cos + (other.y - view.y) * view.sin > -2:
                # A little nearer than its middle: nothing but other cars stands on the road.
                things.append((distance - 1.5, partial(draw_vehicle, view=view, car=other, colour=colour)))
        things.sort(key=lambda thing: -thing[0])
        for _, draw in things:
            draw(picture)
        cv2.copyTo(self._hood, self._hood_mask, picture[HEIGHT - self._hood.shape[0] :])
        return picture

    def _draw_ground(self, picture: Picture, view: View) -> None:
        # World coordinates times 1/depth are linear in the picture's columns and rows; so is 1/depth.
        row = 1.0 / (FOCAL * EYE)
        matrix = np.array([
            [-view.sin / FOCAL, view.x * row, view.cos + view.sin * CENTRE / FOCAL],
            [view.cos / FOCAL, view.y * row, view.sin - view.cos * CENTRE / FOCAL],
            [0.0, row, 0.0],
        ])  # fmt: skip
        for first, last, level, samples in BANDS:
            scale = SCALE / 2**level
            to_texture = np.array([[scale, 0, -0.5], [0, scale, -0.5], [0, 0, 1]])
            to_rows = np.array([[1, 0, 0.5], [0, 1 / samples, first + 0.5 / samples], [0, 0, 1]])
            size = (WIDTH, (last - first) * samples)
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            band = cv2.warpPerspective(
                self._ground[level], to_texture @ matrix @ to_rows, size, flags=flags, borderValue=GRASS
            )
            if samples > 1:
                band = cv2.resize(band, (WIDTH, last - first), interpolation=cv2.INTER_AREA)
                band = cv2.add(cv2.multiply(band, self._keep[first:last], scale=1 / 255), self._haze[first:last])
            picture[HORIZON + first : HORIZON + last] = band


def _hood() -> tuple[Picture, Picture]:
    """The car's own hood at the picture's lower edge, and its mask."""
    rows = 24
    columns = np.arange(WIDTH)
    edge = 6 + 15 * (np.abs(columns - CENTRE) / CENTRE) ** 2.6
    depth = np.arange(rows)[:, None] - edge[None, :]
    shine = 0.75 + 0.45 * np.exp(-((depth - 3.5) ** 2) / 6) - 0.1 * (np.abs(columns - CENTRE) / CENTRE)
    hood = np.clip(np.array((44, 70, 112)) * shine[..., None], 0, 255).astype(np.uint8)
    hood[(np.abs(np.abs(columns - CENTRE) - 120 - 0.9 * np.arange(rows)[:, None]) < 1.2)] = (34, 54, 88)
    return hood, np.where(depth > 0, 255, 0).astype(np.uint8)
