"""How old a command is, by one clock. Pure."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from charles.control import command_age
from charles.control.command_age import CommandAge
from charles.events import Command, now
from charles.kafka.outage_log import OutageLog


def command(sender_s: float, allowed_s: float = 10.0) -> Command:
    """One of a sender whose clock is so far ahead."""
    given = now() + timedelta(seconds=sender_s)
    return Command("id", "all", "stop", given, given + timedelta(seconds=allowed_s), "tester")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of this machine: what stands last."""
    told = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: told[-1])
    monkeypatch.setattr(command_age, "_passed_s", lambda: told[-1])
    return told


def looked(clock: list[float], *after_s: float) -> CommandAge:
    """After looks that are so far apart, while the broker answered."""
    outages = OutageLog()
    outages.over(clock[-1])
    age = CommandAge(outages)
    for seconds in after_s:
        clock.append(clock[-1] + seconds)
        outages.over(clock[-1])
        age.look()
    return age


@pytest.mark.parametrize("sender_s", [-7200.0, -60.0, 0.0, 60.0, 7200.0])
def test_whatever_its_sender_s_clock_says_one_that_just_came_is_young(clock: list[float], sender_s: float) -> None:
    assert not looked(clock, 0.1, 0.1).too_old(command(sender_s))
    assert CommandAge.allowed_s(command(sender_s)) == pytest.approx(10)


def test_a_program_that_hung_does_not_obey_what_it_was_told_long_before(clock: list[float]) -> None:
    hung = looked(clock, 0.1, 60.0)
    assert hung.too_old(command(-30))
    assert not hung.too_old(command(-5))


def test_while_the_broker_is_away_nobody_knows_what_comes(clock: list[float]) -> None:
    age = looked(clock, 0.1)
    for _ in range(60):  # it looks, and nobody answers
        clock.append(clock[-1] + 1.0)
        age.look()
    assert age.too_old(command(-30))
