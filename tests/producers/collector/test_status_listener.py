"""What a collector hears of others."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace

import pytest

from charles import topics
from charles.events import Control, Status
from charles.settings import Kafka
from producers.collector.status_listener import BEGAN, RIVAL_S, STARVING_S, Heard, Process, StatusListener
from tests.kafka_tools import events
from tests.logged import until
from tests.programs import heard, running
from tests.top.pipeline import publish, status

ME = Process(1000.0, "here", 7)
WHO = "collector-1"


def other(began: float, pid: int = 8, **values: object) -> Status:
    return replace(status(figures={BEGAN: began}), host="there", pid=pid, **values)  # type: ignore[arg-type]


def balancer(number: int, *names: str, state: str = "running") -> Status:
    return status("balancer", number, starving=list(names), state=state)


def told(*beats: tuple[Status, float]) -> Heard:
    found = Heard(WHO, ME)
    for beat, at in beats:
        found.take(beat, at)
    return found


def test_several_balancers_starve_together_each_by_its_newest_word() -> None:
    found = told((balancer(1, "steering 1"), 0), (balancer(2, "braking 1"), 1), (balancer(1, "steering -1"), 1))
    assert sorted(found.starving(1)) == ["braking 1", "steering -1"]


def test_what_was_said_some_seconds_ago_or_by_one_that_rests_holds_no_more() -> None:
    assert told((balancer(1, "steering 1"), 0)).starving(STARVING_S - 0.1) == ["steering 1"]
    assert told((balancer(1, "steering 1"), 0)).starving(STARVING_S) == []
    assert told((balancer(1, "steering 1"), 0), (balancer(1, "steering 1", state="paused"), 1)).starving(1) == []


def test_what_a_trainer_waits_for_is_no_bin() -> None:
    assert told((status("trainer", starving=["steering"]), 0)).starving(0) == []


def test_whoever_began_first_comes_first() -> None:
    assert told((other(999), 0)).rivals(0) < [ME]
    assert told((other(1001), 0)).rivals(0) > [ME]
    two = told((other(1001, pid=9), 0), (other(998, pid=8), 0)).rivals(0)
    assert [rival.pid for rival in two] == [8, 9]


def test_two_that_began_together_agree_who_comes_first() -> None:
    (rival,) = told((other(ME.began), 0)).rivals(0)
    assert (rival < ME) != (rival > ME)


def test_a_process_that_ended_or_fell_silent_is_no_rival() -> None:
    assert told((other(999), 0)).rivals(RIVAL_S) == []
    assert told((other(999), 0), (other(999, state="stopped"), 1)).rivals(1) == []


@pytest.mark.parametrize(
    "beat",
    [
        replace(other(999), host=ME.host, pid=ME.pid),
        replace(other(999), instance="collector-2"),
        replace(other(999), program="player"),
        replace(other(999), state="died"),
        replace(other(999), figures={}),
    ],
)
def test_oneself_others_and_the_dead_are_no_rivals(beat: Status) -> None:
    assert told((beat, 0)).rivals(0) == []


def test_it_hears_from_now_on_and_never_waits(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, balancer(1, "steering 1"))
    with closing(StatusListener(kafka, WHO)) as hearing:
        took = []

        def hears() -> bool:
            publish(kafka, topics.STATUS, balancer(2, "braking 1"))
            began = time.monotonic()
            hearing.listen()
            took.append(time.monotonic() - began)
            return bool(hearing.starving)

        until(hears)
        assert hearing.starving == ["braking 1"]
        assert sorted(took)[len(took) // 2] < 0.01


@pytest.mark.slow
def test_of_two_collectors_of_one_name_the_later_one_stands_aside_until_the_other_is_gone(kafka: Kafka) -> None:
    config = {"game": "carracing"}
    with running("collect", kafka, config, collector={"name": WHO}) as first:
        heard(kafka, lambda said: said.pid == first.pid and said.state == "running")
        with running("collect", kafka, collector={"name": WHO}) as second:
            aside = heard(kafka, lambda said: said.pid == second.pid and said.state == "waiting")
            assert f"process {first.pid} on" in aside.note
            before = len(events(kafka, topics.CONTROLS, Control))
            until(lambda: len(events(kafka, topics.CONTROLS, Control)) > before + 30)
            driven = [control.run for control in events(kafka, topics.CONTROLS, Control)]
            assert len(set(driven[before:])) == 1
            first.kill()
            killed = time.monotonic()
            heard(kafka, lambda said: said.pid == second.pid and said.state == "running", from_now=True)
            assert time.monotonic() - killed < 10
        assert events(kafka, topics.CONTROLS, Control)[-1].run not in driven
