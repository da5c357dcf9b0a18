"""The recorder between a real broker and a folder."""

from __future__ import annotations

from pathlib import Path

from charles import topics
from charles.recordings.manifest import Manifest
from charles.recordings.recording import Recording
from charles.recordings.verify import verify
from charles.settings import Kafka
from tests.consumers.recorder.told import in_recording, in_topics, send
from tests.logged import until
from tests.programs import running


def records(folder: Path) -> int:
    return sum(map(len, in_recording(folder).values())) if (folder / "manifest.json").exists() else 0


def test_what_topics_hold_is_recorded_to_the_byte(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    for topic in (topics.FRAMES, topics.CONTROLS, topics.TRAINING):
        send(kafka, topic, 60)
    with running("record", kafka, recorder={"recording": str(folder), "begin": "beginning"}):
        until(lambda: records(folder) == 180)
        send(kafka, topics.BALANCED, 20)
    assert in_recording(folder) == in_topics(kafka, topics.FRAMES, topics.CONTROLS, topics.TRAINING, topics.BALANCED)
    assert Manifest.load(folder).state == "complete"
    assert not [problem for problem in verify(Recording.open(folder)).problems if "the value of" not in problem.reason]
