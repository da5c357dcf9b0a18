"""A moment's name is never given twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from charles import topics
from charles.events import Control
from charles.kafka.clients import name, producer
from charles.recordings.format.reader import Recording
from charles.settings import Kafka
from producers.replayer.existing_runs_check import HeldAlready
from producers.replayer.resume_point import AnotherReplay
from tests.kafka_tools import events
from tests.producers.replayer.conftest import Replay
from tests.producers.replayer.driven import ALL, drive, recorded, recording, there


@pytest.mark.parametrize("topic", ["frames", "controls", "balanced"])
def test_what_holds_one_of_the_runs_is_refused(topic: str, source: Recording, target: Kafka, replay: Replay) -> None:
    replay(source, topics=[topic], until="+0.3s")
    before = there(target, topics.BALANCED), there(target, topics.FRAMES), there(target, topics.CONTROLS)
    with pytest.raises(HeldAlready, match=rf"\.{topic} already has run r1 of (garage|attic)") as told:
        replay(source)
    assert "(--new-run), replay to another --prefix, or" in str(told.value)
    assert f"`CHARLES_KAFKA__PREFIX={target.prefix} charles reset --yes`" in str(told.value)
    assert before == (there(target, topics.BALANCED), there(target, topics.FRAMES), there(target, topics.CONTROLS))


def test_other_runs_are_no_hindrance(source: Recording, tmp_path: Path, target: Kafka, replay: Replay) -> None:
    other = recording(tmp_path / "tuesday", list(drive(20, "r2")))
    replay(other, topics=["frames", "controls"])
    replay(source, topics=["frames", "controls"])
    assert {control.run for control in events(target, topics.CONTROLS, Control)} == {"r1", "r2"}


def test_other_collectors_with_such_a_run_are_no_hindrance(source: Recording, target: Kafka, replay: Replay) -> None:
    replay(source, collectors=["garage"])
    replay(source, collectors=["attic"])
    for topic in ALL[:2]:
        found = there(target, topic)
        assert {partition: found[partition] for partition in (0, 2)} == {
            partition: recorded(source, topic)[partition] for partition in (0, 2)
        }


def test_a_topic_without_runs_must_be_empty(source: Recording, target: Kafka, replay: Replay) -> None:
    replay(source, topics=["training"])
    with pytest.raises(HeldAlready, match=r"training is not empty.*\(--topics frames,controls,balanced\)"):
        replay(source)
    replay(source, topics=["frames", "controls", "balanced"])


def test_new_runs_can_be_replayed_again_and_again(source: Recording, target: Kafka, replay: Replay) -> None:
    for _ in range(3):
        replay(source, new_run=True, topics=["controls"])
    moments = [control.moment for control in events(target, topics.CONTROLS, Control)]
    assert len(moments) == len(set(moments)) == 3 * 120


def test_the_original_is_not_offered_for_deletion(tmp_path: Path, target: Kafka, replay: Replay) -> None:
    source = recording(tmp_path / "monday", list(drive(5)), prefix=target.prefix)
    replay(source)
    with pytest.raises(HeldAlready) as told:
        replay(source)
    assert "reset" not in str(told.value)


@pytest.mark.parametrize("cut", [0, 1, 57, 180])
def test_a_replay_that_was_cut_short_is_resumed(cut: int, source: Recording, target: Kafka, replay: Replay) -> None:
    """Partitions are cut at different places, as a killed one leaves them."""
    replay(source, topics=["training"], until="+0.002s")  # makes the topics, and one partition is ahead
    writer = producer(target)
    for number, (topic, partition, record) in enumerate(source.merged(["frames", "controls"])):
        if number < cut and (partition != 2 or number < cut - 10):
            headers = list(record.headers)
            writer.produce(
                f"{target.prefix}.{topic}",
                record.value,
                record.key,
                partition,
                timestamp=record.timestamp,
                headers=headers,  # type: ignore[arg-type]
            )
    writer.flush(10)
    outcome = replay(source, resume=True)
    for topic in ALL:
        assert there(target, topic) == recorded(source, topic)
    assert outcome.complete


def test_a_replay_that_came_to_its_end_resumes_with_nothing(source: Recording, target: Kafka, replay: Replay) -> None:
    replay(source)
    outcome = replay(source, resume=True)
    assert sum(outcome.records.values()) == 0
    for topic in ALL:
        assert there(target, topic) == recorded(source, topic)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"since": "+0.1s"}, {}),
        ({"collectors": ["attic"], "topics": ["balanced"]}, {}),
        ({}, {"until": "+0.2s"}),
        ({}, {"timestamps": "keep", "since": "+0.2s"}),
    ],
)
def test_another_replay_cannot_be_resumed(
    first: dict[str, object], then: dict[str, object], source: Recording, target: Kafka, replay: Replay
) -> None:
    replay(source, **first)
    before = [there(target, topic) for topic in ALL]
    with pytest.raises(AnotherReplay, match=r"does not start with this replay .*: use the same options"):
        replay(source, resume=True, **then)
    assert before == [there(target, topic) for topic in ALL]


def test_topics_that_others_wrote_to_cannot_be_resumed(source: Recording, target: Kafka, replay: Replay) -> None:
    replay(source, until="+0.3s")
    writer = producer(target)
    writer.produce(name(target, topics.CONTROLS), b"another", b"key", 0)
    writer.flush(10)
    with pytest.raises(AnotherReplay, match=r"partition 0 of .*\.controls"):
        replay(source, resume=True)
