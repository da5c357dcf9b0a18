"""The city as a game: how fast it can be seen and driven, beside a well-known one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from unittest.mock import patch

import cv2
import numpy as np
from gymnasium.envs.box2d import car_racing

from benchmarks.harness import Contest
from benchmarks.place import BenchPlace
from charles.games.city import City

FRAMES = 600
_SEED = 1


@contextmanager
def city(place: BenchPlace) -> Iterator[Contest]:
    """Frames by second of processor time, which is what one core of its own would give.

    A frame is a picture of 480x270, the telemetry, the own driver's action, and the world's next tick; CarRacing-v3
    has no driver of its own.
    """
    frames, threads = place.count(FRAMES), cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield Contest(lambda: {"": _drive_city(frames)}, lambda: {"": _drive_car_racing(frames)})
    finally:
        cv2.setNumThreads(threads)


def _drive_city(frames: int) -> float:
    with closing(City(_SEED)) as game:
        start_s = time.process_time()
        for _ in range(frames):
            game.observe()
            game.act(game.mapping.to_controller(game.drive()))
        return frames / (time.process_time() - start_s)


def _drive_car_racing(frames: int) -> float:
    """Every step paints the observation: here at our size, so that the picture need not be painted twice."""
    height, width = City.picture_size
    rng = np.random.default_rng(_SEED)
    with (
        patch.object(car_racing, "STATE_H", height),
        patch.object(car_racing, "STATE_W", width),
        closing(car_racing.CarRacing(render_mode="rgb_array")) as env,
    ):
        env.reset(seed=_SEED)
        start_s = time.process_time()
        for _ in range(frames):
            picture, _reward, over, *_ = env.step(np.array([rng.uniform(-0.2, 0.2), 0.2, 0.0], np.float32))
            assert picture.shape == (height, width, 3)
            if over:
                env.reset(seed=_SEED)
        return frames / (time.process_time() - start_s)
