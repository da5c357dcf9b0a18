"""Recorded drives to test with: what a collector would have published, as records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import cv2
import numpy as np

from charles.avro import codec
from charles.events import Control, Frame, Sample
from charles.pacing import HZ
from charles.recordings.format.record import Record
from tests.recordings.made import Placed

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
BEGAN_MS = round(BEGAN.timestamp() * 1000)


def control(tick: int, run: str = "r", collector: str = "c", began: datetime = BEGAN, **values: float) -> Control:
    """One that drives straight along x, 10 m/s."""
    told = {"acceleration": 0.5, "braking": 0.0, "steering": 0.1, "speed": 10.0, "yaw_rate": 0.0}
    told |= {"x": tick / 3, "y": 0.0, "heading": 0.0, "purpose_distance": 50.0, "purpose_bearing": 0.0} | values
    return Control(collector=collector, run=run, tick=tick, time=began + timedelta(seconds=tick / HZ), **told)


@lru_cache(maxsize=64)
def picture(shade: int = 0, width: int = 64, height: int = 36) -> bytes:
    """A JPEG, another one for each shade."""
    pixels = np.full((height, width, 3), (shade * 37) % 256, np.uint8)
    pixels[:, : 1 + shade % width] = 255
    return bytes(cv2.imencode(".jpg", pixels)[1])


def frame_of(control: Control, data: bytes | None = None) -> Frame:
    shown = picture(control.tick % 64) if data is None else data
    return Frame(control.collector, control.run, control.tick, control.time, shown, 64, 36, late=2, dropped=1)


def sample_of(control: Control, output: str = "steering") -> Sample:
    """As the balancer would emit it."""
    taken = {each.name: getattr(control, each.name, None) for each in dataclasses.fields(Sample)}
    past = {name: [0.0] * 3 for name in taken if name.startswith("history_")}
    told = {"set_id": f"s{control.tick}", "set_output": output, "set_bin": 11, "frames": [picture(control.tick % 64)]}
    return Sample(**{**taken, **past, **told, "epoch": -1, "balancing": "v3"})


def placed(controls: Iterable[Control], partition: int = 0, first_offset: int = 0) -> Iterator[Placed]:
    """Frames and controls, tick by tick."""
    for offset, each in enumerate(controls, first_offset):
        yield "frames", partition, record(frame_of(each), offset)
        yield "controls", partition, record(each, offset)


def record(event: Control | Frame | Sample, offset: int) -> Record:
    """As a collector or a balancer publishes it."""
    headers = {"collector": event.collector, "run": event.run, "tick": str(event.tick)}
    key = event.set_id if isinstance(event, Sample) else event.collector
    return Record(
        offset,
        round(event.time.timestamp() * 1000),
        1,
        key.encode(),
        codec.encode(event),
        tuple((name, text.encode()) for name, text in headers.items()),
    )


def drive(ticks: int, run: str = "r", collector: str = "c", began_s: float = 0.0, **values: float) -> list[Control]:
    began = BEGAN + timedelta(seconds=began_s)
    return [control(tick, run, collector, began, **values) for tick in range(ticks)]
