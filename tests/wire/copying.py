"""A recorded topic, put back into a broker with the very offsets that it had: state and manifests point at them."""

from __future__ import annotations

from confluent_kafka import Producer

from charles.kafka.clients import name, producer
from charles.recordings.format.reader import Recording
from charles.settings import Kafka
from charles.topics import Topic
from tests.patience import PATIENCE_S


def copy(recording: Recording, kafka: Kafka, *copied: Topic) -> None:
    """Where offsets are missing, transactions ended, or what they wrote was undone: so they do here."""
    sender = producer(kafka, **{"transactional.id": f"{kafka.prefix}.copy"})
    sender.init_transactions(PATIENCE_S)
    for topic in copied:
        for partition in recording.partitions(topic.name):
            _copy(sender, recording, name(kafka, topic), topic.name, partition)


def _copy(sender: Producer, recording: Recording, full: str, topic: str, partition: int) -> None:
    offset, is_open = 0, False
    for record in recording.read(topic, partition):
        missing = record.offset - offset
        if is_open and missing:
            sender.commit_transaction(PATIENCE_S)
            is_open, missing = False, missing - 1
        if missing:
            assert missing > 1, "a transaction that is undone has a record and an end"
            sender.begin_transaction()
            for _ in range(missing - 1):
                sender.produce(full, None, b"undone", partition)
            sender.flush(PATIENCE_S)  # what was not sent yet is not written at all
            sender.abort_transaction(PATIENCE_S)
        if not is_open:
            sender.begin_transaction()
            is_open = True
        sender.produce(full, record.value, record.key, partition, headers=list(record.headers))
        offset = record.offset + 1
    if is_open:
        sender.commit_transaction(PATIENCE_S)
