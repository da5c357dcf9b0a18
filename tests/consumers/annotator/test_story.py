"""What is worth an annotation, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from charles.checkpoints.identity import STATE, WEIGHTS
from charles.config import Config, changed
from charles.events import Checkpoint, ConfigChange, DeadLetter, Status
from consumers.annotator.story import Story
from infra.grafana.client import Annotation

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=20)


def manifest(batch: int = 100, **facts: Any) -> Checkpoint:
    plain = Checkpoint(
        model="pilot", line="pilot", kind=WEIGHTS, batch=batch, artefact=f"pilot@{batch}", architecture="a",
        picture_width=480, picture_height=270, time=NOON, first_offset=0, chunks=3, size=1_234_567, sha256="", code="",
        spans=[], parents=[], epoch=4,
    )  # fmt: skip
    return replace(plain, **facts)


def beat(instance: str, state: str = "running", **facts: Any) -> Status:
    plain = Status(
        program=instance.partition("-")[0], instance=instance, time=NOON, state=state, host="here", pid=11, version="1",
        rate=30.0, lag=0, memory=1, note="",
    )  # fmt: skip
    return replace(plain, **facts)


def letter(reason: str, time: datetime = NOON) -> DeadLetter:
    return DeadLetter("charles.frames", 0, 7, time, reason, "balancer", None, {}, b"", 0, "")


def told(story: Story, *events: Any) -> list[Annotation]:
    return [one for offset, event in enumerate(events) for one in story.take(offset, event)]


def texts(annotations: list[Annotation]) -> list[str]:
    return [one.text for one in annotations]


def test_a_checkpoint_is_told_at_its_own_time_and_the_trainers_state_is_not() -> None:
    [one] = told(Story(), manifest(kind=STATE), manifest())
    assert one == Annotation(
        NOON, "checkpoint pilot@100, 1.2 MiB, epoch 4", ("checkpoint", "model:pilot", "line:pilot")
    )


def test_another_line_of_the_same_model_is_told_once() -> None:
    words = texts(told(Story(), manifest(), manifest(200, line="deep"), manifest(300, line="deep")))
    assert [word for word in words if "line" in word] == ["pilot changed from line pilot to deep"]
    assert len(words) == 4


def test_a_change_of_the_configuration_is_told_by_what_differs_and_who_did_it() -> None:
    first = changed(Config(), ["balance.bins=11"])
    second = changed(first, ["outputs=steering"])
    one, other = told(
        Story(),
        ConfigChange("pipeline", NOON, "ann@attic", -1, first.model_dump_json()),
        ConfigChange("pipeline", LATER, "bob@garage", 0, second.model_dump_json()),
    )
    assert one == Annotation(NOON, "config epoch 0 by ann@attic: balance.bins 21 -> 11", ("config",))
    assert other.time == LATER
    assert other.text.startswith("config epoch 1 by bob@garage: outputs [")
    assert other.tags == ("config", "line")


def test_a_change_that_does_not_hold_is_not_told() -> None:
    document = changed(Config(), ["balance.bins=11"]).model_dump_json()
    too_late = ConfigChange("pipeline", NOON, "ann@attic", 99, document)
    unknown = ConfigChange("pipeline", NOON, "ann@attic", -1, '{"nonsense": 1}')
    assert told(Story(), too_late, unknown) == []


def test_a_period_of_training_goes_on_where_samples_are_waited_for_and_ends_with_the_trainer() -> None:
    words = texts(
        told(
            Story(),
            beat("trainer-1", "starting"),
            beat("trainer-1", "waiting"),
            beat("trainer-1", "running", model="pilot", batch=100),
            beat("trainer-1", "waiting", model="pilot", batch=150),
            beat("trainer-1", "running", model="pilot", batch=150),
            beat("trainer-1", "stopped"),
        )
    )
    assert words == ["trainer-1 started training pilot at batch 100", "trainer-1 stopped training: stopped"]


@pytest.mark.parametrize("state", ["paused", "starting", "starting over", "failed", "died"])
def test_a_period_of_training_ends_also(state: str) -> None:
    words = texts(told(Story(), beat("trainer-1", model="pilot", batch=5), beat("trainer-1", state)))
    assert words[-1] == f"trainer-1 stopped training: {state}"


def test_a_death_is_told_once_although_two_tell_it() -> None:
    annotations = told(
        Story(),
        beat("player-1"),
        beat("player-1", "failed", note="out of memory"),
        beat("player-1", "died", note="exit code 1: out of memory"),
        beat("player-1", "starting", pid=12),
        beat("player-1", "died", pid=12, note="exit code -9"),
    )
    assert texts(annotations) == ["player-1 failed: out of memory", "player-1 died: exit code -9"]
    assert annotations[0].tags == ("alarm", "player", "failed")


def test_ledgers_that_do_not_add_up_are_an_alarm_until_they_do() -> None:
    annotations = told(
        Story(),
        beat("balancer-1", figures={"broken_ledgers": 0.0}),
        beat("balancer-1", figures={"broken_ledgers": 1.0}),
        beat("balancer-1", figures={"broken_ledgers": 1.0}),
        beat("balancer-1", figures={"broken_ledgers": 2.0}),
        beat("balancer-1", figures={"broken_ledgers": 0.0}),
    )
    assert [(one.text.partition(";")[0], one.tags[0]) for one in annotations] == [
        ("balancer-1: 1 ledger does not add up", "alarm"),
        ("balancer-1: 2 ledgers do not add up", "alarm"),
        ("balancer-1: every ledger adds up again", "balancer"),
    ]


def test_of_dead_letters_that_differ_in_numbers_alone_one_a_minute_is_told() -> None:
    story = Story()
    many = [letter(f"tick {tick} has no picture", NOON + timedelta(seconds=tick)) for tick in range(130)]
    assert [one.time for one in told(story, *many)] == [NOON + timedelta(minutes=minute) for minute in range(3)]
    assert len(told(story, letter("another reason"))) == 1
