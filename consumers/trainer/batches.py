"""Batches: drawn by the loop, decoded by threads beside the step, a few ahead."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charles.base.pictures import BadPicture, Size
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.jpeg import Pictures, decode

OnBad = Callable[[BufferedSample, str], None]

_BATCHES_AHEAD = 2
"""Batches that are drawn before the step wants them. At the original's sizes each takes 12 MB."""
_EXTRA_THREADS = 1
"""Threads that decode beyond one for each core: so many wait for Python's lock at a time."""
_TURN_S = 1e-4
"""So long a thread may keep Python's lock from another one. A thread that has decoded a picture, in half a millisecond
and without the lock, waits for it before the next one; Python's default would have it wait ten pictures' time."""


@dataclass(slots=True)
class Batch:
    """samples: as drawn; used_up: those that will not be drawn again; images: (n, height, width, 3 * frames)."""

    samples: list[BufferedSample]
    used_up: list[BufferedSample]
    images: Pictures
    bad: dict[int, str] = field(default_factory=dict)

    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """What the model takes: image uint8, speed (n, 1) m/s, purpose (n, 2) m and rad, and last (n, delta outputs) if
        there are any."""
        numbers = np.array([held.inputs for held in self.samples], np.float32)
        speed, purpose, last = np.split(numbers, (1, 3), axis=1)
        inputs: dict[str, NDArray[np.generic]] = {"image": self.images, "speed": speed, "purpose": purpose}
        return inputs | {"last": last} if last.size else inputs

    def targets(self, outputs: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """By output, (n,), as Output.target() gives them. outputs: what is trained, in the order of
        BufferedSample.targets."""
        numbers = np.array([held.targets for held in self.samples], np.float32)
        return {output: numbers[:, index] for index, output in enumerate(outputs)}

    def weights(self, outputs: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """By output, (n,): 1 for the samples that train it, 0 for others."""
        return {
            output: np.array([held.trains in (None, output) for held in self.samples], np.float32) for output in outputs
        }


class Batches:
    """Draws batches and has them decoded. Draws happen in draw() alone, so that the same arrivals and the same random
    state give the same batches, however fast the decoding is. each: samples from each buffer."""

    def __init__(self, buffers: Buffers, rng: np.random.Generator, size: int, picture: Size, frames: int) -> None:
        """size: samples in a batch, the same number from each buffer; frames: stacked in a sample."""
        self._buffers = buffers
        self._rng = rng
        self.each = size // len(buffers.kinds)
        self._shape = (picture[1], picture[0], 3 * frames)
        self._decoded: deque[tuple[Batch, list[Future[None]]]] = deque()
        self._workers = (os.cpu_count() or 1) + _EXTRA_THREADS
        self._threads = ThreadPoolExecutor(self._workers, "decode")
        self._turn_s = sys.getswitchinterval()
        sys.setswitchinterval(_TURN_S)

    @property
    def in_flight(self) -> int:
        """Batches that are drawn and not yet taken."""
        return len(self._decoded)

    @property
    def room(self) -> bool:
        return self.in_flight < _BATCHES_AHEAD

    def draw(self) -> None:
        """Draw a batch and have it decoded."""
        samples = self._buffers.draw(self.each, self._rng)
        used_up = [held for held in samples if held.remaining == 0]
        images = np.empty((len(samples), *self._shape), np.uint8)
        batch = Batch(samples, used_up, images)
        parts = [range(first, len(samples), self._workers) for first in range(self._workers)]
        self._decoded.append((batch, [self._threads.submit(_decode, batch, part) for part in parts]))

    def take(self, on_bad: OnBad) -> Batch:
        """The batch that was drawn first, once it is decoded. Samples that do not decode on_bad is told of; others are
        drawn in their place, and where there are none the batch is smaller."""
        batch, decoding = self._decoded.popleft()
        for part in decoding:
            part.result()
        while batch.bad:
            last = max(batch.bad)  # no index of another one moves
            self._mend(batch, last, batch.bad.pop(last), on_bad)
        return batch

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        sys.setswitchinterval(self._turn_s)

    def _mend(self, batch: Batch, index: int, reason: str, on_bad: OnBad) -> None:
        bad = batch.samples[index]
        if not bad.rejected:
            on_bad(bad, reason)
        batch.used_up = [held for held in batch.used_up if held is not bad]
        other = self._buffers.draw_instead(bad, batch.samples, self._rng)
        if other is None:
            del batch.samples[index]
            batch.images = np.delete(batch.images, index, axis=0)
            return
        batch.samples[index] = other
        if other.remaining == 0:
            batch.used_up.append(other)
        _decode_one(batch, index)


def _decode(batch: Batch, part: range) -> None:
    for index in part:
        _decode_one(batch, index)


def _decode_one(batch: Batch, index: int) -> None:
    try:
        decode(batch.samples[index].frames, batch.images[index])
    except BadPicture as problem:
        batch.bad[index] = str(problem)
