"""Which ticks of which runs a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from charles.events import Span
from consumers.trainer.buffers import BufferedSample

MOST_RUNS = 5_000
"""Spans in a manifest, which stays well below Kafka's limit of 2 MB a record: a week or so of two collectors."""
EARLIER = "earlier runs"
"""What the run of a span is called that sums up those beyond MOST_RUNS: its ticks are those of several runs."""


class Lineage:
    """Grows with every batch; the same account goes into every checkpoint."""

    def __init__(self, spans: Sequence[Span] = ()) -> None:
        self._spans = {(span.collector, span.run): span for span in spans}

    def add(self, samples: Iterable[BufferedSample], used_up: Iterable[BufferedSample]) -> None:
        """A batch was trained on."""
        for held in samples:
            self._merge(Span(held.collector, held.run, held.tick, held.tick, 0))
        for held in used_up:
            self._merge(Span(held.collector, held.run, held.tick, held.tick, 1))
        while len(self._spans) > MOST_RUNS:
            place = next(place for place in self._spans if place[1] != EARLIER)
            oldest = self._spans.pop(place)
            self._merge(Span(oldest.collector, EARLIER, oldest.first_tick, oldest.last_tick, oldest.samples))

    @property
    def spans(self) -> list[Span]:
        return list(self._spans.values())

    def _merge(self, new: Span) -> None:
        place = new.collector, new.run
        old = self._spans.get(place, new)
        samples = new.samples + (old.samples if old is not new else 0)
        self._spans[place] = Span(
            *place, min(old.first_tick, new.first_tick), max(old.last_tick, new.last_tick), samples
        )
