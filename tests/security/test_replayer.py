"""A replayer on a cluster that lets it do what the table says, and no more."""

from __future__ import annotations

from pathlib import Path

from charles import topics
from charles.recordings.format.record import from_message
from charles.settings import Replayer, Settings
from producers import replayer
from tests.kafka_tools import read_all
from tests.producers.replayer.driven import drive, recorded, recording, without_offset
from tests.security.secured import Secured


def test_it_replays_with_the_least_rights(secured: Secured, prefix: str, tmp_path: Path) -> None:
    operator, own = secured.kafka("operator", prefix), secured.kafka_by_file("replayer", prefix, tmp_path)
    source = recording(tmp_path / "monday", list(drive(20)))
    options = Replayer(recording=source.folder, prefix=prefix, speed="max", topics=["frames", "controls"])
    assert replayer.main(Settings(kafka=own, replayer=options)).complete
    for topic in (topics.FRAMES, topics.CONTROLS):
        there = [from_message(message) for message in read_all(operator, topic)]
        ours = [without_offset(record) for record in there if record.header("run") == b"r1"]
        expected = [record for records in recorded(source, topic).values() for record in records]
        assert sorted(map(repr, ours)) == sorted(map(repr, expected))
