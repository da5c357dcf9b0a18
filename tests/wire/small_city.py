"""The city as seen through a keyhole: pictures of 16x8, so that what is recorded and trained stays small."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from charles.games.city import City
from charles.games.game import Observation


class SmallCity(City):
    """City, but for its pictures."""

    picture_size = (8, 16)

    def observe(self) -> Observation:
        seen = super().observe()
        return replace(seen, hood=np.asarray(cv2.resize(seen.hood, (16, 8), interpolation=cv2.INTER_AREA), np.uint8))
