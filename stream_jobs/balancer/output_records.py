"""What the engine has made, as the records that a transaction writes."""

from __future__ import annotations

from collections.abc import Iterator

from charles import topics
from charles.balancing.engine import Engine
from charles.balancing.run_state import Tick
from charles.events import Waiting
from charles.kafka.clients import name
from charles.kafka.schemas import SchemaStore
from charles.ledger.tick_ledger import ledger_key
from charles.settings import Kafka
from charles.topics import Topic
from stream_jobs.balancer.state_topic import waiting_key
from stream_jobs.balancer.transaction_writer import OutputRecord


class OutputRecords:
    """Takes what an engine has made, and encodes it. Where the transaction fails, the engine is thrown away."""

    def __init__(self, kafka: Kafka, schemas: SchemaStore) -> None:
        self._names = {topic: name(kafka, topic) for topic in topics.TOPICS}
        self._schemas = schemas

    def samples(self, engine: Engine) -> list[OutputRecord]:
        """Those that were emitted since this was asked last; the next transaction must write them."""
        return [
            (
                topics.BALANCED,
                sample.set_id,
                self._encode(sample, topics.BALANCED),
                -1,
                {"collector": sample.collector, "run": sample.run, "tick": str(sample.tick)},
            )
            for sample in engine.taken_samples()
        ]

    def all(self, engine: Engine) -> list[OutputRecord]:
        """The samples, the state and the dead letters that no transaction has written yet."""
        return [*self.samples(engine), *self._state(engine), *self._letters(engine)]

    def _state(self, engine: Engine) -> Iterator[OutputRecord]:
        ticks, ledgers = engine.taken_state()
        for tick_id, tick in ticks.items():
            value = None if tick is None else self._encode_waiting(tick)
            yield topics.BALANCER_STATE, waiting_key(tick_id), value, tick_id[0], None
        for number, ledger in ledgers:
            key, value = ledger_key((ledger.collector, ledger.run)), self._encode(ledger, topics.BALANCER_STATE)
            yield topics.BALANCER_STATE, key, value, number, None

    def _letters(self, engine: Engine) -> Iterator[OutputRecord]:
        for letter in engine.taken_letters():
            yield topics.DEADLETTER, letter.topic, self._encode(letter, topics.DEADLETTER), -1, None

    def _encode(self, event: object, topic: Topic) -> bytes:
        return self._schemas.encode(event, self._names[topic])

    def _encode_waiting(self, tick: Tick) -> bytes:
        sample = self._encode(tick.sample(), topics.BALANCER_STATE)
        return self._encode(Waiting(sample, list(tick.joined.frames), tick.since), topics.BALANCER_STATE)
