"""Commands to programs that run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from charles import topics
from charles.control.command_client import give, lives
from charles.control.members import Member
from charles.events import Command, now
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.programs import heard, running
from tests.top.pipeline import member, publish, status


def test_a_program_obeys_from_its_first_heartbeat_on(kafka: Kafka) -> None:
    """Even in the moment in which it has only just said that it is there."""
    with running("balance", kafka):
        heard(kafka, lambda status: status.state == "starting")
        (answer,) = give(kafka, "balancer", "pause", 15.0)
        assert answer.done


def test_every_instance_answers_for_itself(kafka: Kafka) -> None:
    with running("balance", kafka), running("balance", kafka, balancer={"name": "balancer-2"}):
        for name in ("balancer-1", "balancer-2"):
            heard(kafka, lambda status, name=name: status.instance == name and status.state != "starting")
        assert {answer.instance for answer in give(kafka, "balancer", "pause", 15.0)} == {"balancer-1", "balancer-2"}
        assert [answer.instance for answer in give(kafka, "balancer-2", "resume", 15.0)] == ["balancer-2"]


def test_a_program_that_dies_before_it_answers_is_not_waited_for(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status())
    with ThreadPoolExecutor() as pool:
        answers = pool.submit(lambda: [*give(kafka, "collector-1", "pause", 200.0)])
        while not events(kafka, topics.COMMANDS, Command):
            assert not answers.done()
        publish(kafka, topics.STATUS, status(state="died", note="exit code -9"))
        assert [answer.outcome for answer in answers.result()] == ["failed: it died before it answered"]


def at_age(age_s: float, state: str = "running") -> Member:
    return member(ago_s=age_s, state=state)


def test_who_can_be_expected_to_answer() -> None:
    assert lives(at_age(1), now())
    assert lives(at_age(7), now())  # it may hang, and that it does not answer is then worth a line
    assert not lives(at_age(11), now())
    assert lives(at_age(20, "starting"), now())
    assert not lives(at_age(0, "stopped"), now() + timedelta(seconds=1))
