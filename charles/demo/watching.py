"""What the demo sees of its programs: their heartbeats, and the ledger, as they are published."""

from __future__ import annotations

from collections import deque

from confluent_kafka import Message, TopicPartition

from charles import topics
from charles.codec import Unreadable
from charles.events import RunLedger, Status, TrainingStep
from charles.kafka import consumer, name
from charles.registry import Registry
from charles.settings import Kafka

_LOSSES = 4000


class Watch:
    """Follows status, training and the ledger. status: the newest heartbeat of each instance; ledgers: of each run;
    losses: of the newest batches."""

    def __init__(self, kafka: Kafka) -> None:
        self.status: dict[str, Status] = {}
        self.ledgers: dict[tuple[str, str], RunLedger] = {}
        self.losses: deque[float] = deque(maxlen=_LOSSES)
        self._registry = Registry(kafka)
        self._consumer = consumer(kafka, "demo-watch", **{"auto.offset.reset": "latest"})
        self._names = {name(kafka, topic): topic for topic in (topics.STATUS, topics.TRAINING, topics.BALANCER_STATE)}
        self._consumer.assign(
            [
                TopicPartition(full, partition, 0)
                for full, topic in self._names.items()
                for partition in range(topic.partitions)
            ]
        )

    def read(self, wait_s: float) -> None:
        """Take in what has come; waits at most so long for something."""
        for message in self._consumer.consume(1000, timeout=wait_s):
            if message.error() is None:
                try:
                    self._take_in(message)
                except Unreadable:
                    continue  # whoever the record is for dead-letters it; this is only the view

    def close(self) -> None:
        self._consumer.close()

    def _take_in(self, message: Message) -> None:
        topic = self._names[str(message.topic())]
        if topic is topics.STATUS:
            status = self._registry.decode(Status, message.value())
            self.status[status.instance] = status
        elif topic is topics.TRAINING:
            self.losses.append(self._registry.decode(TrainingStep, message.value()).loss)
        elif bytes(message.key() or b"").startswith(b"ledger/"):
            ledger = self._registry.decode(RunLedger, message.value())
            self.ledgers[ledger.collector, ledger.run] = ledger
