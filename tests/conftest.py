"""One real broker for the whole run of the tests, all its workers, and a prefix of its own for every test."""

from __future__ import annotations

import gc
import logging
import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from charles.base import logs
from charles.kafka import topic_admin
from charles.kafka.clients import admin
from charles.kafka.process_state import ProcessState, process
from charles.settings import Kafka
from infra.kafka import BrokerError
from infra.kafka.broker import LocalBroker
from tests.demos import Demo, StartDemo
from tests.ports import free_port

hypothesis.settings.register_profile("charles", deadline=None)  # a shared machine stands still now and then
hypothesis.settings.load_profile("charles")

gc.disable()  # until all tests are collected: with TensorFlow and others that is a fifth of the time

os.environ.pop("COLUMNS", None)  # pytest-xdist gives its workers a width, and tables would keep to it

PLUGIN = Path(__file__).parent / "plugin"
"""Programs that tests start find the game slalom here, as they find anybody's plug-in."""
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(PLUGIN), str(PLUGIN.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
)

JOURNALS = "CHARLES_RUN__JOURNALS"
PIPELINES = "whole pipelines"
GROUPS = {
    "tests/demo/test_demo.py": PIPELINES,
    "tests/infra/kafka/test_three_brokers.py": PIPELINES,
    "tests/infra/prometheus": "a pipeline with Prometheus",
    "tests/label_checks": "drives",
    "tests/roundtrip": PIPELINES,
    "tests/security": "a broker with users",
    "tests/survival/test_kills.py": PIPELINES,
    "tests/survival/test_outage.py": PIPELINES,
    "tests/survival/test_two_supervisors.py": PIPELINES,
}
"""Tests that one worker runs, one after another: what they share is dear, or, with whole pipelines, they keep real time
and need the machine. All others are grouped by their files."""


def group(nodeid: str) -> str:
    """Of the test: the first of GROUPS that it is in, or its file."""
    file = nodeid.partition("::")[0]
    return next((group for place, group in GROUPS.items() if file.startswith(place)), file)


class Groups(LoadScopeScheduling):
    """Gives workers whole groups, in the order of collection. pytest-xdist's own `loadgroup` is no way to say this: it
    renames tests, which pytest 9.2 does not heed."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: whole pipelines, then other groups with slow tests."""
    long = {group(item.nodeid) for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (group(item.nodeid) != PIPELINES, group(item.nodeid) not in long))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


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


@pytest.fixture(autouse=True)
def clients_as_of_a_new_process() -> None:
    """What a process says for all its Kafka clients together is not said for those that other tests have left."""
    vars(process).update(vars(ProcessState()))


class SharedBroker:
    """Registered with pytest where it gives tests to workers: the broker that they share, as long as they run."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="charles-tests-")
        self._broker = LocalBroker(Path(self._folder.name) / "kafka", free_port())

    def pytest_configure_node(self, node: Any) -> None:
        with suppress(BrokerError):  # the tests that need one say so then, and others run
            node.workerinput["broker"] = self._broker.start(detached=False)

    def pytest_unconfigure(self) -> None:
        self._broker.stop()
        self._folder.cleanup()


class JournalsFolder:
    """Registered with pytest where nobody has it yet: where the programs of all tests note what they read."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="charles-journals-")
        os.environ[JOURNALS] = self._folder.name

    def pytest_unconfigure(self) -> None:
        self._folder.cleanup()


def pytest_configure(config: pytest.Config) -> None:
    if JOURNALS not in os.environ:
        config.pluginmanager.register(JournalsFolder())
    if config.getoption("numprocesses", None):
        config.pluginmanager.register(SharedBroker())


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a broker: the workers' common one, or one that starts with the first test that wants it
    and ends with the run."""
    if shared := getattr(request.config, "workerinput", {}).get("broker"):
        yield shared
        return
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
def kafka(broker: str) -> Iterator[Kafka]:
    """A cluster where nothing was written yet: topics under a prefix of this test's own, deleted afterwards."""
    settings = Kafka(bootstrap_servers=broker, prefix=f"t{uuid.uuid4().hex[:8]}")
    topic_admin.ensure(settings)
    yield settings
    delete_topics(settings)


def delete_topics(kafka: Kafka) -> None:
    """Delete all under the prefix. Every client asks for all topics of a cluster now and then: few must be left."""
    client = admin(kafka)
    if full_names := [topic for topic in topic_admin.partition_counts(client) if topic.startswith(f"{kafka.prefix}.")]:
        wait([*client.delete_topics(full_names, operation_timeout=0).values()])


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
