"""Who drives with what was trained here, and how old it is."""

from __future__ import annotations

from confluent_kafka import OFFSET_END, TopicPartition

from charles import topics
from charles.avro.codec import Unreadable
from charles.events import Status, now
from charles.kafka.clients import consumer, name
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka

_SILENT_S = 5.0


class PlayerStatus:
    """Follows the heartbeats of the players."""

    def __init__(self, kafka: Kafka) -> None:
        self._registry = SchemaStore(kafka)
        self._players: dict[str, Status] = {}
        self._consumer = consumer(kafka, "trainer-players")
        self._consumer.assign([TopicPartition(name(kafka, topics.STATUS), 0, OFFSET_END)])

    def driving(self, model: str) -> list[Status]:
        """The last heartbeats of those who drive with this model now; figures["age_s"] is their weights' age."""
        for message in self._consumer.consume(100, timeout=0):
            if message.error() is not None:
                continue
            try:
                status = self._registry.decode(Status, message.value())
            except Unreadable:
                continue  # only the view of a trainer: whoever needs it says so
            if status.program == "player":
                self._players[status.instance] = status
        return [
            status
            for status in self._players.values()
            if status.model == model
            and status.state in ("running", "paused")
            and "age_s" in status.figures
            and (now() - status.time).total_seconds() < _SILENT_S
        ]

    def close(self) -> None:
        self._consumer.close()
