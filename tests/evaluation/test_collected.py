"""What the topics say about the learning, through a real broker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from charles import topics
from charles.evaluation.collected import collect_pictures, training_losses
from charles.events import Control, Sample, TrainingStep, now
from charles.kafka.clients import BrokerUnavailable
from charles.kafka.publisher import Publisher
from charles.settings import Kafka
from tests.ports import free_port


def control(tick: int, acceleration: float, braking: float, steering: float) -> Control:
    return Control(
        "collector-1", "r", tick, now(), acceleration, braking, steering, 5.0, 0.0, 0.0, 0.0, 0.0, 50.0, 0.0
    )  # fmt: skip


def sample(tick: int, output: str, acceleration: float, steering: float) -> Sample:
    history = [[0.0] * 60] * 6
    return Sample(
        "c", "r", tick, now(), "set", output, 0, [b"jpeg"], 5.0, 50.0, 0.0, *history, acceleration, 0.0, steering
    )  # fmt: skip


def step(batch: int, loss: float, model: str = "pilot") -> TrainingStep:
    losses = {"acceleration_braking": loss, "steering": 2 * loss}
    return TrainingStep(model, batch, now(), 3 * loss, losses, losses, 5e-4, 0.01, {}, 100)


def test_pictures_are_drawn_from_the_topics_and_only_of_what_is_there(kafka: Kafka, tmp_path: Path) -> None:
    assert collect_pictures(kafka, "pilot", tmp_path / "demo") == []

    told = Publisher(kafka, Control, Sample, TrainingStep)
    told.send_bytes(topics.CONTROLS, "junk", b"\x00junk")
    for tick in range(100):
        told.send(topics.CONTROLS, control(tick, 0.55, 0.0, -0.05), f"collector-{tick % 7}")
    told.send(topics.CONTROLS, control(100, 0.0, 1.0, 0.0), "collector-1")
    told.send(topics.BALANCED, sample(5, "steering", 0.55, -1.0), "set")
    told.send(topics.BALANCED, sample(6, "acceleration_braking", 0.35, 0.0), "set")
    for batch in (1, 2, 3, 2, 3):  # a trainer that was killed goes back to its checkpoint
        told.send(topics.TRAINING, step(batch, 1 / batch), "pilot")
    told.send(topics.TRAINING, step(3, 0.25), "pilot")
    told.send(topics.TRAINING, step(9, 0.25, model="another"), "another")
    assert told.flush() == 0

    losses = training_losses(kafka, "pilot")
    assert losses.batches == [1, 2, 3]
    assert losses.by_output["steering"] == [2.0, 1.0, 0.5]
    assert losses.unit == "mean squared error"

    written = collect_pictures(kafka, "pilot", tmp_path / "demo")
    assert [path.name for path in written] == ["loss.png", "balance.png", "balance.html"]
    for path in written[:2]:
        with Image.open(path) as picture:
            picture.load()


def test_the_losses_are_those_of_the_outputs_that_are_trained_now(kafka: Kafka) -> None:
    told = Publisher(kafka, TrainingStep)
    for batch in (1, 2):
        told.send(topics.TRAINING, step(batch, 0.5), "pilot")
    for batch in (3, 4):
        told.send(topics.TRAINING, replace(step(batch, 2.0), accuracies={"steering": 0.25}), "pilot")
    assert told.flush() == 0
    losses = training_losses(kafka, "pilot")
    assert losses.batches == [3, 4]
    assert losses.by_output == {"acceleration_braking": [2.0, 2.0], "steering": [4.0, 4.0]}
    assert losses.with_classes == {"steering"}


def test_without_a_broker_it_says_so(tmp_path: Path) -> None:
    nobody = Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}")
    with pytest.raises(BrokerUnavailable, match="no Kafka broker answers"):
        collect_pictures(nobody, "pilot", tmp_path, patience_s=0.5)
