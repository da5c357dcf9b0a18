"""The trainer as a process of its own, killed and started again, on a small topic `balanced`."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charles import topics
from charles.checkpoints import topic_readers
from charles.checkpoints.identity import STATE, WEIGHTS
from charles.events import Checkpoint, DeadLetter, Sample, TrainingStep
from charles.kafka.publisher import Publisher
from charles.settings import Kafka, environment, load
from consumers.trainer.trainer_state import TrainerState, unpack
from tests.consumers.trainer.balanced import jpeg, publish, sample
from tests.consumers.trainer.test_jpeg import broken_tables
from tests.kafka_tools import events
from tests.logged import until
from tests.patience import PATIENCE_S
from tests.programs import configure, give, heard

BATCH, USES = 16, 2
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(kafka: Kafka, tmp_path: Path) -> Iterator[Start]:
    """Starts a trainer of a model; what is left running is killed at the end."""
    running: list[subprocess.Popen[str]] = []

    def start(model: str = "pilot", config: Mapping[str, Any] = {}, **changes: object) -> subprocess.Popen[str]:
        train = {
            "buffer": 63,
            "min_fill": 0.5,
            "batch": BATCH,
            "max_times_sampled": USES,
            "checkpoint_every": 20,
        }
        train |= {"when_full": "wait", "learning_rate": 2e-3}
        configure(kafka, {**config, "train": train | changes})
        settings = load(
            kafka=kafka.model_dump(),
            trainer={"model": model, "name": f"trainer-{model}", "tensorboard": tmp_path / "tensorboard"},
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "charles", "train"],
            env=os.environ | environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        print(*process.communicate())  # for whoever reads of a failure


def steps(kafka: Kafka, model: str) -> list[TrainingStep]:
    return [step for step in events(kafka, topics.TRAINING, TrainingStep) if step.model == model]


def batches(kafka: Kafka, model: str) -> int:
    return max((step.batch for step in steps(kafka, model)), default=0)


def newest(kafka: Kafka, model: str, kind: str) -> Checkpoint:
    manifest = topic_readers.newest(kafka, model, kind)
    assert manifest is not None
    return manifest


def saved_state(kafka: Kafka, model: str) -> tuple[Checkpoint, TrainerState]:
    manifest = newest(kafka, model, STATE)
    return manifest, unpack(topic_readers.fetch(kafka, manifest))


@pytest.mark.slow
def test_a_killed_trainer_ends_with_the_very_weights_of_one_that_was_not_killed(kafka: Kafka, start: Start) -> None:
    publish(kafka, 0, 1_000)
    killed, other = start("killed"), start("other")
    until(lambda: batches(kafka, "killed") > 45)
    killed.kill()
    before = newest(kafka, "killed", WEIGHTS).batch
    assert before >= 40
    killed = start("killed")
    until(lambda: batches(kafka, "killed") == batches(kafka, "other") > 110)
    for process in (killed, other):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0

    of_killed, of_other = newest(kafka, "killed", WEIGHTS), newest(kafka, "other", WEIGHTS)
    assert of_killed.batch == of_other.batch
    one, two = topic_readers.fetch(kafka, of_killed), topic_readers.fetch(kafka, of_other)
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)

    manifest, saved = saved_state(kafka, "killed")
    counts = saved.counts
    assert counts.read == 1_000 == counts.drawn + len(saved.offsets)
    assert sum(span.samples for span in manifest.spans) == counts.drawn
    partly = sum(int((USES - remaining).sum()) for _, remaining in saved.slots.values())
    assert manifest.batch * BATCH == USES * counts.drawn + partly

    told = [step.batch for step in steps(kafka, "killed")]
    again = len(told) - 1 - told[::-1].index(before + 1)  # the first one may not have come so far before it was killed
    assert told[again:] == list(range(before + 1, manifest.batch + 1))
    losses = [step.loss for step in steps(kafka, "other")]
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:20])


@pytest.mark.slow
def test_what_cannot_be_read_is_dead_lettered_and_a_second_trainer_takes_over(kafka: Kafka, start: Start) -> None:
    whole = jpeg(np.full((84, 96, 3), 90, np.uint8))
    bad = [sample(0, frame=whole[:-50]), sample(0, frame=jpeg(np.zeros((10, 10, 3), np.uint8)))]
    bad += [dataclasses.replace(sample(number), frames=[broken_tables(whole)]) for number in (1, 22)]
    publisher = Publisher(kafka, Sample)
    publish(kafka, 0, 60)
    for each in bad:
        publisher.send(topics.BALANCED, each, each.set_id)
    publisher.send_bytes(topics.BALANCED, "set", b"\xc3\x01junk")
    publisher.flush()
    publish(kafka, 60, 200)

    first = start(buffer=40, checkpoint_every=5, keep_checkpoints=100)
    until(lambda: batches(kafka, "pilot") >= 10)
    alive = topic_readers.living(kafka)
    assert min(manifest.batch for manifest in alive if manifest.kind == WEIGHTS) == 0
    second = start(buffer=40, checkpoint_every=5, keep_checkpoints=100)
    assert first.wait(PATIENCE_S) == 3
    assert "another trainer of the model pilot has started" in first.communicate()[1]

    publish(kafka, 260, 200)
    until(lambda: len(events(kafka, topics.DEADLETTER, DeadLetter)) >= len(bad) + 1)
    second.send_signal(signal.SIGTERM)
    assert second.wait(PATIENCE_S) == 0
    _, saved = saved_state(kafka, "pilot")
    counts = saved.counts
    assert counts.rejected == len(bad) + 1
    assert counts.read == counts.rejected + counts.expired + counts.surplus + counts.drawn + len(saved.offsets)
    reasons = {letter.reason for letter in events(kafka, topics.DEADLETTER, DeadLetter)}
    assert len(reasons) == 4


@pytest.mark.slow
def test_when_the_outputs_change_it_goes_on_with_what_fits_of_its_network(kafka: Kafka, start: Start) -> None:
    publish(kafka, 0, 6_000)
    process = start(checkpoint_every=10)
    until(lambda: batches(kafka, "pilot") > 25)
    epoch = configure(kafka, {"outputs": ["steering"]})

    def of_steering() -> list[Checkpoint]:
        return [manifest for manifest in topic_readers.living(kafka) if manifest.epoch == epoch.number]

    until(lambda: any(manifest.kind == STATE for manifest in of_steering()))
    (parent,) = of_steering()[0].parents  # the last one with both outputs, whose weights went on
    went_on_at = int(parent.split("/")[0].removeprefix("pilot@"))
    until(lambda: batches(kafka, "pilot") > went_on_at)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0

    assert went_on_at > 25
    assert {tuple(manifest.outputs) for manifest in of_steering()} == {("steering",)}
    manifest, saved = saved_state(kafka, "pilot")
    counts = saved.counts
    assert list(saved.slots) == ["steering"]
    assert counts.surplus >= 63
    assert counts.read == counts.expired + counts.surplus + counts.drawn + len(saved.offsets)
    told = [step for step in steps(kafka, "pilot") if step.batch > went_on_at]
    assert {tuple(step.losses) for step in told} == {("steering",)}
    assert manifest.batch > went_on_at


@pytest.mark.slow
def test_with_one_joint_buffer_and_with_classes_it_goes_on_after_a_kill(kafka: Kafka, start: Start) -> None:
    publish(kafka, 0, 1_000, balancing="v1")
    outputs = ("acceleration_braking:classification", "steering:delta")
    config = {"outputs": outputs, "balance": {"version": "v1"}}
    killed = start(config=config)
    until(lambda: batches(kafka, "pilot") > 25)
    killed.kill()
    before = newest(kafka, "pilot", WEIGHTS).batch
    assert before >= 20
    process = start(config=config)
    until(lambda: batches(kafka, "pilot") > 110)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0

    manifest, saved = saved_state(kafka, "pilot")
    assert manifest.outputs == ["acceleration_braking:classification(-1/-0.8/-0.4/-0.1/0/0.1/0.4/0.8/1)", outputs[1]]
    assert manifest.parents == []
    assert list(saved.slots) == ["joint"]
    counts = saved.counts
    assert counts.read == counts.expired + counts.surplus + counts.drawn + len(saved.offsets)
    told = steps(kafka, "pilot")
    assert {tuple(step.buffers) for step in told} == {("joint",)}
    assert {(*step.errors, *step.accuracies) for step in told} == {("acceleration_braking", "steering")}
    assert all(step.errors == {} for step in told)
    assert np.mean([step.loss for step in told[-20:]]) < 0.85 * np.mean([step.loss for step in told[:20]])
    right = [sum(step.accuracies.values()) for step in told]
    assert np.mean(right[-20:]) > np.mean(right[:20])


@pytest.mark.slow
def test_a_checkpoint_is_published_when_somebody_asks_for_one_and_training_pauses(kafka: Kafka, start: Start) -> None:
    publish(kafka, 0, 6_000)
    start(checkpoint_every=10_000)
    until(lambda: batches(kafka, "pilot") > 5)
    asked = give(kafka, "trainer", "checkpoint")
    answer = heard(kafka, lambda status: status.command == asked)
    published = newest(kafka, "pilot", WEIGHTS).batch
    assert published > 5
    assert answer.outcome == f"done: checkpoint {published}"

    give(kafka, "trainer-pilot", "pause")
    paused = heard(kafka, lambda status: status.state == "paused").batch
    again = give(kafka, "trainer", "checkpoint")
    assert heard(kafka, lambda status: status.command == again).outcome.startswith("done: checkpoint")
    assert newest(kafka, "pilot", WEIGHTS).batch == batches(kafka, "pilot")
    give(kafka, "all", "resume")
    until(lambda: batches(kafka, "pilot") > paused + 3)
