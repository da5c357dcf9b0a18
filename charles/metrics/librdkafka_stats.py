"""What librdkafka says of a program's Kafka clients, added up over them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from charles.metrics.mirrored_counters import MirroredCounters
from charles.metrics.table import UNKNOWN, LibrdkafkaMetrics

EVERY_S = 5.0
_SILENT_S = 4 * EVERY_S
_PER_TOPIC = {
    "txmsgs": LibrdkafkaMetrics.sent,
    "txbytes": LibrdkafkaMetrics.sent_bytes,
    "rxmsgs": LibrdkafkaMetrics.received,
    "rxbytes": LibrdkafkaMetrics.received_bytes,
}


class LibrdkafkaStats:
    """Takes in what each client says of itself every few seconds. One that says nothing for a while has no queue and no
    lag any more; what it sent stays counted."""

    def __init__(self, prefix: str) -> None:
        """prefix: of the topics, left away on the page."""
        self._prefix = f"{prefix}."
        self._following: dict[str, MirroredCounters] = {}
        self._read: set[str] = set()
        self._newest: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def __call__(self, text: str) -> None:
        """text: JSON, as librdkafka's STATISTICS.md describes it."""
        said = json.loads(text)
        now = time.monotonic()
        self._newest[said["name"]] = now, said
        self._newest = {client: known for client, known in self._newest.items() if now - known[0] < _SILENT_S}
        following = self._following.setdefault(said["name"], MirroredCounters())
        for field, counter in _PER_TOPIC.items():
            for topic, count in self._by_topic(said, field).items():
                if count:  # a client knows of topics that it only writes to what it read of them, and the reverse
                    following.to(counter, count, topic)
        self._tell([client for _, client in self._newest.values()])

    def _tell(self, clients: Iterable[Mapping[str, Any]]) -> None:
        """Of the clients that live."""
        lag: Counter[str] = Counter()
        for client in clients:
            lag.update(self._by_topic(client, "consumer_lag_stored"))
        for topic in self._read - lag.keys():
            LibrdkafkaMetrics.lag.remove(topic)
        for topic, count in lag.items():
            LibrdkafkaMetrics.lag.labels(topic).set(count)
        self._read = set(lag)
        producers = [client for client in clients if client["type"] == "producer"]
        LibrdkafkaMetrics.queued.set(sum(producer["msg_cnt"] for producer in producers))
        LibrdkafkaMetrics.queued_bytes.set(sum(producer["msg_size"] for producer in producers))
        brokers = [broker for producer in producers for broker in producer["brokers"].values()]
        microseconds = [broker["rtt"]["p95"] for broker in brokers if broker["rtt"]["cnt"]]
        LibrdkafkaMetrics.round_trip.set(max(microseconds, default=UNKNOWN) / 1e6)

    def _by_topic(self, client: Mapping[str, Any], field: str) -> Counter[str]:
        """The sums over partitions; -1 is unknown, as is the partition of that number."""
        found: Counter[str] = Counter()
        for topic, facts in client["topics"].items():
            counts = [part[field] for part in facts["partitions"].values() if part["partition"] >= 0 <= part[field]]
            if counts:
                found[topic.removeprefix(self._prefix)] = sum(counts)
        return found
