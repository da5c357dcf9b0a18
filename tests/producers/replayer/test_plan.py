"""What is asked for, and what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from charles.settings import ConfigError, Kafka, Recordings, Replayer, Settings, load
from producers.replayer.plan import REPLAYED_TOPICS, UNREPLAYED_TOPICS, ReplayPlan, planned
from tests.producers.replayer.driven import BEGAN, BEGAN_MS, PARTITIONS, TICK_MS, drive, recording
from tests.recordings.made import of_run

KAFKA = Kafka(bootstrap_servers="127.0.0.1:1", prefix="other")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two collectors for 30 ticks, and topics that nobody replays."""
    placed = [
        *drive(30),
        *((topic, 0, Record(0, BEGAN_MS, 1, None, b"", ())) for topic in (*UNREPLAYED_TOPICS, "mine")),
    ]
    partitions = PARTITIONS | dict.fromkeys((*UNREPLAYED_TOPICS, "mine"), 1)
    return recording(tmp_path_factory.mktemp("recordings") / "monday", placed, partitions)


def plan(source: Recording, **options: Any) -> ReplayPlan:
    return planned(Settings(kafka=KAFKA, replayer=Replayer(recording=source.folder, **options)))


def test_the_prefix_is_the_recorded_one_and_replay(source: Recording) -> None:
    assert plan(source).kafka.prefix == "charles-replay"
    assert plan(source, prefix="mine").kafka.prefix == "mine"


def test_a_recording_is_found_by_its_name(source: Recording) -> None:
    settings = Settings(
        kafka=KAFKA,
        recordings=Recordings(folder=source.folder.parent),
        replayer=Replayer(recording=Path(source.folder.name)),
    )
    assert planned(settings).recording.folder == source.folder


def test_what_is_never_replayed_is_left_out_and_told(source: Recording) -> None:
    found = plan(source)
    assert [topic.name for topic in found.topics] == ["frames", "controls", "balanced", "training"]
    assert set(found.left_out) == {*UNREPLAYED_TOPICS, "mine"}


@pytest.mark.parametrize("topic", [*UNREPLAYED_TOPICS, "mine"])
def test_what_is_never_replayed_cannot_be_asked_for(topic: str, source: Recording) -> None:
    with pytest.raises(RecordingError, match=f"can be replayed: frames, .*; {topic} cannot: "):
        plan(source, topics=["frames", topic])


def test_every_topic_of_the_table_is_replayed_or_has_a_reason() -> None:
    from charles.topics import TOPICS

    assert {topic.name for topic in TOPICS} == {topic.name for topic in REPLAYED_TOPICS} | set(UNREPLAYED_TOPICS)


def test_new_runs_leave_out_what_has_none(source: Recording) -> None:
    found = plan(source, new_run=True)
    assert [topic.name for topic in found.topics] == ["frames", "controls", "balanced"]
    assert "no run" in found.left_out["training"]
    with pytest.raises(RecordingError, match="training cannot: its records have no run"):
        plan(source, new_run=True, topics=["training"])


def test_collectors_are_chosen_by_their_headers(source: Recording) -> None:
    found = plan(source, collectors=["garage"])
    records = list(found.records())
    assert {record.header("collector") for _, _, record in records} == {b"garage"}
    assert {topic for topic, _, _ in records} == {"frames", "controls", "balanced"}
    assert found.runs() == {("garage", "r1")}
    assert plan(source).runs() == {("garage", "r1"), ("attic", "r1")}
    with pytest.raises(RecordingError, match="has no collector cellar; collectors: attic, garage"):
        plan(source, collectors=["cellar"])


def test_a_part_is_chosen_by_its_time(source: Recording) -> None:
    found = plan(source, since="+0.33s", until=f"{BEGAN:%Y-%m-%d}T20:05:00.660Z", topics=["controls"])
    assert [record.timestamp for _, _, record in found.records()] == [
        BEGAN_MS + TICK_MS * tick for tick in range(10, 20) for _ in range(2)
    ]
    assert (found.first_ms, found.last_ms) == (BEGAN_MS + 330, BEGAN_MS + 660)
    assert {record.timestamp for _, _, record in found.records(BEGAN_MS + 600)} == {BEGAN_MS + 627}
    assert next(found.records(0))[2].timestamp == BEGAN_MS + 330  # no seeking leads out of the part


@pytest.mark.parametrize("part", [{"since": "+2m"}, {"until": "+0s"}, {"since": "+1s", "until": "+0.5s"}])
def test_a_part_where_nothing_is_is_told(part: dict[str, str], source: Recording) -> None:
    day = f"{BEGAN:%Y-%m-%d}"
    words = rf"has no records of frames between .* and .*: it covers {day}T20:05:00.000Z to {day}T20:05:00.957Z"
    with pytest.raises(RecordingError, match=words):
        plan(source, **part, topics=["frames"])


def test_runs_that_a_killed_recorder_did_not_tell_are_known(tmp_path: Path) -> None:
    source = recording(tmp_path / "one", [])
    with RecordingWriter.resume(source.folder) as writer:
        writer.append("frames", 1, of_run(0, "sealed"))
        writer.flush()
        manifest = (source.folder / "manifest.json").read_bytes()
        writer.append("frames", 1, of_run(1, "told to nobody"))
        writer.flush()
    (source.folder / "manifest.json").write_bytes(manifest)
    assert plan(Recording.open(source.folder)).runs() == {("c", "sealed"), ("c", "told to nobody")}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"loop": True}, "--loop needs --new-run"),
        ({"new_run": True, "resume": True}, "cannot be combined with --new-run"),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], words: str, source: Recording) -> None:
    with pytest.raises(ConfigError, match=words):
        plan(source, **options)


@pytest.mark.parametrize("speed", ["0", "0.0", "-1", "fast", "", "1e3", "nan"])
def test_a_speed_is_a_number_above_0_or_max(speed: str) -> None:
    with pytest.raises(ConfigError, match=r"replayer\.speed: should be max or a number above 0"):
        load(replayer={"speed": speed})


def test_a_recording_must_be_named() -> None:
    with pytest.raises(ConfigError, match="must name a recording"):
        planned(Settings(kafka=KAFKA))
