"""Publishes a supervisor's status and receives its commands, in a thread beside its loop.

Nothing here ever blocks the supervisor: while the broker is unreachable, statuses are dropped.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import replace
from queue import Empty, SimpleQueue

import psutil
from confluent_kafka import Consumer, KafkaException, Message

from charles import topics
from charles.avro.codec import SchemaUnavailable, Unreadable
from charles.base.shutdown import Stop
from charles.control.command_age import CommandAge
from charles.control.link import EVERYBODY
from charles.events import Command, Status, now
from charles.kafka.clients import name
from charles.kafka.errors import AccessRefused
from charles.kafka.onlooker import quiet_consumer
from charles.kafka.process_state import process
from charles.kafka.publisher import Publisher
from charles.kafka.reading import from_now, records
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from charles.supervisor.program_process import ProgramEnd
from charles.version import VERSION

log = logging.getLogger(__name__)

PROGRAM = "supervisor"
_AT_ONCE_S = 3.0
_PATIENCE_S = 2.0
_ANSWER_S = 2.0
_REFUSED_S = 60.0


class StatusPublisher:
    """A thread with a heartbeat of its own. figures, note: of the supervisor, at present."""

    def __init__(self, kafka: Kafka, instance: str, stop: Stop) -> None:
        """stop: is set when somebody commands it."""
        self.figures: dict[str, float] = {}
        self.note = ""
        self._kafka = kafka
        self._instance = instance
        self._stop = stop
        self._answered = "", ""
        self._age = CommandAge(process.outages)
        self._ends: SimpleQueue[Status] = SimpleQueue()
        self._over = threading.Event()
        self._talking = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="announcer")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Publish the last status, if the broker is reachable."""
        self._over.set()
        if self._talking:
            self._thread.join(_PATIENCE_S)

    def tell(self, end: ProgramEnd) -> None:
        """Publish the death of a process, in its name."""
        died = replace(self._status("died"), program=end.program, instance=end.name, pid=end.pid, memory=0)
        self._ends.put(replace(died, note=end.words, figures={}, command="", outcome=""))

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._talk()
            except (KafkaException, SchemaUnavailable, TimeoutError) as problem:
                log.debug("the supervisor's status cannot be published: %s", problem)
                self._over.wait(1)
            except AccessRefused as problem:
                log.warning("the supervisor's status cannot be published: %s", problem)
                self._over.wait(_REFUSED_S)

    def _talk(self) -> None:
        publisher = Publisher(self._kafka, Status, **{"message.timeout.ms": 3000, "error_cb": lambda _error: None})
        schemas, commands = SchemaStore(self._kafka), quiet_consumer(self._kafka, f"control-{self._instance}")
        due = 0.0
        self._talking = True
        try:
            # What is told to one that was heard is for it.
            commands.assign([from_now(commands, name(self._kafka, topics.COMMANDS), _ANSWER_S)])
            while not self._over.is_set():
                self._age.look()
                for message in _read(commands):
                    due = self._hear(schemas, message.value(), due)
                if time.monotonic() >= due:
                    due = time.monotonic() + 1
                    self._publish(publisher, self._status("running"))
                self._publish_next_end(publisher)
            self._publish(publisher, self._status("stopped"))
            publisher.flush(1)
        finally:
            commands.close()

    def _publish_next_end(self, publisher: Publisher) -> None:
        """Waits a moment for one. What could not be told at once is no news: it lives again by now."""
        try:
            died = self._ends.get(timeout=0.1)
        except Empty:
            return
        if (now() - died.time).total_seconds() < _AT_ONCE_S:
            self._publish(publisher, died)

    def _publish(self, publisher: Publisher, status: Status) -> None:
        publisher.send_or_drop(topics.STATUS, status, status.instance)

    def _hear(self, schemas: SchemaStore, value: bytes | None, due: float) -> float:
        """Obey a command; returns when the next heartbeat is due, which tells the outcome."""
        try:
            command = schemas.decode(Command, value)
        except Unreadable as problem:
            log.warning("a command cannot be read: %s", problem)
            return due
        if command.target not in (self._instance, PROGRAM, EVERYBODY):
            return due
        outcome = "done: nothing to do"
        if self._age.too_old(command):
            outcome = "refused: the deadline had passed before it was read"
        elif command.verb == "stop":
            self._stop.set()
            outcome = "done: stopping its programs"
        elif command.target != EVERYBODY:
            outcome = "refused: a supervisor accepts only stop"
        self._answered = command.id, outcome
        return 0.0

    def _status(self, state: str) -> Status:
        command, outcome = self._answered
        return Status(
            program=PROGRAM,
            instance=self._instance,
            time=now(),
            state=state,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=VERSION,
            rate=0.0,
            lag=-1,
            memory=psutil.Process().memory_info().rss,
            note=self.note,
            figures={**self.figures},
            command=command,
            outcome=outcome,
        )


def _read(commands: Consumer) -> list[Message]:
    """What has come. A supervisor that may not read commands can still tell who died: it says so, and goes on."""
    try:
        return list(records(commands.consume(100, timeout=0)))
    except AccessRefused as problem:
        log.warning("the supervisor hears no commands: %s", problem)
        return []
