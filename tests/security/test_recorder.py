"""A recorder on a cluster that lets it do what the table says, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from charles import topics
from charles.kafka.clients import consumer, name
from tests.consumers.recorder.told import in_recording, in_topics, recorded, send
from tests.logged import until
from tests.patience import PATIENCE_S
from tests.programs import running
from tests.security.secured import Secured


def test_it_records_with_the_least_rights(secured: Secured, prefix: str, tmp_path: Path) -> None:
    operator, own = secured.kafka("operator", prefix), secured.kafka_by_file("recorder", prefix, tmp_path)
    send(operator, topics.TRAINING, 20)
    there = in_topics(operator, topics.TRAINING)  # others have written there too
    with running("record", own, recorder={"recording": str(tmp_path / "r"), "begin": "beginning"}):
        until(lambda: recorded(tmp_path / "r") >= sum(map(len, there.values())))
    assert there.items() <= in_recording(tmp_path / "r").items()
    [place] = consumer(own, "recorder-recorder-1").committed(
        [TopicPartition(name(own, topics.TRAINING), 0)], timeout=10
    )
    last_offset, *_ = there["training", 0][-1]
    assert place.offset == last_offset + 1


def test_more_topics_need_more_rights(
    secured: Secured, prefix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = secured.kafka_by_file("recorder", prefix, tmp_path)
    with running(
        "record", own, recorder={"recording": str(tmp_path / "r"), "topics": ["weights"]}, ends_with=1
    ) as process:
        process.wait(PATIENCE_S)
    assert f"the cluster does not allow this user to read {prefix}.weights" in capfd.readouterr().err.splitlines()[-1]
