"""What becomes of a sample on its way into the buffers: its targets, its buffer, and which outputs it trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from charles import topics
from charles.config import Config, changed
from charles.events import DeadLetter, Sample
from charles.kafka.dead_letters import DeadLetters
from charles.kafka.publisher import Publisher
from charles.settings import Kafka
from consumers.trainer.batches import Batch, Batches
from consumers.trainer.buffers import Buffers
from consumers.trainer.sample_intake import SampleShape
from consumers.trainer.topic_feed import TopicFeed
from tests.consumers.trainer.balanced import HEIGHT, WIDTH, sample
from tests.kafka_tools import events

Fed = Callable[..., Buffers]


@pytest.fixture
def fed(kafka: Kafka) -> Fed:
    """Feeds buffers as a trainer under this configuration, with these samples."""
    dead_letters = DeadLetters(kafka, "trainer")

    def fed(config: Config, samples: Sequence[Sample], epoch: int = -1) -> Buffers:
        publisher = Publisher(kafka, Sample)
        for one in samples:
            publisher.send(topics.BALANCED, one, one.set_id)
        publisher.flush()
        kinds = tuple(kind.name for kind in config.set_kinds)
        buffers = Buffers(kinds, capacity=100, min_fill=0.1, uses=1)
        shape = SampleShape((WIDTH, HEIGHT), 1, config.predicted, kinds, uses=1, epoch=epoch)
        with closing(TopicFeed(kafka, "pilot", shape, dead_letters)) as feed:
            feed.start()
            while buffers.counts.read < len(samples):
                feed.take(buffers, lambda: True)
        dead_letters.flush(5.0)
        return buffers

    return fed


def drawn(buffers: Buffers, size: int) -> Batch:
    batches = Batches(buffers, np.random.default_rng(1), size, (WIDTH, HEIGHT), 1)
    batches.draw()
    with closing(batches):
        return batches.take(lambda _held, reason: pytest.fail(reason))


def test_targets_are_values_classes_and_changes_as_the_outputs_say(fed: Fed) -> None:
    config = changed(Config(), ["outputs=acceleration:delta,braking,steering:classification(-0.5/0/0.5)"])
    still = [0.0] * 59
    given = replace(sample(0), acceleration=0.5, braking=0.25, steering=-0.2, history_acceleration=[*still, 0.6])
    (held,) = fed(config, [replace(given, set_output="steering")]).by_kind["steering"]
    assert held.targets == (1.0, 0.25, 1.0)
    assert held.inputs == pytest.approx((10.0, 100.0, 0.1, 0.6))  # with what the delta changes


def test_a_batch_tells_the_network_what_its_deltas_change(fed: Fed) -> None:
    config = changed(Config(), ["outputs=acceleration_braking:delta,steering:delta"])
    past = {name: [0.0] * 59 + [last] for name, last in (("history_braking", 0.75), ("history_steering", -0.5))}
    buffers = fed(config, [replace(sample(number), **past) for number in (0, 21)])
    assert drawn(buffers, 2).inputs()["last"].tolist() == [[-0.75, -0.5]] * 2
    assert "last" not in drawn(fed(Config(), [sample(0), sample(21)]), 2).inputs()


@pytest.mark.parametrize(("balancing", "trains"), [("v1", None), ("v2", "steering"), ("v3", None), ("v4", None)])
def test_in_v2_a_sample_trains_the_output_of_its_set_alone(fed: Fed, balancing: str, trains: str | None) -> None:
    config = changed(Config(), [f"balance.version={balancing}"])
    buffers = fed(config, [sample(21, balancing=balancing)])
    ((held,),) = (buffer for buffer in buffers.by_kind.values() if len(buffer))
    assert (held.kind, held.trains) == ("joint" if balancing == "v1" else "steering", trains)


@pytest.mark.parametrize("balancing", ["v1", "v2", "v3"])
def test_a_batch_has_as_many_samples_of_each_kind_and_weighs_them_for_each_output(fed: Fed, balancing: str) -> None:
    config = changed(Config(), [f"balance.version={balancing}"])
    buffers = fed(config, [sample(number, balancing=balancing) for number in range(42)])
    batch = drawn(buffers, 16)
    kinds = [held.kind for held in batch.samples]
    assert {kind: kinds.count(kind) for kind in buffers.kinds} == dict.fromkeys(buffers.kinds, 16 // len(buffers.kinds))
    weights = batch.weights(config.outputs)
    if balancing == "v2":
        assert all(weights[output].tolist() == [kind == output for kind in kinds] for output in config.outputs)
    else:
        assert all(weights[output].all() for output in config.outputs)
    assert {name: values.shape for name, values in batch.targets(config.outputs).items()} == dict.fromkeys(
        config.outputs, (16,)
    )


def test_what_was_balanced_for_others_is_surplus_and_what_has_no_label_is_dead_lettered(kafka: Kafka, fed: Fed) -> None:
    deltas = changed(Config(), ["outputs=acceleration_braking:delta,steering:delta"])
    odd = [float("nan")] * 60
    samples = [sample(0, balancing="v1"), sample(1), replace(sample(2), history_acceleration=odd)]
    buffers = fed(deltas, [replace(one, epoch=3) for one in samples], epoch=7)
    counts = buffers.counts
    assert (counts.read, counts.surplus, counts.rejected, buffers.buffered) == (3, 1, 1, 1)
    (letter,) = events(kafka, topics.DEADLETTER, DeadLetter)
    assert letter.reason == "history_acceleration must be in [-1, 1]"
