"""The accounting identity, per collector and run: seen ticks equal the sum of their outcomes. The balancer keeps it
(events.RunLedger, committed with each of its transactions); this reads it back."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from charles import topics
from charles.base import latency
from charles.events import TERMS, RunLedger
from charles.kafka.clients import name
from charles.kafka.reading import NoTopic, read_to_end
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka

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
    newest: dict[tuple[str, str, int], bytes | None] = {}
    with suppress(NoTopic):
        for message in read_to_end(kafka, name(kafka, topics.BALANCER_STATE)):
            what, collector, run, *_ = str(message.key(), "utf-8").split("/")  # type: ignore[arg-type]
            if what == "ledger":
                newest[collector, run, message.partition() or 0] = message.value()
    schemas = SchemaStore(kafka)
    return [schemas.decode(RunLedger, newest[place]) for place in sorted(newest)]


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
