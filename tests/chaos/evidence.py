"""What the topics hold after the chaos, read by the rules that everybody can read them by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import Message

from charles import topics
from charles.config import Config
from charles.control import config_topic
from charles.events import DeadLetter, Moment, RunLedger, Sample
from charles.kafka.clients import name
from charles.kafka.reading import read_to_end
from charles.kafka.schemas import SchemaStore
from charles.ledger import tick_ledger as ledger
from charles.settings import Kafka
from charles.topics import Topic
from tests.chaos.collector import UNREADABLE
from tests.kafka_tools import headers

Run = tuple[str, str]
"""Collector and run."""


@dataclass(slots=True)
class Raw:
    """What came of one run: the ticks with a frame, with a control, with a frame that cannot be read; repeats: records
    too many."""

    frames: set[int] = field(default_factory=set)
    controls: set[int] = field(default_factory=set)
    broken: set[int] = field(default_factory=set)
    repeats: int = 0


@dataclass(slots=True)
class Evidence:
    """raw: of each run; samples: read by samples(); waiting: the ticks that wait in the bins, as the balancers' state
    says; dead_letters: how many of each tick; configs: by epoch."""

    raw: dict[Run, Raw]
    ledgers: dict[Run, RunLedger]
    waiting: Counter[Moment]
    dead_letters: Counter[Moment]
    configs: dict[int, Config]


def collect(kafka: Kafka) -> Evidence:
    return Evidence(
        _raw(kafka),
        {(each.collector, each.run): each for each in ledger.read(kafka)},
        _waiting(kafka),
        _dead_letters(kafka),
        {epoch.number: epoch.config for epoch in config_topic.read(kafka).held},
    )


def samples(kafka: Kafka) -> Iterator[Sample]:
    """Every committed sample, in the order of the log."""
    schemas = SchemaStore(kafka)
    return (schemas.decode(Sample, message.value()) for message in _read(kafka, topics.BALANCED))


def _raw(kafka: Kafka) -> dict[Run, Raw]:
    found: dict[Run, Raw] = defaultdict(Raw)
    for topic in (topics.FRAMES, topics.CONTROLS):
        for message in _read(kafka, topic):
            collector, run, tick = _moment(message)
            raw = found[collector, run]
            ticks = raw.frames if topic is topics.FRAMES else raw.controls
            raw.repeats += tick in ticks
            ticks.add(tick)
            if message.value() == UNREADABLE:
                raw.broken.add(tick)
    return dict(found)


def _waiting(kafka: Kafka) -> Counter[Moment]:
    alive: dict[tuple[int, bytes], bool] = {}
    for message in _read(kafka, topics.BALANCER_STATE):
        alive[message.partition() or 0, bytes(message.key() or b"")] = message.value() is not None
    found: Counter[Moment] = Counter()
    for (_, key), there in alive.items():
        kind, *rest = key.decode().split("/")
        if there and kind == "waiting":
            collector, run, tick = rest
            found[collector, run, int(tick)] += 1
    return found


def _dead_letters(kafka: Kafka) -> Counter[Moment]:
    schemas = SchemaStore(kafka)
    letters = (schemas.decode(DeadLetter, message.value()) for message in _read(kafka, topics.DEADLETTER))
    marks = ({key: value.decode() for key, value in letter.headers.items()} for letter in letters)
    return Counter((mark["collector"], mark["run"], int(mark["tick"])) for mark in marks)


def _moment(message: Message) -> Moment:
    marks = headers(message)
    return marks["collector"], marks["run"], int(marks["tick"])


def _read(kafka: Kafka, topic: Topic) -> Iterator[Message]:
    return read_to_end(kafka, name(kafka, topic), patience_s=30.0)
