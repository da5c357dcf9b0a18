"""A small topic `balanced` to train on: the shade of the picture says what the labels are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from charles import topics
from charles.events import Sample, now
from charles.kafka.publisher import Publisher
from charles.labels.outputs import OUTPUTS
from charles.labels.set_kinds import JOINT
from charles.settings import Kafka

WIDTH, HEIGHT = 96, 84


def jpeg(picture: NDArray[np.uint8], quality: int = 90) -> bytes:
    """picture: RGB."""
    return bytes(cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def sample(number: int, *, frame: bytes | None = None, balancing: str = "v3") -> Sample:
    """The number-th sample: sets of 21 alternate between the outputs, or are joint ones (v1); labels are the shades of
    the halves."""
    rng = np.random.default_rng(number)
    pedals, steering = rng.uniform(-1, 1, 2)
    picture = rng.integers(0, 20, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    picture[: HEIGHT // 2] += np.uint8(100 + 90 * pedals)
    picture[HEIGHT // 2 :] += np.uint8(100 + 90 * steering)
    past = [0.0] * 60
    return Sample(
        collector="collector-1",
        run=f"run-{number // 500}",
        tick=number % 500,
        time=now(),
        set_id=f"set-{number // 21}",
        set_output=JOINT if balancing == "v1" else OUTPUTS[number // 21 % 2],
        set_bin=number % 21,
        frames=[jpeg(picture) if frame is None else frame],
        speed=10.0,
        purpose_distance=100.0,
        purpose_bearing=0.1,
        history_acceleration=past,
        history_braking=past,
        history_steering=past,
        history_speed=past,
        history_purpose_distance=past,
        history_purpose_bearing=past,
        acceleration=max(pedals, 0.0),
        braking=max(-pedals, 0.0),
        steering=steering,
        balancing=balancing,
    )


def publish(kafka: Kafka, first: int, count: int, balancing: str = "v3") -> None:
    """The samples first .. first + count - 1."""
    publisher = Publisher(kafka, Sample)
    for number in range(first, first + count):
        made = sample(number, balancing=balancing)
        publisher.send(topics.BALANCED, made, made.set_id)
    publisher.flush()
