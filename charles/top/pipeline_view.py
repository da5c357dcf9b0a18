"""The state of a running pipeline: heartbeats, ledger, losses, dead letters, the broker."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from charles import topics
from charles.control.members import Incident, Member
from charles.control.status_topic import StatusTopic
from charles.events import DeadLetter, RunLedger, Status, TrainingStep
from charles.kafka.clients import name
from charles.kafka.onlooker import Onlooker, tail
from charles.settings import Kafka
from charles.top.set_rate import SetPace, sets_by_kind

_KEPT_LOSSES = 4000
_KEPT_DEAD_LETTERS = 500
_ANSWER_S = 0.5


@dataclass(frozen=True, slots=True)
class PipelineSight:
    """A snapshot of the pipeline.

    at: that moment; while the broker is away, the last one at which it answered. away_s: for how long it has been away,
    0: it answers. losses: of the newest batches, by model. pace: how long a set takes, in words, by balancer and
    kind of set. dead_letters: the newest.
    """

    at: datetime
    cluster: str
    away_s: float
    members: list[Member]
    incidents: list[Incident]
    ledgers: list[RunLedger]
    losses: dict[str, list[float]]
    pace: dict[str, dict[str, str]]
    dead_letters: list[DeadLetter]


class PipelineView:
    """Follows a pipeline. status: the newest Status of each instance; ledgers: of each run in each input partition;
    losses: of the newest batches, of the model that learned last."""

    def __init__(self, kafka: Kafka) -> None:
        self.ledgers: dict[tuple[str, str, int], RunLedger] = {}
        self._losses: dict[str, deque[float]] = {}
        self._learned_last = ""
        self._pace: dict[str, dict[str, SetPace]] = {}
        self._dead_letters: deque[DeadLetter] = deque(maxlen=_KEPT_DEAD_LETTERS)
        self._cluster = f"{kafka.prefix} at {kafka.bootstrap_servers}"
        self._heartbeats = StatusTopic(kafka)
        self._away = False
        state = topics.BALANCER_STATE
        self._names = {name(kafka, topic): topic for topic in (topics.TRAINING, topics.DEADLETTER, state)}
        self._others = Onlooker(kafka, "watch")
        partitions = _partitions(self._others.consumer, name(kafka, state)) or state.partitions
        self._others.start(
            [
                tail(kafka, topics.TRAINING, _KEPT_LOSSES),
                tail(kafka, topics.DEADLETTER, _KEPT_DEAD_LETTERS),
                *(TopicPartition(name(kafka, state), partition, 0) for partition in range(partitions)),
            ]
        )

    @property
    def status(self) -> dict[str, Status]:
        return {instance: member.status for instance, member in self._heartbeats.roll.members.items()}

    @property
    def losses(self) -> deque[float]:
        return self._losses.get(self._learned_last, deque())

    @property
    def caught_up(self) -> bool:
        """Whether everything up to the end at the start has been read."""
        return self._heartbeats.caught_up and self._others.caught_up

    def read(self, wait_s: float) -> None:
        """Read what has come; waits at most this long for a heartbeat, and half a second for an unreachable broker.
        Raises AccessRefused for what this user may not read."""
        for status in self._heartbeats.read(wait_s):
            for kind, sets in sets_by_kind(status).items():
                paces = self._pace.setdefault(status.instance, {})
                paces.setdefault(kind, SetPace()).take(sets, status.time)
        deadline = time.monotonic() + wait_s
        while messages := [*self._others.read()]:
            for message in messages:
                self._take(message)
            if time.monotonic() > deadline:
                break  # heartbeats first, however much there is to read

    def sight(self) -> PipelineSight:
        """A snapshot of the current state."""
        return PipelineSight(
            at=self._heartbeats.at,
            cluster=self._cluster,
            away_s=self._heartbeats.away_s,
            members=self._heartbeats.members,
            incidents=[*self._heartbeats.roll.incidents],
            ledgers=[*self.ledgers.values()],
            losses={model: [*losses] for model, losses in self._losses.items()},
            pace={
                instance: {kind: pace.words() for kind, pace in paces.items()} for instance, paces in self._pace.items()
            },
            dead_letters=[*self._dead_letters],
        )

    def close(self) -> None:
        self._heartbeats.close()
        self._others.close()

    def _take(self, message: Message) -> None:
        topic = self._names[str(message.topic())]
        if topic is topics.TRAINING:
            if step := self._others.decode(TrainingStep, message):
                self._losses.setdefault(step.model, deque(maxlen=_KEPT_LOSSES)).append(step.loss)
                self._learned_last = step.model
        elif topic is topics.DEADLETTER:
            if letter := self._others.decode(DeadLetter, message):
                self._dead_letters.append(replace(letter, value=b""))
        elif bytes(message.key() or b"").startswith(b"ledger/") and (ledger := self._others.decode(RunLedger, message)):
            self.ledgers[ledger.collector, ledger.run, message.partition() or 0] = ledger


def _partitions(client: Consumer, full: str) -> int:
    """A topic's current number of partitions, which may exceed the table's; 0: no such topic, or no broker answers."""
    try:
        return len(client.list_topics(full, timeout=_ANSWER_S).topics[full].partitions)
    except KafkaException:
        return 0
