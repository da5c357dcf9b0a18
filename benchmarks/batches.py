"""Batch assembly: the trainer's draw and decode, beside tf.data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np

from benchmarks.drive import PICTURE, RUN, jpegs
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace
from charles.base.tensorflow_import import loading_tensorflow
from charles.config import Config
from charles.labels.outputs import OUTPUTS
from consumers.trainer.batches import Batches
from consumers.trainer.buffers import BufferedSample, Buffers

BATCHES = 60


@contextmanager
def batches(place: BenchPlace) -> Iterator[Contest]:
    """Samples a second, drawn at random, decoded and put together, one batch after the other. On either side nobody
    learns from them, so all cores are there for the decoding."""
    with loading_tensorflow():
        import tensorflow as tf

    pictures, count, size = jpegs(place.count(300) + 32), place.count(BATCHES), Config().train.batch
    numbers = np.zeros((len(pictures), 5), np.float32)
    stored = (
        tf.data.Dataset.from_tensor_slices((list(pictures), numbers))
        .shuffle(len(pictures))
        .repeat()
        .map(lambda jpeg, rest: (tf.io.decode_jpeg(jpeg, channels=3), rest), num_parallel_calls=tf.data.AUTOTUNE)
        .batch(size, drop_remainder=True)
        .prefetch(2)
    )

    def yardstick() -> Figures:
        start_s = time.perf_counter()
        for images, _numbers in stored.take(count):
            assert images.shape == (size, PICTURE[1], PICTURE[0], 3)
        return {"": count * size / (time.perf_counter() - start_s)}

    yield Contest(lambda: {"": _assemble(pictures, count, size)}, yardstick)


def _assemble(pictures: tuple[bytes, ...], count: int, size: int) -> float:
    """Samples a second. They can be drawn so often that the buffers stay as they are."""
    buffers = Buffers(OUTPUTS, capacity=len(pictures), min_fill=0.0, uses=count)
    for number, picture in enumerate(pictures):
        output = OUTPUTS[number % len(OUTPUTS)]
        held = BufferedSample(
            number, "collector-1", RUN, number, (picture,), (10.0, 100.0, 0.1), (0.0, 0.0), output, count + 2
        )
        buffers.add(held)
    with closing(Batches(buffers, np.random.default_rng(1), size, PICTURE, frames=1)) as assembled:
        start_s = time.perf_counter()
        for _ in range(count):
            while assembled.room:
                assembled.draw()
            batch = assembled.take(_refuse)
            batch.inputs(), batch.targets(OUTPUTS), batch.weights(OUTPUTS)
        return count * size / (time.perf_counter() - start_s)


def _refuse(_held: BufferedSample, reason: str) -> None:
    raise RuntimeError(reason)
