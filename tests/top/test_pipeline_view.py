"""What is seen of a pipeline, whoever started it."""

from __future__ import annotations

import time
from datetime import timedelta

from charles import topics
from charles.events import DeadLetter, TrainingStep, now
from charles.settings import Kafka
from charles.top.pipeline_view import PipelineView
from tests.patience import PATIENCE_S
from tests.top.pipeline import ledger, publish, status


def step(batch: int, model: str = "pilot") -> TrainingStep:
    return TrainingStep(model, batch, now(), 1 / (1 + batch), {}, {}, 0.001, 0.1, {}, 84)


def caught_up(kafka: Kafka) -> PipelineView:
    watch = PipelineView(kafka)
    deadline = time.monotonic() + PATIENCE_S
    while not watch.caught_up:
        assert time.monotonic() < deadline
        watch.read(0.05)
    return watch


def test_it_sees_what_was_there_before_it_came(kafka: Kafka) -> None:
    letter = DeadLetter("charles.frames", 0, 1, now(), "broken", "balancer", None, {}, b"bytes", 5, "00")
    publish(kafka, topics.STATUS, status(), status("player"))
    publish(kafka, topics.TRAINING, *(step(batch) for batch in range(10)))
    publish(kafka, topics.BALANCER_STATE, ledger(seen=5), ledger(seen=9), key="ledger/collector-1/run")
    publish(kafka, topics.DEADLETTER, letter)
    watch = caught_up(kafka)
    assert watch.status.keys() == {"collector-1", "player-1"}
    assert [*watch.losses] == [1 / (1 + batch) for batch in range(10)]
    assert [found.seen for found in watch.ledgers.values()] == [9]
    assert [found.reason for found in watch.sight().dead_letters] == ["broken"]
    watch.close()


def test_it_reads_only_the_last_of_a_long_training(kafka: Kafka) -> None:
    publish(kafka, topics.TRAINING, *(step(batch) for batch in range(5000)))
    watch = caught_up(kafka)
    assert [*watch.losses] == [1 / (1 + batch) for batch in range(1000, 5000)]
    watch.close()


def test_two_models_losses_are_not_mixed(kafka: Kafka) -> None:
    publish(kafka, topics.TRAINING, step(1, "one"), step(2, "other"), step(3, "one"))
    watch = caught_up(kafka)
    assert watch.sight().losses == {"one": [1 / 2, 1 / 4], "other": [1 / 3]}
    assert [*watch.losses] == [1 / 2, 1 / 4]
    watch.close()


def test_it_follows_the_pace_of_sets(kafka: Kafka) -> None:
    told = [status("balancer", ago_s=60 - second, figures={"sets_steering": second // 12}) for second in range(60)]
    publish(kafka, topics.STATUS, *told)
    watch = caught_up(kafka)
    assert watch.sight().pace["balancer-1"]["steering"].startswith("a set every 1")
    watch.close()


def test_what_cannot_be_read_is_passed_over(kafka: Kafka) -> None:
    from charles.kafka.publisher import Publisher

    publisher = Publisher(kafka)
    for topic in (topics.STATUS, topics.TRAINING, topics.DEADLETTER):
        publisher.send_bytes(topic, "key", b"no event")
    publisher.send_bytes(topics.BALANCER_STATE, "ledger/x/y", b"no event")
    assert publisher.flush() == 0
    publish(kafka, topics.STATUS, status())
    watch = caught_up(kafka)
    assert watch.status.keys() == {"collector-1"}
    watch.close()


def test_a_program_is_heard_while_much_else_is_read(kafka: Kafka) -> None:
    """The ledger's topic may be long; a crash must be seen at once all the same."""
    publish(kafka, topics.BALANCER_STATE, *(ledger(seen=seen) for seen in range(20_000)), key="ledger/collector-1/run")
    publish(kafka, topics.STATUS, status())
    watch = PipelineView(kafka)
    watch.read(1.0)
    heard = watch.sight().members
    assert [member.status.instance for member in heard] == ["collector-1"]
    assert heard[0].silent_s(now()) < timedelta(minutes=1).total_seconds()
    watch.close()
