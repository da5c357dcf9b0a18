"""What the topics would delete at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from charles import topics
from charles.recordings.format.reader import Recording
from charles.settings import Kafka, Replayer, Settings
from charles.topics import DAY
from producers.replayer.plan import ReplayPlan, planned
from producers.replayer.retention_warning import Config, warnings
from tests.producers.replayer.driven import BEGAN, BEGAN_MS, drive, recording

KAFKA = Kafka(bootstrap_servers="127.0.0.1:1")
COMMAND = "`kafka-configs.sh --bootstrap-server 127.0.0.1:1 --alter --entity-type topics --entity-name charles-replay."
TABLE: dict[str, Config] = {f"charles-replay.{topic.name}": dict(topic.config()) for topic in topics.TOPICS}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recording(tmp_path_factory.mktemp("recordings") / "monday", list(drive(30)))


def plan(source: Recording, **options: str) -> ReplayPlan:
    return planned(Settings(kafka=KAFKA, replayer=Replayer.model_validate({"recording": source.folder} | options)))


def test_by_the_table_only_losses_are_kept_for_a_week(source: Recording) -> None:
    assert warnings(plan(source), TABLE, BEGAN_MS + 6 * DAY) == []
    (told,) = warnings(plan(source), TABLE, BEGAN_MS + 8 * DAY)
    day = f"{BEGAN + timedelta(days=1):%Y-%m-%d}"
    assert told.startswith(f"charles-replay.training keeps records for 7 d: records before {day}T20:05:00")
    assert f"{COMMAND}training --add-config retention.ms=-1`" in told
    assert told.endswith("or replay with --timestamps now")


def test_the_part_that_is_replayed_counts(source: Recording) -> None:
    late = BEGAN_MS + 7 * DAY + 500
    assert len(warnings(plan(source), TABLE, late)) == 1
    assert warnings(plan(source, since="+0.6s"), TABLE, late) == []


def test_timestamps_of_today_are_kept(source: Recording) -> None:
    assert warnings(plan(source, timestamps="now"), TABLE, BEGAN_MS + 8 * DAY) == []


def test_more_than_a_partition_keeps_is_told(source: Recording) -> None:
    small = TABLE | {"charles-replay.frames": TABLE["charles-replay.frames"] | {"retention.bytes": "2048"}}
    (told,) = warnings(plan(source), small, BEGAN_MS)
    assert told.startswith("charles-replay.frames keeps 2 KiB per partition, but up to ")
    assert f"{COMMAND}frames --add-config retention.bytes=-1`" in told


def test_a_compacted_topic_deletes_nothing_for_its_age(source: Recording) -> None:
    compacted = {name: config | {"cleanup.policy": "compact"} for name, config in TABLE.items()}
    assert warnings(plan(source), compacted, BEGAN_MS + 8 * DAY) == []


def test_a_topic_with_timestamps_of_its_own_is_told(source: Recording) -> None:
    own = TABLE | {
        "charles-replay.frames": TABLE["charles-replay.frames"] | {"message.timestamp.type": "LogAppendTime"}
    }
    (told,) = warnings(plan(source), own, BEGAN_MS)
    assert f"{COMMAND}frames --add-config message.timestamp.type=CreateTime`" in told
    assert warnings(plan(source, timestamps="now"), own, BEGAN_MS) == []


def test_topics_that_may_not_be_seen_are_not_told_of(source: Recording) -> None:
    assert warnings(plan(source), {}, BEGAN_MS + 8 * DAY) == []
