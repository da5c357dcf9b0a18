"""The hood camera: a view of the town from a place in it, painted from far to near."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np

from charles.games.city import headlights
from charles.games.city.air import Air
from charles.games.city.ground import GRASS, SCALE, paint_ground
from charles.games.city.looks import LOOKS, Colour, Look
from charles.games.city.paths import Floats
from charles.games.city.physics import Car
from charles.games.city.rain import Rain, sheen
from charles.games.city.scenery import Scenery
from charles.games.city.sky import paint_sky
from charles.games.city.town import Town
from charles.games.city.vehicles import draw_vehicle
from charles.games.city.view import CENTRE, EYE, FOCAL, HEIGHT, HORIZON, WIDTH, View
from charles.games.game import Picture
from charles.games.weather import Weather

PANORAMA = round(2 * math.pi * FOCAL)  # pixels around the whole horizon

# The ground's rows below the horizon: (first, last, level of the ground's picture, samples per row).
# Far rows span metres each; several samples averaged keep them from flickering.
BANDS = ((0, 12, 2, 6), (12, 46, 1, 3), (46, HEIGHT - HORIZON, 0, 1))


class Camera:
    """Everything that the pictures of one town need, made once for each weather."""

    def __init__(self, town: Town, rng: np.random.Generator) -> None:
        self._town = town
        self._rng = rng
        self._scenery = Scenery(town)
        self._weather: Weather | None = None
        self.set_weather("clear")

    def set_weather(self, weather: Weather) -> None:
        """Paint the town as it looks in a weather, unless that is the one it has."""
        if weather == self._weather:
            return
        self._weather = weather
        self._look = look = LOOKS[weather]
        self._ground: list[Picture] = []  # two towns at once would take their memory twice
        rng = copy.deepcopy(self._rng)  # the same clouds, wear and tear in every weather
        self._ground = paint_ground(self._town, rng, look)
        panorama = paint_sky(look.sky, self._town.sun, rng, PANORAMA, HORIZON)
        self._sky = np.concatenate([panorama, panorama[:, :WIDTH]], axis=1)
        self._scenery.look(look)
        self._hood, self._hood_mask = _hood(0.3 if look.night else 1.0)
        rows = np.arange(BANDS[1][1]) + 0.5
        self._keep, self._haze = _mixing((np.exp(-FOCAL * EYE / rows / 260.0), look.haze))
        self._air = Air(look.air, look.sight, look.far) if look.sight else None
        self._rain = Rain() if look.wet else None
        layers = list(_ground_layers(look, self._air))
        self._on_ground = _mixing(*layers) if layers else None
        self._grade = look.grade.matrix() if look.grade else None

    def picture(self, car: Car, others: list[tuple[Car, int]], tick: int) -> Picture:
        """What the hood camera sees: RGB uint8 (HEIGHT, WIDTH, 3). others: cars and the numbers of their colours; tick:
        counts the moments, for the rain."""
        view = View.from_car(car)
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        left = round((car.heading + math.pi) * FOCAL - CENTRE) % PANORAMA
        picture[:HORIZON] = self._sky[:, left : left + WIDTH]
        self._draw_ground(picture, view)
        things = self._scenery.visible(view) + (self._air.veils if self._air else [])
        for other, colour in others:
            distance = math.hypot(other.x - view.x, other.y - view.y)
            if distance < self._look.far and (other.x - view.x) * view.cos + (other.y - view.y) * view.sin > -2:
                # A little nearer than its middle: nothing but other cars stands on the road.
                paint = partial(draw_vehicle, view=view, car=other, colour=colour, night=self._look.night)
                things.append((distance - 1.5, paint))
        things.sort(key=lambda thing: -thing[0])
        for _, draw in things:
            draw(picture)
        cv2.copyTo(self._hood, self._hood_mask, picture[HEIGHT - self._hood.shape[0] :])
        return self._finished(picture, tick)

    def _finished(self, picture: Picture, tick: int) -> Picture:
        if self._grade is not None:
            picture = cv2.transform(picture, self._grade)
        if self._rain:
            self._rain.fall(picture, tick)
        if self._look.night:
            headlights.glow(picture)
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
        if self._on_ground:
            keep, add = self._on_ground
            cv2.add(cv2.multiply(picture[HORIZON:], keep, scale=1 / 255), add, dst=picture[HORIZON:])


def _mixing(*layers: tuple[Floats, Colour]) -> tuple[Picture, Picture]:
    """Pictures to multiply (255 is 1) and to add, so that layer after layer such a share of the ground is kept and the
    rest becomes a colour. A share is one by row, or one by row, column and channel."""
    keep, add = np.ones((1, WIDTH, 3)), np.zeros((1, WIDTH, 3))
    for share, colour in layers:
        shares = share if share.ndim == 3 else share[:, None, None]
        keep, add = keep * shares, add * shares + (1 - shares) * np.array(colour)
    return np.round(255 * keep).astype(np.uint8), np.round(add).astype(np.uint8)


def _ground_layers(look: Look, air: Air | None) -> Iterator[tuple[Floats, Colour]]:
    """What a weather does to the ground as one sees it, whatever lies there: see _mixing."""
    if look.wet:
        yield 1 - sheen(), look.sky.bottom
    if look.night:
        yield headlights.ground_light(), (0, 0, 0)
    if air:
        yield air.ground, look.air


def _hood(light: float) -> tuple[Picture, Picture]:
    """The car's own hood at the picture's lower edge, and its mask. light: the share of the day's."""
    rows = 24
    columns = np.arange(WIDTH)
    edge = 6 + 15 * (np.abs(columns - CENTRE) / CENTRE) ** 2.6
    depth = np.arange(rows)[:, None] - edge[None, :]
    shine = 0.75 + 0.45 * np.exp(-((depth - 3.5) ** 2) / 6) - 0.1 * (np.abs(columns - CENTRE) / CENTRE)
    hood = np.clip(light * np.array((44, 70, 112)) * shine[..., None], 0, 255).astype(np.uint8)
    hood[(np.abs(np.abs(columns - CENTRE) - 120 - 0.9 * np.arange(rows)[:, None]) < 1.2)] = light * np.array(
        (34, 54, 88)
    )
    return hood, np.where(depth > 0, 255, 0).astype(np.uint8)
