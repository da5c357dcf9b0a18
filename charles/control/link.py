"""A program's link to the others: its heartbeat, the configuration, and its commands.

All three are topics, so programs can run on different machines. A program calls its Link in every iteration of its
loop, so a missing heartbeat means that the loop hangs.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import psutil
from confluent_kafka import Message, TopicPartition

from charles import topics
from charles.avro.codec import SchemaUnavailable, Unreadable
from charles.base.logs import redacted
from charles.base.shutdown import Stop
from charles.config import differences
from charles.control import config_topic
from charles.control.command_age import CommandAge
from charles.control.config_topic import Epoch
from charles.events import Command, Status, now
from charles.kafka import acls
from charles.kafka.clients import answers, consumer, name
from charles.kafka.process_state import process
from charles.kafka.publisher import Publisher
from charles.kafka.reading import from_now, records
from charles.kafka.schemas import SchemaStore
from charles.pacing import Every, Rate
from charles.settings import Settings
from charles.version import VERSION

log = logging.getLogger(__name__)

VERBS = ("pause", "resume", "unstuck", "checkpoint", "reload", "stop")
EVERYBODY = "all"
_FOR_ALL = ("pause", "resume", "reload", "stop")
_ANSWER_S = 10.0
_SCHEMA_S = 1.0
_ASK_AGAIN_S = 5.0
"""Until a schema that nobody could be asked for is asked for again: the program's loop waits meanwhile."""

RestartKey = Callable[[Settings], Any]


def nothing(_settings: Settings) -> None:
    """The restart key of a program that no change restarts."""


