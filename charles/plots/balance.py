"""Plots of the data as driven and as balanced, read from the topics: balance.png and balance.html."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from charles import topics
from charles.balancing.label_counts import LabelCounts
from charles.base.progress import ProgressReporter, StepProgress, no_progress
from charles.config import Config
from charles.control.config_topic import Epoch, Epochs
from charles.events import Control, Sample
from charles.kafka.clients import name
from charles.kafka.event_reader import events
from charles.kafka.reading import spans
from charles.plots.balance_html import draw_html
from charles.plots.balance_png import draw_png
from charles.settings import Kafka
from charles.topics import Topic

EventT = TypeVar("EventT")

PNG, HTML = "balance.png", "balance.html"


class NothingToDraw(RuntimeError):
    """A topic has nothing to plot; the message says which, and what to do."""


def read_counts(
    kafka: Kafka,
    epochs: Epochs,
    number: int | None = None,
    bins: int | None = None,
    progress: StepProgress = no_progress,
) -> LabelCounts:
    """Count what both topics hold, reading each once.

    number: of the epoch whose balancing is drawn, None: the one that holds; samples of every epoch that balances the
    same way count, others do not. bins: of the joint histogram's axes. Raises NothingToDraw, what reading.events()
    raises, and ConfigError where there was no such epoch.
    """
    epoch = epochs.newest if number is None else epochs.numbered(number)
    same = {one.number for one in epochs.held if _balancing(one.config) == _balancing(epoch.config)}
    counts = LabelCounts(epoch.config, bins)
    for control in _watched(kafka, topics.CONTROLS, Control, progress):
        counts.add_control(control)
    if not counts.drive.ticks:
        raise NothingToDraw(f"{name(kafka, topics.CONTROLS)} is empty: start a collector with `charles collect`")
    elsewhere: dict[int, int] = {}
    for sample in _watched(kafka, topics.BALANCED, Sample, progress):
        if sample.epoch in same:
            counts.add_sample(sample)
        else:
            elsewhere[sample.epoch] = elsewhere.get(sample.epoch, 0) + 1
    if not counts.samples:
        raise NothingToDraw(_why(name(kafka, topics.BALANCED), epoch, elsewhere))
    return counts


def draw(folder: Path, counts: LabelCounts) -> list[Path]:
    """Write balance.png and balance.html into a folder, which is made. Raises Unwritable."""
    draw_png(folder / PNG, counts)
    draw_html(folder / HTML, counts)
    return [folder / PNG, folder / HTML]


def _balancing(config: Config) -> object:
    """The settings that two configurations must share for their sets to be counted together."""
    return config.outputs, config.set_kinds, config.balance.version


def _why(full: str, epoch: Epoch, elsewhere: dict[int, int]) -> str:
    if not elsewhere:
        return f"{full} is empty: no set is complete yet; `charles status` names the starving bins"
    there = ", ".join(f"{number} ({samples:,} samples)" for number, samples in sorted(elsewhere.items()))
    return f"{full} has no samples that were balanced as in epoch {epoch.number}: choose another --epoch: {there}"


def _watched(kafka: Kafka, topic: Topic, event: type[EventT], progress: StepProgress) -> Iterator[EventT]:
    full = name(kafka, topic)
    total = sum(span.end - span.first for span in spans(kafka, full).values())
    return ProgressReporter(partial(progress, f"reading {full}"), total).over(events(kafka, topic, event))
