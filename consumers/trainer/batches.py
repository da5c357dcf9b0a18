"""Batches: drawn by the loop, decoded by a thread beside the step, a few ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from consumers.trainer.buffers import Buffers, Held
from consumers.trainer.pictures import BadPicture, Pictures, Size, decode

OnBad = Callable[[Held, str], None]

_AHEAD = 2
"""Batches that are drawn before the step wants them. At the original's sizes each takes 12 MB."""


@dataclass(slots=True)
class Batch:
    """samples: as drawn; used_up: those that will not be drawn again; images: (n, height, width, 3 * frames)."""

    samples: list[Held]
    used_up: list[Held]
    images: Pictures
    bad: dict[int, str] = field(default_factory=dict)

    def inputs(self) -> dict[str, NDArray[np.generic]]:
        """What the model takes: image uint8, speed (n, 1) m/s, purpose (n, 2) m and rad."""
        numbers = np.array([held.inputs for held in self.samples], np.float32)
        return {"image": self.images, "speed": numbers[:, :1], "purpose": numbers[:, 1:]}

    def labels(self, outputs: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
        """By output, (n,) in [-1, 1]."""
        numbers = np.array([held.labels for held in self.samples], np.float32)
        return {output: numbers[:, index] for index, output in enumerate(outputs)}


class Batches:
    """Draws batches and has them decoded. Draws happen in draw() alone, so that the same arrivals and the same random
    state give the same batches, however fast the decoding is."""

    def __init__(self, buffers: Buffers, rng: np.random.Generator, size: int, picture: Size, frames: int) -> None:
        """size: samples in a batch, the same number from each buffer; frames: stacked in a sample."""
        self._buffers = buffers
        self._rng = rng
        self._each = size // len(buffers.outputs)
        self._shape = (picture[1], picture[0], 3 * frames)
        self._decoded: deque[Future[Batch]] = deque()
        self._thread = ThreadPoolExecutor(1, "decode")

    @property
    def in_flight(self) -> int:
        """Batches that are drawn and not yet taken."""
        return len(self._decoded)

    @property
    def room(self) -> bool:
        return self.in_flight < _AHEAD

    def draw(self) -> None:
        """Draw a batch and have it decoded."""
        samples = self._buffers.draw(self._each, self._rng)
        used_up = [held for held in samples if held.remaining == 0]
        images = np.empty((len(samples), *self._shape), np.uint8)
        self._decoded.append(self._thread.submit(_decode, Batch(samples, used_up, images)))

    def take(self, on_bad: OnBad) -> Batch:
        """The batch that was drawn first, once it is decoded. Samples that do not decode on_bad is told of; others are
        drawn in their place, and where there are none the batch is smaller."""
        batch = self._decoded.popleft().result()
        while batch.bad:
            self._mend(batch, *batch.bad.popitem(), on_bad)
        return batch

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _mend(self, batch: Batch, index: int, reason: str, on_bad: OnBad) -> None:
        bad = batch.samples[index]
        if not bad.rejected:
            on_bad(bad, reason)
        batch.used_up = [held for held in batch.used_up if held is not bad]
        other = self._buffers.draw_instead(bad, batch.samples, self._rng)
        if other is None:
            del batch.samples[index]  # bad ones are mended from the last to the first: no index of another one moves
            batch.images = np.delete(batch.images, index, axis=0)
            return
        batch.samples[index] = other
        if other.remaining == 0:
            batch.used_up.append(other)
        _decode_one(batch, index)


def _decode(batch: Batch) -> Batch:
    for index in range(len(batch.samples)):
        _decode_one(batch, index)
    return batch


def _decode_one(batch: Batch, index: int) -> None:
    try:
        decode(batch.samples[index].frames, batch.images[index])
    except BadPicture as problem:
        batch.bad[index] = str(problem)
