"""What each weather looks like: one row a weather. Pure data; the camera and the painters follow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charles.games.weather import Weather

Colour = tuple[int, int, int]

FAR = 150.0  # m, nothing farther is drawn
DAY_HAZE: Colour = (190, 205, 218)
NIGHT_HAZE: Colour = (28, 31, 47)


@dataclass(frozen=True, slots=True)
class Sky:
    """Colours of a panorama. cover: how far clouds reach, 0 for the noise's upper half; thick: a cloud's greatest
    share; glow: how much brighter it is where the sun is; hills: from far to near; stars: how many."""

    top: Colour
    bottom: Colour
    cloud: Colour
    hills: tuple[Colour, Colour]
    cover: float = 0.0
    thick: float = 0.85
    glow: float = 18.0
    stars: int = 0


@dataclass(frozen=True, slots=True)
class Grade:
    """What becomes of a picture's RGB: so much of its light and of its colours is kept, in this tint."""

    light: float
    colours: float
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def matrix(self) -> NDArray[np.float32]:
        """(3, 3), to be multiplied by a pixel's column of red, green and blue."""
        grey = np.tile((0.299, 0.587, 0.114), (3, 1))
        kept = self.colours * np.eye(3) + (1 - self.colours) * grey
        return (self.light * np.array(self.tint)[:, None] * kept).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """haze: what far things fade to; sunlit: things have shadows, and walls a side in the sun; grade: of the whole
    picture; air: the colour of fog; sight: m in which it takes 63 % of what is seen, None without fog; far:
    m beyond which nothing is to be seen; wet: rain falls; night: lamps, windows and headlights are lit."""

    sky: Sky
    haze: Colour = DAY_HAZE
    sunlit: bool = True
    grade: Grade | None = None
    air: Colour = (0, 0, 0)
    sight: float | None = None
    far: float = FAR
    wet: bool = False
    night: bool = False


LOOKS: dict[Weather, Look] = {
    "clear": Look(Sky((98, 152, 212), (204, 220, 230), (246, 246, 244), ((150, 172, 190), (126, 150, 148)))),
    "overcast": Look(
        Sky((176, 182, 190), (212, 216, 220), (146, 152, 162), ((158, 168, 176), (128, 140, 138)), 0.9, 0.7, 0.0),
        sunlit=False,
        grade=Grade(0.9, 0.68, (0.98, 1.0, 1.03)),
    ),
    "rain": Look(
        Sky((142, 150, 162), (186, 192, 198), (104, 112, 124), ((150, 158, 166), (122, 132, 134)), 1.0, 0.75, 0.0),
        sunlit=False,
        grade=Grade(0.74, 0.62, (0.95, 1.0, 1.06)),
        air=(178, 184, 192),
        sight=110.0,
        wet=True,
    ),
    "fog": Look(
        Sky((206, 209, 212), (196, 200, 203), (200, 203, 206), ((196, 200, 203), (196, 200, 203)), 0.0, 0.4, 0.0),
        sunlit=False,
        grade=Grade(0.92, 0.8),
        air=(196, 200, 203),
        sight=27.0,
        far=95.0,
    ),
    "night": Look(
        Sky((7, 10, 26), (34, 36, 58), (26, 27, 40), ((16, 19, 30), (10, 13, 20)), 0.0, 0.6, 0.0, stars=260),
        haze=NIGHT_HAZE,
        sunlit=False,
        night=True,
    ),
}
