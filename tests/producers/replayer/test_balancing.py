"""A balancer takes replayed drives for drives of their own."""

from __future__ import annotations

from charles.ledger import tick_ledger
from charles.recordings.format.reader import Recording
from charles.settings import Kafka
from tests.logged import until
from tests.producers.replayer.conftest import Replay
from tests.programs import running


def test_each_replay_in_new_runs_is_balanced_and_nothing_is_a_repeat(
    source: Recording, target: Kafka, replay: Replay
) -> None:
    for _ in range(2):
        replay(source, new_run=True, topics=["frames", "controls"])
    with running("balance", target, config={"balance": {"history": 10}}):
        until(lambda: [one.seen for one in tick_ledger.read(target)] == [60] * 4)
    ledgers = tick_ledger.read(target)
    assert all(one.adds_up for one in ledgers)
    assert {(one.collector, one.run[:4]) for one in ledgers} == {("garage", "r1-r"), ("attic", "r1-r")}
    assert [(one.repeats, one.dead_lettered, one.missing) for one in ledgers] == [(0, 0, 0)] * 4
