"""Plots of the training from the topics: loss.png, balance.png and balance.html.

The topics are read once from their starts; of each record a few numbers are kept, so memory does not grow with them.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from charles import topics
from charles.control import config_topic
from charles.events import TrainingStep
from charles.kafka.clients import require_broker
from charles.kafka.event_reader import events
from charles.plots.balance import NothingToDraw, draw, read_counts
from charles.plots.loss import Losses, draw_loss
from charles.plots.losses import losses_of
from charles.settings import Kafka


def collect_pictures(kafka: Kafka, model: str, folder: Path, patience_s: float = 10.0) -> list[Path]:
    """Write loss.png (of this model) and the pictures of the balance into the folder, as far as the topics hold
    something to draw.

    Returns the files it wrote. Raises BrokerUnavailable; KafkaException or TimeoutError when a topic cannot be read.
    """
    require_broker(kafka, patience_s)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    losses = training_losses(kafka, model)
    if len(losses.batches) > 1:
        draw_loss(folder / "loss.png", losses)
        written.append(folder / "loss.png")
    with suppress(NothingToDraw):
        written += draw(folder, read_counts(kafka, config_topic.read(kafka)))
    return written


def training_losses(kafka: Kafka, model: str) -> Losses:
    """What a model's training said: see losses_of()."""
    return losses_of(events(kafka, topics.TRAINING, TrainingStep), model)
