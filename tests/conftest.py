"""One real broker for the whole run of the tests, and a prefix of its own for every test."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from charles.base import logs
from charles.kafka import topic_admin
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from infra.kafka.ports import free_port
from tests.demos import Demo, StartDemo

hypothesis.settings.register_profile("charles", deadline=None)  # a shared machine stands still now and then
hypothesis.settings.load_profile("charles")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands set up the logging of their process; the tests' own is undisturbed afterwards."""
    root, ours = logging.getLogger(), [logging.getLogger(name) for name in logs.OURS]
    level, handlers, hook = root.level, list(root.handlers), threading.excepthook
    yield
    logging.captureWarnings(False)
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)
    for logger in ours:
        logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a broker that starts with the first test that wants it and ends with the run."""
    local = LocalBroker(tmp_path_factory.mktemp("kafka"), free_port())
    yield local.start(detached=False)
    local.stop()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[LocalBroker]:
    """A broker that the test starts, and may kill, on a new folder and a free port; stopped afterwards."""
    local = LocalBroker(tmp_path / "kafka", free_port())
    yield local
    local.stop()


@pytest.fixture
def kafka(broker: str) -> Kafka:
    """A cluster where nothing was written yet: topics under a prefix of this test's own."""
    settings = Kafka(bootstrap_servers=broker, prefix=f"t{uuid.uuid4().hex[:8]}")
    topic_admin.ensure(settings)
    return settings


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[StartDemo]:
    """Starts demos, small and quick; whatever is left of them is killed afterwards."""
    started: list[Demo] = []

    def start(*arguments: str) -> Demo:
        started.append(Demo(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()
