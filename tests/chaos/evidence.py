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
from tests.chaos.poison import MARK
from tests.kafka_tools import headers

Run = tuple[str, str]
"""Collector and run."""
Place = tuple[str, int, int]
"""Topic, partition, offset."""


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
    says; dead_letters: how many of each tick; configs: by epoch; odd: records of no tick, and what they are;
    odd_letters: how many dead letters each of them has."""

    raw: dict[Run, Raw]
    ledgers: dict[Run, RunLedger]
    waiting: Counter[Moment]
    dead_letters: Counter[Moment]
    configs: dict[int, Config]
    odd: dict[Place, str] = field(default_factory=dict)
    odd_letters: Counter[Place] = field(default_factory=Counter)


def collect(kafka: Kafka) -> Evidence:
    raw, odd = _raw(kafka)
    dead_letters, odd_letters = _dead_letters(kafka)
    return Evidence(
        raw,
        {(each.collector, each.run): each for each in ledger.read(kafka)},
        _waiting(kafka),
        dead_letters,
        odd=odd,
        odd_letters=odd_letters,
        configs={epoch.number: epoch.config for epoch in config_topic.read(kafka).held},
    )


def samples(kafka: Kafka) -> Iterator[Sample]:
    """Every committed sample, in the order of the log."""
    schemas = SchemaStore(kafka)
    return (schemas.decode(Sample, message.value()) for message in _read(kafka, topics.BALANCED))


def _raw(kafka: Kafka) -> tuple[dict[Run, Raw], dict[Place, str]]:
    """Of each run; and what belongs to none."""
    found: dict[Run, Raw] = defaultdict(Raw)
    odd: dict[Place, str] = {}
    for topic in (topics.FRAMES, topics.CONTROLS):
        for message in _read(kafka, topic):
            if (kind := headers(message).get(MARK)) is not None:
                odd[str(message.topic()), message.partition() or 0, message.offset() or 0] = kind
                continue
            collector, run, tick = _moment(message)
            raw = found[collector, run]
            ticks = raw.frames if topic is topics.FRAMES else raw.controls
            raw.repeats += tick in ticks
            ticks.add(tick)
            if message.value() == UNREADABLE:
                raw.broken.add(tick)
    return dict(found), odd


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


def _dead_letters(kafka: Kafka) -> tuple[Counter[Moment], Counter[Place]]:
    """Of each tick; and of each record that belongs to none."""
    schemas, ours, odd = SchemaStore(kafka), Counter[Moment](), Counter[Place]()
    for message in _read(kafka, topics.DEADLETTER):
        letter = schemas.decode(DeadLetter, message.value())
        mark = {key: value.decode() for key, value in letter.headers.items()}
        if MARK in mark:
            odd[letter.topic, letter.partition, letter.offset] += 1
        else:
            ours[mark["collector"], mark["run"], int(mark["tick"])] += 1
    return ours, odd


def _moment(message: Message) -> Moment:
    marks = headers(message)
    return marks["collector"], marks["run"], int(marks["tick"])


def _read(kafka: Kafka, topic: Topic) -> Iterator[Message]:
    return read_to_end(kafka, name(kafka, topic), patience_s=30.0)
