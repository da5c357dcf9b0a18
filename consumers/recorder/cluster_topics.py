"""The topics that are recorded, as the cluster has them, and where in each of their partitions recording begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition, Uuid
from confluent_kafka.admin import OffsetSpec

from charles.kafka.clients import admin
from charles.kafka.errors import asking
from charles.kafka.topic_admin import TIMEOUT_S, resolve
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.manifest import Manifest, TopicInfo
from charles.settings import Kafka
from consumers.recorder.start_position import Begin, Edge

Place = tuple[str, int]
"""A topic's short name, and a partition."""

_SOON_S = 2.0
_NO_ID = str(Uuid(0, 0))
"""What a cluster says that gives topics none."""


class FoundTopic(NamedTuple):
    """A topic on the cluster. id: as a manifest says it; partitions: how many."""

    id: str
    partitions: int


class Cluster:
    """Asks for topics by their short names."""

    def __init__(self, kafka: Kafka) -> None:
        self._prefix = kafka.prefix
        self._client = admin(kafka)
        self._asked: dict[str, Future[Any]] = {}

    def full(self, topic: str) -> str:
        """Its name with the prefix."""
        return f"{self._prefix}.{topic}"

    def topics(self, names: tuple[str, ...]) -> dict[str, FoundTopic]:
        """These topics. Raises RecordingError where one is missing, AccessRefused, KafkaException."""
        self._ask(names)
        return dict(self._answers())

    def look(self, names: tuple[str, ...]) -> dict[str, FoundTopic]:
        """The same without waiting: the answer to the last call's question, without what nobody knows now, as while
        the broker is away or has only just come back."""
        if not all(future.done() for future in self._asked.values()):
            return {}
        found = {}
        with suppress(KafkaException, RecordingError):
            for name, facts in self._answers():
                found[name] = facts
        self._ask(names)
        return found

    def begins(self, found: Mapping[str, FoundTopic], begin: Begin) -> dict[str, TopicInfo]:
        """Where recording begins in every partition of these topics. Raises AccessRefused, KafkaException."""
        places = [(topic, number) for topic, facts in found.items() for number in range(facts.partitions)]
        offsets = self._offsets(places, begin)
        return {
            topic: TopicInfo(
                partitions=facts.partitions,
                id=facts.id,
                start_offsets={number: offsets[topic, number] for number in range(facts.partitions)},
            )
            for topic, facts in found.items()
        }

    def ends(self, places: list[Place]) -> dict[Place, int]:
        """The offsets behind the last records; empty where the broker does not answer soon."""
        try:
            return self._listed(places, OffsetSpec.latest(), _SOON_S)  # type: ignore[no-untyped-call]
        except KafkaException:
            return {}

    def _offsets(self, places: list[Place], begin: Begin) -> dict[Place, int]:
        if begin is Edge.BEGINNING:
            return self._listed(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        ends = self._listed(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        if begin is Edge.NOW:
            return ends
        found = self._listed(places, OffsetSpec.for_timestamp(begin))
        return {place: offset if offset >= 0 else ends[place] for place, offset in found.items()}

    def _listed(self, places: list[Place], spec: OffsetSpec, patience_s: float = TIMEOUT_S) -> dict[Place, int]:
        asked = {place: TopicPartition(self.full(place[0]), place[1]) for place in places}
        if not asked:
            return {}
        answers = resolve(
            self._client.list_offsets(
                dict.fromkeys(asked.values(), spec),
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=patience_s,
            )
        )
        return {place: answers[at].offset for place, at in asked.items()}

    def _ask(self, names: tuple[str, ...]) -> None:
        wanted = TopicCollection([self.full(name) for name in names])
        answers = self._client.describe_topics(wanted, request_timeout=TIMEOUT_S)
        self._asked = {name: answers[self.full(name)] for name in names}

    def _answers(self) -> Iterator[tuple[str, FoundTopic]]:
        for name, future in self._asked.items():
            try:
                facts = future.result(TIMEOUT_S)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise asking(error, f"see {self.full(name)}") from None
                raise RecordingError(f"there is no topic {self.full(name)}; create it with `charles topics`") from None
            topic_id = str(facts.topic_id)
            yield name, FoundTopic(topic_id if topic_id != _NO_ID else "", len(facts.partitions))


def require_same(folder: Path, manifest: Manifest, found: Mapping[str, FoundTopic]) -> None:
    """Raise RecordingError where a topic is another one than that whose records are in the recording."""
    for topic, facts in found.items():
        info = manifest.topics.get(topic)
        if info is not None and info.id and facts.id and info.id != facts.id:
            raise RecordingError(
                f"{manifest.prefix}.{topic} is not the topic recorded in {folder}: it was recreated, or this is "
                f"another cluster; choose another recording"
            )
