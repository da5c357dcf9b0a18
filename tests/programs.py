"""Programs as tests run them: the real ones, as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from confluent_kafka import TopicPartition

from charles import topics
from charles.base.shutdown import SUPERVISED
from charles.config import Config
from charles.control import config_topic
from charles.events import Command, Status, now
from charles.kafka.clients import consumer, name
from charles.kafka.publisher import Publisher
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka, environment, load
from tests.patience import PATIENCE_S


def configure(kafka: Kafka, document: Mapping[str, Any]) -> config_topic.Epoch:
    """Set fields of the pipeline's configuration: configure(kafka, {"balance": {"history": 10}})."""

    def change(config: Config) -> Config:
        old = config.model_dump()
        new = {name: old[name] | value if isinstance(value, Mapping) else value for name, value in document.items()}
        return Config.model_validate(old | new)

    return config_topic.put(kafka, change)


@contextmanager
def running(
    verb: str, kafka: Kafka, config: Mapping[str, Any] | None = None, *, ends_with: int = 0, **sections: dict[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    """`charles VERB` with these settings, until the block ends; then it is told to stop and must do so cleanly, unless
    the test has killed it. config: is set for the whole pipeline first; ends_with: the exit code of a clean end."""
    if config:
        configure(kafka, config)
    settings = load(kafka=kafka.model_dump(), **sections)
    process = subprocess.Popen(
        [sys.executable, "-m", "charles", verb],
        env=os.environ | environment(settings) | {SUPERVISED: "1"},
        stdin=subprocess.PIPE,
    )
    try:
        yield process
        stop(process, ends_with)
    finally:
        process.kill()
        process.wait()


def stop(process: subprocess.Popen[bytes], ends_with: int = 0) -> None:
    """Tell a program to stop as its supervisor does; it ends with this code, or was killed."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # the test has killed it
        process.stdin.write(b"stop\n")
        process.stdin.flush()
    assert process.wait(PATIENCE_S) in (ends_with, -9)


def give(kafka: Kafka, target: str, verb: str, seconds: float = 10.0) -> str:
    """Give a command; returns its id."""
    given = now()
    command = Command(uuid.uuid4().hex[:12], target, verb, given, given + timedelta(seconds=seconds), "tester")
    publisher = Publisher(kafka, Command)
    publisher.send(topics.COMMANDS, command, target)
    assert publisher.flush() == 0
    return command.id


def heard(
    kafka: Kafka, says: Callable[[Status], Any], patience_s: float = PATIENCE_S, *, from_now: bool = False
) -> Status:
    """The first heartbeat of all, or of those from now on, that says so; waits for it."""
    schemas, last = SchemaStore(kafka), None
    reader = consumer(kafka, "test-heard")
    try:
        place = TopicPartition(name(kafka, topics.STATUS), 0, 0)
        if from_now:
            place.offset = reader.get_watermark_offsets(place, timeout=patience_s)[1]
        reader.assign([place])
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            message = reader.poll(1.0)
            if message is not None and message.error() is None:
                last = schemas.decode(Status, message.value())
                if says(last):
                    return last
    finally:
        reader.close()
    raise AssertionError(f"no heartbeat said so within {patience_s:g} s; the last one: {last}")


class StopWhen:
    """Says when a program that runs in a thread of the test shall stop, as stopping.Stop does in a process of its own:
    once the test says so, or something is done."""

    def __init__(self, done: Callable[[], bool] = lambda: False) -> None:
        self._done = done
        self._told = threading.Event()

    def __call__(self, wait_s: float = 0.0) -> bool:
        return self._told.wait(wait_s) or self._done()

    def set(self) -> None:
        self._told.set()
