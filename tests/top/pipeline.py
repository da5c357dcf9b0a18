"""A pipeline as those who watch it see it: its events, without its programs."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from charles.avro.codec import schema
from charles.control.members import Incident, Member
from charles.events import RunLedger, Status, now
from charles.kafka.publisher import Publisher
from charles.settings import Kafka
from charles.top.pipeline_view import PipelineSight
from charles.topics import Topic


def status(program: str = "collector", number: int = 1, *, ago_s: float = 0.0, **values: Any) -> Status:
    """A heartbeat as a program gives it that does well."""
    plain = Status(
        program=program,
        instance=f"{program}-{number}",
        time=now() - timedelta(seconds=ago_s),
        state="running",
        host="here",
        pid=100 + number,
        version="0.2.0",
        rate=30.0,
        lag=-1,
        memory=300 << 20,
        note="",
    )
    return replace(plain, **values)


def member(program: str = "collector", number: int = 1, *, ago_s: float = 0.0, **values: Any) -> Member:
    told = status(program, number, ago_s=ago_s, **values)
    return Member(told, told.time, {(told.host, told.pid): (told.time, told.time)})


def trainer(**values: Any) -> Member:
    """One that has learned."""
    figures = {"buffer_steering": 60, "buffer_capacity": 84, "loss": 0.0312, "checkpoint": 300, "buffered": 60}
    return member("trainer", model="pilot", batch=321, **{"figures": figures} | values)


def ledger(collector: str = "collector-1", seen: int = 1000, **values: Any) -> RunLedger:
    """Of a run whose ticks were all surplus, as far as nothing else is said."""
    of_kind: dict[str, Any] = {"array": [], "map": {}}
    empty: dict[str, Any] = {
        field["name"]: of_kind.get(field["type"]["type"], 0) if isinstance(field["type"], dict) else 0
        for field in schema(RunLedger)["fields"]
    }
    known = {"collector": collector, "run": "run", "time": now(), "seen": seen, "settled": seen - 1, "surplus": seen}
    return RunLedger(**{field.name: (empty | known | values)[field.name] for field in fields(RunLedger)})


def sight(*members: Member, **values: Any) -> PipelineSight:
    """What is seen of these programs."""
    plain = PipelineSight(
        at=now(),
        cluster="charles at 127.0.0.1:9092",
        away_s=0.0,
        members=[*members],
        incidents=[],
        ledgers=[],
        losses={},
        pace={},
        dead_letters=[],
    )
    return replace(plain, **values)


def died(words: str, instance: str = "collector-1") -> Incident:
    return Incident(now(), instance, "died", words)


def publish(kafka: Kafka, topic: Topic, *events: Any, key: str = "key") -> None:
    publisher = Publisher(kafka, *{type(event) for event in events})
    for event in events:
        publisher.send(topic, event, key)
    assert publisher.flush() == 0
