"""What cannot be recorded is said before anything is written."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.writer import RecordingWriter
from charles.settings import Kafka
from tests.patience import PATIENCE_S
from tests.programs import running


@pytest.mark.parametrize("why", ["complete", "taken", "another topic", "another prefix", "no such topic", "no time"])
def test_what_cannot_be_recorded_is_refused_in_one_line(
    kafka: Kafka, tmp_path: Path, capfd: pytest.CaptureFixture[str], why: str
) -> None:
    folder = tmp_path / "r"
    section = {"recording": str(folder), "topics": ["controls"]}
    if why in ("complete", "taken", "another topic", "another prefix"):
        info = TopicInfo(partitions=6, id="of another one" if why == "another topic" else "")
        prefix = "other" if why == "another prefix" else kafka.prefix
        with RecordingWriter.create(folder, prefix, {"controls": info}) as writer:
            if why == "complete":
                writer.finish()
    section |= {"topics": ["contrails"]} if why == "no such topic" else {}
    section |= {"begin": "noon"} if why == "no time" else {}
    holds = RecordingWriter.resume(folder) if why == "taken" else nullcontext()
    with holds, running("record", kafka, recorder=section, ends_with=1) as process:
        process.wait(PATIENCE_S)
    says = {
        "complete": f"{folder} is complete and cannot be extended: choose another recording",
        "taken": f"another program is writing to {folder}: stop it first",
        "another topic": f"{kafka.prefix}.controls is not the topic recorded in {folder}",
        "another prefix": f"{folder} has the topics other.*, not {kafka.prefix}.*",
        "no such topic": "there is no topic 'contrails'; choose from: frames, controls",
        "no time": "recorder.begin: 'noon' is not a valid time: write 2026-01-31T12:00:00 (UTC), 10m ago, now or",
    }
    assert says[why] in capfd.readouterr().err.splitlines()[-1]
