"""Sends commands to running programs and collects the outcomes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from charles import topics
from charles.control.config_topic import author
from charles.control.link import EVERYBODY, VERBS
from charles.control.members import ENDED, STARTING, STARTING_S, Member
from charles.control.status_topic import StatusTopic
from charles.events import Command, now
from charles.kafka.clients import BrokerUnavailable
from charles.kafka.publisher import Publisher
from charles.settings import Kafka

_LIVES_S = 10.0
_LAST_WORD_S = 1.5
"""A program that could not finish in time says so only after the deadline."""


class NoCommand(RuntimeError):
    """The command or its target is invalid; the message lists the valid ones."""


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """The outcome of a command at one instance. outcome: its answer; done: whether it carried out the command."""

    instance: str
    program: str
    outcome: str

    @property
    def done(self) -> bool:
        return self.outcome.startswith("done")


def give(kafka: Kafka, target: str, verb: str, deadline_s: float) -> Iterator[CommandOutcome]:
    """Send a command to a target (an instance, a program, or all); yields each outcome as it comes.

    At the deadline, yields an outcome for each instance that did not answer. Raises NoCommand, BrokerUnavailable,
    TimeoutError.
    """
    if verb not in VERBS:
        raise NoCommand(f"{verb}: no such command; choose from: {', '.join(VERBS)}")
    with StatusTopic(kafka) as heartbeats:
        heartbeats.catch_up(deadline_s)
        told = _told(heartbeats, target)
        command = _command(target, verb, deadline_s)
        _publish(kafka, command, deadline_s)
        yield from _answers(heartbeats, told, command)


def lives(member: Member, at: datetime) -> bool:
    """Whether an answer can be expected. One that has just become silent is still asked, because it may hang."""
    patience_s = STARTING_S if member.status.state in STARTING else _LIVES_S
    return member.status.state not in ENDED and member.silent_s(at) < patience_s


def _told(heartbeats: StatusTopic, target: str) -> dict[str, str]:
    """The instances that a target names, with their programs. Raises NoCommand if there are none."""
    living = {
        member.status.instance: member.status.program for member in heartbeats.members if lives(member, heartbeats.at)
    }
    told = {name: program for name, program in living.items() if target in (name, program, EVERYBODY)}
    if told:
        return told
    if not living:
        raise NoCommand("no program is running; start one first")
    names = ", ".join([*sorted({*living.values()}), *sorted(living), EVERYBODY])
    raise NoCommand(f"no running program is named {target}; choose from: {names}")


def _command(target: str, verb: str, deadline_s: float) -> Command:
    given = now()
    deadline = given + timedelta(seconds=deadline_s)
    return Command(f"{verb}-{secrets.token_hex(3)}", target, verb, given, deadline, author())


def _publish(kafka: Kafka, command: Command, timeout_s: float) -> None:
    publisher = Publisher(kafka, Command)
    publisher.send(topics.COMMANDS, command, command.target)
    if publisher.flush(timeout_s):
        raise BrokerUnavailable(f"the command could not be published to {kafka.bootstrap_servers}")


def _answers(heartbeats: StatusTopic, waiting: dict[str, str], command: Command) -> Iterator[CommandOutcome]:
    over = time.monotonic() + (command.deadline - command.time).total_seconds() + _LAST_WORD_S
    while waiting and time.monotonic() < over:
        for status in heartbeats.read(0.1):
            if status.command == command.id:
                if waiting.pop(status.instance, None):
                    yield CommandOutcome(status.instance, status.program, status.outcome)
            elif status.instance in waiting and status.state in ENDED:
                del waiting[status.instance]
                yield CommandOutcome(status.instance, status.program, f"failed: it {status.state} before it answered")
    for instance, program in waiting.items():
        yield CommandOutcome(instance, program, "no answer came in time")
