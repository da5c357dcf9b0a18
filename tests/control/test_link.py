"""A program's link to everybody else, on a real broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from charles import topics
from charles.control.link import Link
from charles.events import Status
from charles.kafka.publisher import Publisher
from charles.settings import Kafka, Settings, load
from tests.kafka_tools import events
from tests.patience import PATIENCE_S
from tests.programs import StopWhen, configure, give


@contextmanager
def linked(kafka: Kafka, **how: Any) -> Iterator[Link]:
    with Link(load(kafka=kafka.model_dump()), "balancer", "balancer-1", StopWhen(), **how) as link:
        link.begin()
        yield link


def beat_until(link: Link, true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        link.beat("running")
        time.sleep(0.01)


def outcome(kafka: Kafka, command: str) -> str | None:
    """What a program said of a command."""
    return next((s.outcome for s in events(kafka, topics.STATUS, Status) if s.command == command), None)


def test_a_program_begins_with_the_configuration_that_holds(kafka: Kafka) -> None:
    epoch = configure(kafka, {"balance": {"bins": 11}})
    with linked(kafka) as link:
        assert link.settings.config.balance.bins == 11
        assert link.settings.epoch == epoch.number
    assert events(kafka, topics.STATUS, Status)[-1].epoch == epoch.number


def test_a_change_is_followed_and_ends_a_life_only_where_it_concerns_the_program(kafka: Kafka) -> None:
    def bins(settings: Settings) -> int:
        return settings.config.balance.bins

    with linked(kafka, restart_key=bins) as link:
        configure(kafka, {"play": {"swap": "at once"}})
        beat_until(link, lambda: link.settings.config.play.swap == "at once")
        assert not link.should_end()
        epoch = configure(kafka, {"balance": {"bins": 11}})
        beat_until(link, link.should_end)
        assert not link.stopped
        assert link.begin().epoch == epoch.number
        assert not link.should_end()
    said = [status for status in events(kafka, topics.STATUS, Status) if status.state == "starting over"]
    assert [status.note for status in said][:1] in ([], [f"for configuration {epoch.number}: balance.bins=11"])


def test_a_change_that_cannot_be_used_changes_nothing(kafka: Kafka) -> None:
    with linked(kafka, restart_key=lambda settings: settings.config) as link:
        publisher = Publisher(kafka)
        publisher.send_bytes(topics.CONFIG, "pipeline", b"junk")
        publisher.flush()
        configure(kafka, {"balance": {"bins": 11}})
        beat_until(link, link.should_end)
        assert link.settings.config.balance.bins == 11


def test_pause_resume_reload_and_stop_are_obeyed_by_every_program(kafka: Kafka) -> None:
    with linked(kafka) as link:
        pause = give(kafka, "balancer-1", "pause")
        beat_until(link, lambda: link.paused)
        resume = give(kafka, "balancer", "resume")
        beat_until(link, lambda: not link.paused)
        reload = give(kafka, "all", "reload")
        beat_until(link, link.should_end)
        assert not link.stopped
        link.begin()
        stop = give(kafka, "balancer-1", "stop")
        beat_until(link, link.should_end)
        assert link.stopped
    assert [outcome(kafka, command) for command in (pause, resume, reload)] == ["done"] * 3
    assert outcome(kafka, stop) == "done: stopping"


def test_others_commands_are_left_alone_and_what_a_program_cannot_do_is_refused(kafka: Kafka) -> None:
    with linked(kafka) as link:
        other = give(kafka, "balancer-2", "stop")
        unable = give(kafka, "balancer-1", "checkpoint")
        nonsense = give(kafka, "balancer-1", "dance")
        beat_until(link, lambda: outcome(kafka, nonsense))
        assert not link.should_end()
    assert outcome(kafka, other) is None
    for refused in (unable, nonsense):
        assert outcome(kafka, refused) == "refused: a balancer accepts only pause, resume, reload, stop"


def test_a_command_that_takes_its_time_is_answered_once_it_is_done(kafka: Kafka) -> None:
    with linked(kafka, verbs=("checkpoint",)) as link:
        told = give(kafka, "balancer-1", "checkpoint")
        beat_until(link, lambda: link.asked("checkpoint"))
        assert outcome(kafka, told) is None
        command = link.asked("checkpoint")
        assert command is not None
        link.answer(command, "done: checkpoint 300")
        assert link.asked("checkpoint") is None
        link._publisher.flush()
        assert outcome(kafka, told) == "done: checkpoint 300"


def test_a_deadline_that_has_passed_is_said_to_have(kafka: Kafka) -> None:
    with linked(kafka, verbs=("checkpoint",)) as link:
        late = give(kafka, "balancer-1", "stop", seconds=-1)
        slow = give(kafka, "balancer-1", "checkpoint", seconds=1.5)
        beat_until(link, lambda: outcome(kafka, slow))
        assert not link.should_end()
    assert outcome(kafka, late) == "refused: the deadline had passed before it was read"
    assert outcome(kafka, slow) == "failed: it could not be done in time"


def test_commands_of_before_its_start_are_not_obeyed(kafka: Kafka) -> None:
    give(kafka, "all", "stop")
    with linked(kafka) as link:
        paused = give(kafka, "balancer-1", "pause")
        beat_until(link, lambda: link.paused)
        assert not link.should_end()
        link._publisher.flush()
        assert outcome(kafka, paused) == "done"


def test_the_last_heartbeat_says_how_it_ended(kafka: Kafka) -> None:
    with linked(kafka):
        pass
    try:
        with linked(kafka):
            raise RuntimeError("the wheel came off")
    except RuntimeError:
        pass
    ends = [s for s in events(kafka, topics.STATUS, Status) if s.state in ("stopped", "failed")]
    assert [(status.state, status.note) for status in ends] == [("stopped", ""), ("failed", "the wheel came off")]
