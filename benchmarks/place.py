"""Where a benchmark runs: a folder, a broker, and how much work there is."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from charles.kafka import topic_admin
from charles.settings import Kafka, Settings
from infra.kafka import Progress, no_progress
from infra.kafka.broker import LocalBroker
from infra.kafka.ports import free_port


class BenchPlace:
    """folder: for files of its own."""

    def __init__(self, folder: Path, bootstrap: Callable[[], str], scale: float = 1.0) -> None:
        """bootstrap: the broker's address, asked for by those that need one; scale: the share of the full work."""
        self.folder = folder
        self._bootstrap = bootstrap
        self._scale = scale

    def count(self, full: int) -> int:
        """How many, where the full work has so many; at least 1."""
        return max(1, round(full * self._scale))

    def cluster(self) -> Kafka:
        """All topics, empty, under a prefix of their own."""
        kafka = Kafka(bootstrap_servers=self._bootstrap(), prefix=f"bench-{uuid.uuid4().hex[:8]}")
        topic_admin.ensure(kafka)
        return kafka


def defaults(kafka: Kafka) -> Settings:
    """The default settings, whatever the environment and charles.toml say: figures shall be comparable."""
    return Settings.model_construct(kafka=kafka)


@contextmanager
def own_place(progress: Progress = no_progress) -> Iterator[BenchPlace]:
    """A new folder, and a broker in it that starts when it is first needed; both are gone afterwards."""
    with TemporaryDirectory(prefix="charles-bench-") as folder:
        broker = LocalBroker(Path(folder) / "kafka", free_port())
        try:
            yield BenchPlace(Path(folder), cache(lambda: broker.start(progress, detached=False)))
        finally:
            broker.stop()
