"""What a trainer offers to Prometheus: each batch and each part of its loop as it goes, and once a second what its
heartbeat tells too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from charles.checkpoints.identity import ModelIdentity
from charles.metrics.table import TrainerMetrics, begin
from consumers.trainer.buffers import Buffers

if TYPE_CHECKING:
    from charles.models import Learned


@contextmanager
def part(name: str) -> Iterator[None]:
    """The time that this takes belongs to that part of the loop."""
    start_s = time.perf_counter()
    try:
        yield
    finally:
        TrainerMetrics.parts.labels(name).inc(time.perf_counter() - start_s)


class TrainerMetricsWriter:
    """Of one life of the trainer."""

    def __init__(self, who: ModelIdentity) -> None:
        begin(TrainerMetrics)
        self._model = who.model
        TrainerMetrics.info.labels(who.model, who.line).set(1)

    def batch(self, samples: int, seconds: float) -> None:
        """One was learned from so many samples, in so long a time."""
        TrainerMetrics.drawn.inc(samples)
        TrainerMetrics.batch_s.observe(seconds)

    def left_out(self, samples: int) -> None:
        """So many were drawn, and nothing could be learned from them."""
        TrainerMetrics.drawn.inc(samples)
        TrainerMetrics.left_out.inc(samples)

    def second(self, batch: int, learned: Learned | None, buffers: Buffers, unread: int, published: int) -> None:
        """unread: -1: not known; published: batch of the newest checkpoint, -1: none yet."""
        TrainerMetrics.batch.labels(self._model).set(batch)
        for kind, buffer in buffers.by_kind.items():
            TrainerMetrics.buffer.labels(kind).set(len(buffer))
        TrainerMetrics.capacity.set(buffers.capacity)
        for term, count in {**asdict(buffers.counts), "buffered": buffers.buffered}.items():
            TrainerMetrics.ledger.labels(term).set(count)
        if unread >= 0:
            TrainerMetrics.unread.set(unread)
        if published >= 0:
            TrainerMetrics.checkpoint.labels(self._model).set(published)
        if learned is not None:
            self._learned(learned)

    def _learned(self, learned: Learned) -> None:
        TrainerMetrics.loss.labels(self._model).set(learned.loss)
        for gauge, figures in (
            (TrainerMetrics.output_loss, learned.losses),
            (TrainerMetrics.error, learned.errors),
            (TrainerMetrics.accuracy, learned.accuracies),
        ):
            for output, figure in figures.items():
                gauge.labels(self._model, output).set(figure)
