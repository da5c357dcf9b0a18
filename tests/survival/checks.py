"""What must hold after whatever happened to a pipeline."""

from __future__ import annotations

import statistics

from charles import topics
from charles.checkpoints import topic_readers
from charles.checkpoints.follower import ModelFollower
from charles.events import Checkpoint, Sample, TrainingStep
from charles.ledger import tick_ledger
from charles.settings import Kafka
from tests.kafka_tools import events

_FEW = 25
"""Batches whose mean loss is compared."""


def losses(kafka: Kafka) -> list[tuple[int, float]]:
    """Batch and loss of every batch that was told, in the order of telling."""
    return [(step.batch, step.loss) for step in events(kafka, topics.TRAINING, TrainingStep)]


def assert_exactly_once(kafka: Kafka) -> tick_ledger.Totals:
    """No sample stands twice in `balanced`, as many are there as the ledger says, and the ledger adds up."""
    samples = [(s.collector, s.run, s.tick) for s in events(kafka, topics.BALANCED, Sample)]
    assert len(samples) == len(set(samples))
    ledgers = tick_ledger.read(kafka)
    for each in ledgers:
        terms = {term: getattr(each, term) for term in tick_ledger.TERMS}
        assert each.seen == sum(terms.values()), (each.collector, each.run, each.seen, terms)
    total = tick_ledger.total(ledgers)
    assert total.terms["emitted"] == len(samples)
    return total


def newest_checkpoint(kafka: Kafka) -> Checkpoint:
    """The newest checkpoint, which is whole: a player that starts now drives with it."""
    newest = topic_readers.newest(kafka, "pilot")
    assert newest is not None
    follower = ModelFollower(kafka, "pilot", newest.architecture, "test")
    try:
        found = follower.poll(30)
        assert found is not None
        assert found[0] == newest
        assert sum(follower.counts.values()) == 0
        return newest
    finally:
        follower.close()


def assert_learns_on(kafka: Kafka, batch: int) -> None:
    """No batch is told twice, and the loss goes on from where it was: it does not begin anew."""
    told = losses(kafka)
    batches = [batch for batch, _ in told]
    assert batches == sorted(set(batches))
    first = statistics.fmean(loss for _, loss in told[:5])
    just_before = statistics.fmean([loss for number, loss in told if number <= batch][-_FEW:])
    just_after = statistics.fmean([loss for number, loss in told if number > batch][:_FEW])
    print(f"loss: first {first:.4f}, before {just_before:.4f}, after {just_after:.4f}")
    assert just_after < first
