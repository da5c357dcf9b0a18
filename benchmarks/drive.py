"""A drive through the city, for benchmarks that need pictures of the true size and telemetry that belongs to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from charles.config import Config
from charles.events import Control, Frame, Sample, now
from charles.games.city import City
from charles.games.game import Observation
from charles.pacing import HZ
from producers.collector.loop import jpeg

RUN = "20260101T000000-bench"
PICTURE = City.picture_size[::-1]
"""Width and height, pixels."""
_BEGAN = now()


@lru_cache
def observations(count: int) -> tuple[Observation, ...]:
    """So many ticks of the city's own driver."""
    game = City(seed=1)
    seen = []
    for _ in range(count):
        seen.append(game.observe())
        game.act(game.mapping.to_controller(game.drive()))
    game.close()
    return tuple(seen)


@lru_cache
def jpegs(count: int) -> tuple[bytes, ...]:
    """The same drive's pictures as a collector sends them: 480x270, about 30 kB each."""
    quality = Config().collect.jpeg_quality
    return tuple(jpeg(seen.hood, quality) for seen in observations(count))


def frame(collector: str, tick: int, picture: bytes) -> Frame:
    return Frame(collector, RUN, tick, _time(tick), picture, *PICTURE, 0, 0)


def control(collector: str, tick: int, pedals: float = 0.0, steering: float = 0.0) -> Control:
    """pedals, steering: the labels, in [-1, 1]."""
    rolling = (10.0, 0.0, 0.0, 0.0, 0.0, 100.0, 0.1)
    return Control(collector, RUN, tick, _time(tick), max(pedals, 0.0), max(-pedals, 0.0), steering, *rolling)


def _time(tick: int) -> datetime:
    """The same for both halves of a tick, or they do not belong together."""
    return _BEGAN + timedelta(seconds=tick / HZ)


def sample(number: int, picture: bytes, output: str) -> Sample:
    """One of a set of this output, as the balancer emits it."""
    past = [0.0] * Config().balance.history
    return Sample(
        collector="collector-1",
        run=RUN,
        tick=number,
        time=now(),
        set_id=f"set-{number // 21}",
        set_output=output,
        set_bin=number % 21,
        frames=[picture],
        speed=10.0,
        purpose_distance=100.0,
        purpose_bearing=0.1,
        history_acceleration=past,
        history_braking=past,
        history_steering=past,
        history_speed=past,
        history_purpose_distance=past,
        history_purpose_bearing=past,
        acceleration=0.0,
        braking=0.0,
        steering=0.0,
    )