class Link:
    """Publishes a Status each second, follows the configuration, obeys commands.

    settings: with the configuration that holds now; paused: whether it was commanded to pause; rate: what it handles
    per second; process: what all clients of the process share. Each begin() starts a life of the program. When it must
    restart, should_end() returns true; it ends cleanly and begins again.
    """

    def __init__(
        self,
        settings: Settings,
        program: str,
        instance: str,
        stop: Stop,
        *,
        verbs: Collection[str] = (),
        restart_key: RestartKey = nothing,
    ) -> None:
        """verbs: commands that it accepts besides the common ones; restart_key: the part of the settings whose change
        restarts it; it reads everything else from `settings` as it runs. Raises AccessRefused where the cluster does
        not let this user do the program's work, KafkaException or TimeoutError where the configuration cannot be
        read."""
        acls.require(settings.kafka, program)
        self.process = process
        self.program = program
        self.instance = instance
        self.rate = Rate()
        self.paused = False
        self._stop = stop
        self._verbs = {*verbs, *_FOR_ALL}
        self._restart_key = restart_key
        self._restart = ""
        self._pending: dict[str, tuple[Command, float]] = {}
        self._age = CommandAge(process.outages)
        self._answered = "", ""
        self._own = psutil.Process()
        self._beating = Every(1.0)
        self._publisher = Publisher(
            settings.kafka, Status, **{"message.timeout.ms": 3000, "queue.buffering.max.kbytes": 256}
        )
        self._schemas = SchemaStore(settings.kafka, _SCHEMA_S)
        self._ask_again = -math.inf
        self._epochs = config_topic.read(settings.kafka)
        self.settings = config_topic.under(settings, self._epochs.newest)
        self._lived_under = self.settings
        self._last = self._status("starting", -1, "", {})
        self._names = {name(settings.kafka, topic): topic for topic in (topics.CONFIG, topics.COMMANDS)}
        self._follower = consumer(settings.kafka, f"control-{instance}")
        # What is told to a program that has just said "starting" is for it.
        commands = from_now(self._follower, name(settings.kafka, topics.COMMANDS), _ANSWER_S)
        config = TopicPartition(name(settings.kafka, topics.CONFIG), 0, self._epochs.position)
        self._follower.assign([config, commands])

    def __enter__(self) -> Self:
        self.beat("starting", force=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        failed = kind is not None and not issubclass(kind, KeyboardInterrupt | SystemExit)
        why = redacted(str(error)) if failed else ""
        self._publish(self._status("failed" if failed else "stopped", -1, why, {}))
        self._publisher.flush(1.0)
        self._follower.close()

    def begin(self) -> Settings:
        """Begin a life with the current configuration; returns the settings."""
        self._restart = ""
        self._lived_under = self.settings
        return self.settings

    def should_end(self, wait_s: float = 0.0) -> bool:
        """Whether this life is over, because the program must stop or restart. Waits up to wait_s for a stop signal."""
        return bool(self._restart) or self._stop(wait_s)

    @property
    def epochs(self) -> Sequence[Epoch]:
        """Every configuration so far, oldest first; the last one is current."""
        return self._epochs.held

    @property
    def stopped(self) -> bool:
        """Whether the program must end, not only restart."""
        return self._stop()

    def wait_for_broker(self) -> None:
        """Return once the cluster answers, or this life is over. The outage log reports the outage."""
        while not self.should_end() and not answers(self._follower):
            self.beat("waiting", note="for the broker")

    def beat(
        self,
        state: str,
        *,
        lag: int = -1,
        note: str = "",
        force: bool = False,
        model: str = "",
        batch: int = -1,
        starving: Collection[str] = (),
        figures: Mapping[str, float] | None = None,
    ) -> bool:
        """Handle changes and commands; publish a Status if the last one is a second old. Returns whether one was
        published.

        state: starting, waiting, running, paused, stopped or failed; lag: unread messages, -1 unknown; model, batch: in
        use; starving: what it waits for; figures: its own numbers, by name. Raises AccessRefused where this user may
        not read the configuration or the commands any more.
        """
        self._look()
        if not self._beating.due() and not force:
            return False
        if self._restart:
            state, note = "starting over", self._restart
        status = self._status(state, lag, note, dict(figures or {}))
        self._publish(replace(status, model=model, batch=batch, starving=list(starving)))
        return True

    def asked(self, verb: str) -> Command | None:
        """A command of this kind that waits for its answer, if there is one. It must be answered."""
        return next((command for command, _ in self._pending.values() if command.verb == verb), None)

    def answer(self, command: Command, outcome: str) -> None:
        """Publish the outcome of a command at once."""
        self._pending.pop(command.id, None)
        log.info("%s, commanded by %s: %s", command.verb, command.author, outcome)
        self._answered = command.id, outcome
        self._publish(replace(self._last, time=now(), command=command.id, outcome=outcome))

    def _look(self) -> None:
        if time.monotonic() < self._ask_again:
            return
        self._age.look()
        arrived = records(self._follower.consume(100, timeout=0))
        for message in arrived:
            try:
                self._take(message)
            except SchemaUnavailable as problem:
                self.process.outages.warn("schema", f"the configuration and commands wait: {problem}")
                self._ask_again = time.monotonic() + _ASK_AGAIN_S
                self._read_again([message, *arrived])
        late = [command for command, until in self._pending.values() if time.monotonic() > until]
        for command in late:
            self.answer(command, "failed: it could not be done in time")

    def _read_again(self, messages: list[Message]) -> None:
        """Go back to the first of them in each topic."""
        for first in {message.topic(): message for message in reversed(messages)}.values():
            self._follower.seek(TopicPartition(str(first.topic()), 0, first.offset() or 0))

    def _take(self, message: Message) -> None:
        if self._names[str(message.topic())] is topics.CONFIG:
            if config_topic.take(self._epochs, self._schemas, message.offset() or 0, message.value()):
                self._adopt()
            return
        try:
            command = self._schemas.decode(Command, message.value())
        except Unreadable as problem:
            log.warning("a command cannot be read: %s", problem)
            return
        if command.target in (self.instance, self.program, EVERYBODY):
            self._obey(command)

    def _adopt(self) -> None:
        """Apply the newest configuration; if the change needs a restart, this life is over."""
        newest, before = self._epochs.newest, self.settings.config
        self.settings = config_topic.under(self.settings, newest)
        words = ", ".join(f"{field}={new}" for field, _, new in differences(before, newest.config))
        log.info("configuration %d, set by %s: %s", newest.number, newest.author, words)
        if self._restart_key(self.settings) != self._restart_key(self._lived_under):
            self._restart = f"for configuration {newest.number}: {words}"

    def _obey(self, command: Command) -> None:
        if command.verb not in self._verbs:
            self.answer(
                command, f"refused: a {self.program} accepts only {', '.join(v for v in VERBS if v in self._verbs)}"
            )
        elif self._age.too_old(command):
            self.answer(command, "refused: the deadline had passed before it was read")
        elif command.verb not in _FOR_ALL:
            self._pending[command.id] = command, time.monotonic() + self._age.allowed_s(command)
        else:
            outcome = "done"
            if command.verb in ("pause", "resume"):
                self.paused = command.verb == "pause"
            elif command.verb == "reload":
                self._restart = f"commanded by {command.author}"
            else:
                self._stop.set()
                outcome = "done: stopping"
            self.answer(command, outcome)

    def _status(self, state: str, lag: int, note: str, figures: dict[str, float]) -> Status:
        command, outcome = self._answered
        return Status(
            program=self.program,
            instance=self.instance,
            time=now(),
            state=state,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=VERSION,
            rate=self.rate.per_second(),
            lag=lag,
            memory=self._own.memory_info().rss,
            note=note,
            figures=figures,
            epoch=self.settings.epoch,
            command=command,
            outcome=outcome,
        )

    def _publish(self, status: Status) -> None:
        self._last = status
        for sink in self.process.status_sinks:
            sink(status)
        self._publisher.send_or_drop(topics.STATUS, status, self.instance)
