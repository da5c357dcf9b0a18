"""The sky: a panorama of the whole horizon, painted once for a town and a weather."""

from __future__ import annotations

import cv2
import numpy as np

from charles.games.city.looks import Sky
from charles.games.game import Picture


def paint_sky(colours: Sky, sun: float, rng: np.random.Generator, width: int, height: int) -> Picture:
    """A panorama, RGB (height, width, 3): a gradient, clouds, hills far away, stars. sun: rad, where it stands."""
    down = np.linspace(0, 1, height)[:, None, None] ** 0.8
    picture = np.array(colours.top) * (1 - down) + np.array(colours.bottom) * down
    picture = np.repeat(picture, width, axis=1)
    noise = np.zeros((height, width))
    for octave in range(4):
        cells = rng.normal(0, 1, (3 * 2**octave, 12 * 2**octave))
        cells = np.concatenate([cells, cells[:, :1]], axis=1)  # the panorama closes
        noise += cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) / 1.8**octave
    stars = np.random.default_rng(colours.stars).uniform(0, 1, (colours.stars, 3))
    for x, y, light in stars:
        picture[int(y * 0.85 * height), int(x * width)] += 40 + 150 * light**3
    cloud = np.clip((noise - 0.5 + colours.cover) * 0.7, 0, colours.thick)[..., None] * np.clip(1.2 - down, 0, 1)
    picture = picture * (1 - cloud) + np.array(colours.cloud) * cloud
    angle = np.linspace(-np.pi, np.pi, width, endpoint=False)
    picture += colours.glow * np.clip(np.cos(angle - sun), 0, 1)[None, :, None] * down
    for base, swing, colour in ((10, 7, colours.hills[0]), (5, 4, colours.hills[1])):
        waves = sum(rng.uniform(0.3, 1) * np.sin(k * angle + rng.uniform(0, 6)) for k in (3, 5, 8, 13, 21))
        tops = height - base - swing * np.asarray(waves) / 2
        picture[np.arange(height)[:, None] >= tops[None, :]] = colour
    return np.asarray(np.clip(picture, 0, 255).astype(np.uint8))
