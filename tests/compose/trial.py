"""What is tried with a stack, and what must be seen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.compose.stack import Container, Failed, Stack, images, kill, memory

LARGEST = {"charles-slim": 500_000_000, "charles-full": 2_500_000_000}
"""What a collector's and a trainer's image may take, bytes."""
LEARNED_S = 600
HEALTHY_S = 120
SETTLED_S = 60
COLLECTORS = 5

_UNCLEAN = re.compile(r" (warning|error|critical) |Traceback| (WARN|ERROR|FATAL) |level=(warn|error)")
_USUAL = (
    "Performing controller activation. The metadata log appears to be empty",  # Kafka, when it is new
    "Topic '__consumer_offsets' already exists",  # Kafka, where two clients are the first to ask
    "no Grafana answers",  # the annotator, where Grafana comes later than it, or is left out
)


def all_of(stack: Stack) -> Iterator[str]:
    """Everything, in order; yields what was seen. Raises Failed for what should have been."""
    yield from comes_up(stack)
    yield from learns(stack)
    yield from is_clean(stack)
    yield from is_watched(stack)
    yield f"memory:\n{memory().rstrip()}"
    yield from survives(stack)
    yield from grows(stack)


def comes_up(stack: Stack) -> Iterator[str]:
    began = time.monotonic()
    stack.compose("build", "--quiet")
    yield f"built in {time.monotonic() - began:.0f} s"
    for name, size in images():
        yield f"{name}: {size / 1e6:.0f} MB"
        if size > LARGEST.get(name, size):
            raise Failed(f"{name} should be below {LARGEST[name] / 1e6:.0f} MB")
    began = time.monotonic()
    stack.up()
    yield f"healthy after {time.monotonic() - began:.0f} s"
    ran = {container.service for container in stack.containers()}
    if missing := {*stack.services} - ran:
        raise Failed(f"{', '.join(sorted(missing))} never ran")


def learns(stack: Stack) -> Iterator[str]:
    """The player drives with weights that the trainer published."""
    took = _wait("the player drives with a checkpoint", LEARNED_S, lambda: _batch(stack, "player") > 0)
    yield f"the player drives with batch {_batch(stack, 'player')}, {took:.0f} s later"


def is_clean(stack: Stack) -> Iterator[str]:
    """Nothing ended or was started again, and no log has a warning that is not usual."""
    for container in stack.containers():
        if container.restarts or not container.is_well:
            raise Failed(f"{container}, started again {container.restarts} times")
    lines = stack.compose("logs", "--no-color").splitlines()
    unclean = [line for line in lines if _UNCLEAN.search(line) and not any(words in line for words in _USUAL)]
    if unclean:
        raise Failed("\n".join(["the logs are not clean:", *unclean[:20]]))
    yield f"ps and {len(lines)} lines of logs are clean"


def is_watched(stack: Stack) -> Iterator[str]:
    """Prometheus finds every program that is heard, and the broker, and has the rules."""
    programs = len(_statuses(stack))
    _wait(f"Prometheus reaches {programs} programs and the broker", SETTLED_S, lambda: _watched(stack) == (programs, 1))
    rules = sum(len(group["rules"]) for group in stack.prometheus("rules").get("groups", []))
    if not rules:
        raise Failed("Prometheus has no rules")
    firing = sorted({alert["labels"]["alertname"] for alert in stack.prometheus("alerts")["alerts"]})
    yield f"Prometheus reaches {programs} programs and the broker; {rules} rules, alerts: {', '.join(firing) or 'none'}"


def survives(stack: Stack) -> Iterator[str]:
    """What runs is killed in turn: all is healthy again, every tick is accounted for, and training goes on."""
    for victim in [container for container in stack.containers() if container.state == "running"]:
        learned = _batch(stack, "player")  # of the weights that outlive whoever is killed
        kill(victim)
        took = _wait(f"all are healthy after {victim.name} was killed", HEALTHY_S, lambda: _is_back(stack, victim))  # noqa: B023
        _wait("the ledger adds up", SETTLED_S, lambda: stack.charles("ledger")[0] == 0)
        _wait(f"batches follow {learned}", HEALTHY_S, lambda: _goes_on(stack, learned))  # noqa: B023
        yield f"{victim.name} killed: healthy after {took:.0f} s, the ledger adds up, batch {_batch(stack, 'trainer')}"


def grows(stack: Stack) -> Iterator[str]:
    """More collectors: each has its own name, and has it still when its container is made anew."""
    names = {f"collector-{number}" for number in range(1, COLLECTORS + 1)}
    scale = ("--scale", f"collector={COLLECTORS}")
    stack.up(*scale)
    _wait(f"{', '.join(sorted(names))} drive", SETTLED_S, lambda: names <= _driving(stack))
    for words in ("their containers", "the same, made anew"):
        hosts = _hosts(stack)
        yield f"{words}: {', '.join(f'{name} in {hosts[name]}' for name in sorted(names))}"
        wrong = [name for name in names if not hosts[name].endswith(f"-{name}")]
        if wrong:
            raise Failed(f"{', '.join(wrong)}: not in the container of that name")
        if words == "their containers":
            stack.compose("up", "--detach", "--wait", "--no-deps", "--force-recreate", *scale, "collector")
            _wait("the new ones drive", SETTLED_S, lambda: _driving(stack) >= names and _hosts(stack).keys() >= names)
    yield from is_watched(stack)


def _is_back(stack: Stack, victim: Container) -> bool:
    now = stack.containers()
    again = any(one.name == victim.name and one.restarts > victim.restarts for one in now)
    return again and all(one.is_well for one in now)


def _statuses(stack: Stack) -> list[dict[str, Any]]:
    return list(stack.charles("status")[1].get("programs", []))


def _batch(stack: Stack, program: str) -> int:
    """The batch that a program has, -1 while nobody hears of it."""
    return max((int(one["batch"]) for one in _statuses(stack) if one["program"] == program), default=-1)


def _goes_on(stack: Stack, learned: int) -> bool:
    """Whether the trainer is past this batch. Raises Failed where it begins anew."""
    batch = _batch(stack, "trainer")
    if 0 < batch < learned:
        raise Failed(f"training began anew: batch {batch} comes after {learned}")
    return batch > learned


def _driving(stack: Stack) -> set[str]:
    return {one["instance"] for one in _statuses(stack) if one["state"] == "running" and one["well"]}


def _hosts(stack: Stack) -> dict[str, str]:
    """The container in which each instance runs that is well, by what it calls its host."""
    containers = {one.id[:12]: one.name for one in stack.containers()}
    return {one["instance"]: containers[one["host"]] for one in _statuses(stack) if one["host"] in containers}


def _watched(stack: Stack) -> tuple[int, ...]:
    """How many programs, and how many brokers, Prometheus reaches."""
    up = [one["labels"]["job"] for one in stack.prometheus("targets").get("activeTargets", []) if one["health"] == "up"]
    return up.count("charles"), up.count("kafka")


def _wait(what: str, patience_s: float, holds: Callable[[], bool]) -> float:
    """Wait until something holds; returns how long that took, in seconds. Raises Failed."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > patience_s:
            raise Failed(f"within {patience_s:g} s: {what}")
        time.sleep(2)
    return time.monotonic() - began
