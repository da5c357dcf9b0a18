"""The disk of the recording fills up: the recorder says so, waits, and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from charles import topics
from charles.recordings.format.manifest import Manifest
from charles.settings import Kafka
from tests.consumers.recorder.told import in_recording, in_topics, recorded, send
from tests.logged import until
from tests.programs import heard, running
from tests.survival.disks import Disk, small_disk

_KIB = 1 << 10


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", 32) as disk:
        yield disk


@pytest.mark.parametrize("leave", [0, 300 * _KIB], ids=["nothing", "a part of it"])
def test_it_waits_for_room_and_goes_on(kafka: Kafka, disk: Disk, leave: int, capfd: pytest.CaptureFixture[str]) -> None:
    folder = disk.folder / "r"
    with running("record", kafka, recorder={"recording": str(folder), "topics": ["frames"], "begin": "beginning"}):
        send(kafka, topics.FRAMES, 20)
        until(lambda: recorded(folder) == 20)
        disk.fill(leave)
        send(kafka, topics.FRAMES, 80, first=20, size=20_000)
        status = heard(kafka, lambda status: status.state == "waiting" and "for disk space" in status.note)
        assert f" are waiting for {folder}, which has " in status.note
        assert in_recording(folder)  # readable, as far as it goes
        disk.make_room()
        until(lambda: recorded(folder) == 100)
    assert in_recording(folder) == in_topics(kafka, topics.FRAMES)
    assert Manifest.load(folder).state == "complete"
    told = capfd.readouterr().err
    assert told.count("cannot be written: No space left on device; waiting for free space, nothing is lost") == 1
    assert f"{folder} has free space again" in told


def test_stopped_while_it_waits_it_goes_on_at_its_next_start(
    kafka: Kafka, disk: Disk, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = disk.folder / "r"
    section = {"recording": str(folder), "topics": ["frames"], "begin": "beginning"}
    with running("record", kafka, recorder=section, ends_with=1):
        until(lambda: (folder / "manifest.json").exists())
        disk.fill()
        send(kafka, topics.FRAMES, 40, size=20_000)
        heard(kafka, lambda status: status.state == "waiting" and "for disk space" in status.note)
    assert f"{folder} is not complete because its disk is full" in capfd.readouterr().err.splitlines()[-1]
    with running("record", kafka, recorder=section):  # already now, before there is room
        heard(kafka, lambda status: status.state == "waiting" and "for disk space" in status.note, from_now=True)
        disk.make_room()
        until(lambda: recorded(folder) == 40)
    assert in_recording(folder) == in_topics(kafka, topics.FRAMES)
    assert Manifest.load(folder).state == "complete"
