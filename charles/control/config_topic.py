"""The topic `config`: the history of configurations, and how to set a new one.

A change names the epoch that it is based on, and is valid only if that epoch is still current when it arrives
(optimistic locking). So two simultaneous changes cannot silently undo each other: every reader comes to the same
result, and the second change is retried on top of the first.
"""

from __future__ import annotations

import getpass
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from charles import config, topics
from charles.avro.codec import Unreadable
from charles.base.typed_sections import ConfigError
from charles.config import Config
from charles.events import ConfigChange, now
from charles.kafka.clients import BrokerUnavailable, name
from charles.kafka.publisher import Publisher
from charles.kafka.reading import read_to_end
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka, Settings

log = logging.getLogger(__name__)

SCOPE = "pipeline"
DEFAULTS = -1
_PATIENCE_S = 10.0
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Epoch:
    """A past or current configuration. number: its offset, -1 for the defaults."""

    number: int
    config: Config
    time: datetime | None = None
    author: str = ""


@dataclass(slots=True)
class Epochs:
    """Every configuration so far, oldest first, beginning with the defaults. position: the next offset to read."""

    held: list[Epoch] = field(default_factory=lambda: [Epoch(DEFAULTS, Config())])
    position: int = 0

    @property
    def newest(self) -> Epoch:
        return self.held[-1]

    def numbered(self, number: int) -> Epoch:
        """The epoch of this number. Raises ConfigError, which lists the epochs."""
        for epoch in self.held:
            if epoch.number == number:
                return epoch
        there = ", ".join(str(epoch.number) for epoch in self.held)
        raise ConfigError(f"there is no epoch {number}; choose from: {there}")

    def take(self, offset: int, change: ConfigChange) -> bool:
        """Read one change; returns whether it is valid. Raises ConfigError for one that this version does not
        accept."""
        self.position = offset + 1
        if change.scope != SCOPE or change.replaces != self.newest.number:
            return False
        self.held.append(Epoch(offset, config.from_json(change.document), change.time, change.author))
        return True


def read(kafka: Kafka) -> Epochs:
    """Read everything up to the topic's current end. Unusable records are skipped with a warning.

    Raises what read_to_end() raises.
    """
    epochs, schemas = Epochs(), SchemaStore(kafka)
    for message in read_to_end(kafka, name(kafka, topics.CONFIG)):
        take(epochs, schemas, message.offset() or 0, message.value())
    return epochs


def take(epochs: Epochs, schemas: SchemaStore, offset: int, value: bytes | None) -> bool:
    """Read one record; returns whether the configuration changed. Unusable records are skipped."""
    try:
        return epochs.take(offset, schemas.decode(ConfigChange, value))
    except (ConfigError, Unreadable) as problem:
        epochs.position = offset + 1
        reason = " ".join(str(problem).split())
        log.warning("the configuration at offset %d is invalid, keeping the one before it: %s", offset, reason)
        return False


def put(kafka: Kafka, change: Callable[[Config], Config]) -> Epoch:
    """Change the current configuration; returns the epoch afterwards, which is the old one if nothing changed.

    Raises ConfigError, BrokerUnavailable, and what read() raises.
    """
    publisher = Publisher(kafka, ConfigChange)
    for _ in range(_TRIES):
        newest = read(kafka).newest
        wanted = change(newest.config)
        if wanted == newest.config:
            return newest
        event = ConfigChange(SCOPE, now(), author(), newest.number, wanted.model_dump_json())
        publisher.send(topics.CONFIG, event, SCOPE)
        if publisher.flush(_PATIENCE_S):
            raise BrokerUnavailable(f"the change could not be published to {kafka.bootstrap_servers}")
        holds = read(kafka).held
        if any(epoch.number > newest.number and epoch.config == wanted for epoch in holds):
            return holds[-1]
        time.sleep(0.1)  # somebody else was quicker: on top of what is there now
    raise BrokerUnavailable(f"the configuration was changed {_TRIES} times by others in the meantime; try again")


def under(settings: Settings, epoch: Epoch) -> Settings:
    """The settings with this configuration."""
    return settings.model_copy(update={"config": epoch.config, "epoch": epoch.number})


def author() -> str:
    """The author of a change or a command: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
