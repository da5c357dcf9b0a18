"""The accounting identity, per collector and run: seen ticks equal the sum of their outcomes. The balancer keeps it
(events.RunLedger, committed with each of its transactions); this reads it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from charles import topics
from charles.avro.codec import Unreadable
from charles.avro.value_checks import check_ledger
from charles.base import latency
from charles.base.counted import counted
from charles.base.names import key_part
from charles.events import TERMS, RunLedger, Status
from charles.kafka.clients import name
from charles.kafka.reading import NoTopic, read_to_end
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka

_LEDGER = "ledger/"
BESIDE = ("repeats", "expired", "late", "dropped")


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over runs, by term; surplus_by: of the surplus, by what made it; latencies: as RunLedger's."""

    seen: int
    terms: dict[str, int]
    beside: dict[str, int]
    surplus_by: dict[str, int]
    latencies: list[int]

    @property
    def adds_up(self) -> bool:
        return self.seen == sum(self.terms.values())


def read(kafka: Kafka) -> list[RunLedger]:
    """Every run's newest committed ledger, in the order of collectors and runs; empty if nothing was balanced yet.

    A run whose ticks are in two partitions, because partitions were added during it, has a ledger in each. Raises
    KafkaException, TimeoutError.
    """
    return read_with_strays(kafka)[0]


def read_with_strays(kafka: Kafka) -> tuple[list[RunLedger], int]:
    """As read(); and how many records under the keys of ledgers are none, for somebody else wrote them."""
    newest: dict[tuple[int, bytes], bytes | None] = {}
    with suppress(NoTopic):
        for message in read_to_end(kafka, name(kafka, topics.BALANCER_STATE)):
            key = message.key() or b""
            if (key := key.encode() if isinstance(key, str) else key).startswith(_LEDGER.encode()):
                newest[message.partition() or 0, key] = message.value()
    schemas, found, strays = SchemaStore(kafka), [], 0
    for (partition, key), value in newest.items():
        try:
            ledger = decoded_ledger(schemas, key, value)
        except Unreadable:
            strays += value is not None
        else:
            found.append((ledger.collector, ledger.run, partition, ledger))
    return [ledger for *_, ledger in sorted(found, key=lambda one: one[:3])], strays


def ledger_key(run: tuple[str, str]) -> str:
    """The key of a run's ledger on the topic balancer-state. run: collector and run."""
    return f"{_LEDGER}{key_part(run[0])}/{key_part(run[1])}"


def decoded_ledger(schemas: SchemaStore, key: bytes, value: bytes | None) -> RunLedger:
    """A record under a ledger's key as that ledger. Raises Unreadable where it is none, or another one's, and as
    SchemaStore.decode()."""
    ledger = schemas.decode(RunLedger, value)
    check_ledger(ledger)
    if key != (own := ledger_key((ledger.collector, ledger.run))).encode():
        raise Unreadable(f"its value belongs to the key {own[:100]!r}")
    return ledger


def oddities(ledgers: Iterable[RunLedger], collectors: Iterable[Status], strays: int = 0) -> list[str]:
    """What is not as it should be though the sum is right: a sentence each, for people.

    collectors: their heartbeats, as far as they are known; strays: records that should be ledgers, and are none.
    """
    dropped: Counter[str] = Counter()
    runs: dict[tuple[str, str], list[RunLedger]] = {}
    for ledger in ledgers:
        runs.setdefault((ledger.collector, ledger.run), []).append(ledger)
        dropped[ledger.collector] = max(dropped[ledger.collector], ledger.dropped)
    for status in collectors:
        dropped[status.instance] = max(dropped[status.instance], int(status.figures.get("dropped", 0)))
    return [
        *(
            f"{collector} dropped {counted(ticks, 'tick')}, which never reached Kafka; its log says why"
            for collector, ticks in dropped.items()
            if ticks
        ),
        *([f"{counted(strays, 'record')} of balancer-state cannot be read as a ledger"] if strays else []),
        *(_in_partitions(*run, each) for run, each in runs.items() if len(each) > 1),
    ]


def _in_partitions(collector: str, run: str, ledgers: list[RunLedger]) -> str:
    """A run has its ticks in one partition; where partitions are added during it, in one after the other."""
    there = sum(ledger.settled + 1 - ledger.missing for ledger in ledgers)
    twice = there - max(ledger.settled + 1 for ledger in ledgers)
    words = f"{collector}, run {run} is in {len(ledgers)} partitions; each partition is missing the ticks of the others"
    return (
        words
        if twice <= 0
        else f"{words}; at least {counted(twice, 'tick')} of it came twice, and may be learned twice"
    )


def total(ledgers: list[RunLedger]) -> Totals:
    """The sums. late and dropped are cumulative per collector, so the highest of its runs counts."""
    collectors = {ledger.collector for ledger in ledgers}
    highest = {
        hint: sum(max(getattr(led, hint) for led in ledgers if led.collector == collector) for collector in collectors)
        for hint in ("late", "dropped")
    }
    return Totals(
        seen=sum(ledger.seen for ledger in ledgers),
        terms={term: sum(getattr(ledger, term) for ledger in ledgers) for term in TERMS},
        beside={beside: sum(getattr(led, beside) for led in ledgers) for beside in BESIDE} | highest,
        surplus_by=dict(sum((Counter(ledger.surplus_by) for ledger in ledgers), Counter()).most_common()),
        latencies=latency.merged(ledger.latencies for ledger in ledgers),
    )
