"""What is exported as Parquet are the recorded events, as other tools read them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import polars
import pyarrow.parquet as pq
import pytest

from charles import topics
from charles.avro import codec
from charles.base.names import file_name
from charles.events import Checkpoint, RunLedger, Span
from charles.recordings.exchange import parquet
from charles.recordings.exchange.video import Videos
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from tests.recordings.driving import BEGAN, BEGAN_MS, control, drive, frame_of, picture, placed, record, sample_of
from tests.recordings.made import record as plain
from tests.recordings.made import recorded

CHECKPOINT = Checkpoint(
    "pilot", "pilot", "weights", 100, "a" * 32, "b" * 64, 64, 36, BEGAN, 5, 2, 1000, "c" * 64, "0.1",
    [Span("c", "r", 0, 9, 7), Span("c", "s", 1, 2, 2)], ["p"],
)  # fmt: skip


def exported(source: Recording, folder: Path, *, video: bool = False) -> tuple[parquet.ExportedTables, Path]:
    return parquet.export(source, folder / "out", video=video), folder / "out"


def test_every_field_of_every_event_is_a_column(tmp_path: Path) -> None:
    controls = drive(40)
    samples = [sample_of(each) for each in controls[::7]]
    rows = [*placed(controls, 0, 100), *(("balanced", 0, record(each, n)) for n, each in enumerate(samples))]
    found, out = exported(recorded(tmp_path / "r", rows), tmp_path)
    assert found.rows == {"frames": 40, "controls": 40, "balanced": 6}

    for topic, events in (
        ("controls", controls),
        ("frames", [frame_of(each) for each in controls]),
        ("balanced", samples),
    ):
        read = polars.read_parquet(out / f"{topic}.parquet").to_dicts()
        for row, event in zip(read, events, strict=True):
            assert {each.name: row[each.name] for each in dataclasses.fields(event)} == dataclasses.asdict(event)
    first = polars.read_parquet(out / "controls.parquet").to_dicts()[0]
    assert (first["record_partition"], first["record_offset"], first["record_key"]) == (0, 100, b"c")
    assert first["record_timestamp"] == datetime.fromtimestamp(BEGAN_MS / 1000, UTC)
    field = pq.read_schema(out / "controls.parquet").field("speed")
    assert field.metadata == {b"doc": b"Speed of the car.", b"unit": b"m/s, at least 0"}


def test_nested_events_tombstones_and_topics_of_several_kinds(tmp_path: Path) -> None:
    rows = [
        ("models", 0, Record(1, 7, 1, b"pilot@100", codec.encode(CHECKPOINT))),
        ("models", 0, Record(2, -1, 0, b"pilot@100", None)),
        ("balancer-state", 0, Record(1, 7, 1, None, b"anything", (("a", b"1"), ("a", None)))),
        ("theirs", 0, Record(1, 7, 1, b"k", b"")),
    ]
    _found, out = exported(recorded(tmp_path / "r", rows), tmp_path)
    checkpoint, tombstone = polars.read_parquet(out / "models.parquet").to_dicts()
    assert checkpoint["spans"] == [dataclasses.asdict(span) for span in CHECKPOINT.spans]
    assert (tombstone["record_key"], tombstone["record_timestamp"], tombstone["model"]) == (b"pilot@100", None, None)
    (state,) = polars.read_parquet(out / "balancer-state.parquet").to_dicts()
    assert state["record_value"] == b"anything"
    assert state["record_headers"] == [{"key": "a", "value": b"1"}, {"key": "a", "value": None}]
    (theirs,) = polars.read_parquet(out / "theirs.parquet").to_dicts()
    assert (theirs["record_key"], theirs["record_value"]) == (b"k", b"")


@pytest.mark.parametrize("topic", [each for each in topics.TOPICS if each.event not in (dict, RunLedger)], ids=str)
def test_every_event_has_columns(topic: topics.Topic) -> None:
    names = [field.name for field in dataclasses.fields(topic.event)]
    assert parquet._fields(topic.event, False).names[4:] == names


def test_what_cannot_be_read_is_left_out_and_counted(tmp_path: Path) -> None:
    source = recorded(tmp_path / "r", [*placed(drive(3)), ("controls", 0, plain(9, BEGAN_MS))])
    found, out = exported(source, tmp_path)
    assert (found.rows["controls"], found.unreadable) == (3, {"frames": 0, "controls": 1})
    assert len(polars.read_parquet(out / "controls.parquet")) == 3


def test_row_groups_bound_what_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS", 10)
    _found, out = exported(recorded(tmp_path / "r", placed(drive(35))), tmp_path)
    assert pq.read_metadata(out / "controls.parquet").num_row_groups == 4
    assert polars.read_parquet(out / "controls.parquet")["tick"].to_list() == list(range(35))


def test_videos_hold_each_collectors_frames_in_order(tmp_path: Path) -> None:
    one, two = drive(20, "r1", "one"), drive(20, "r2", "two", 0.01)
    source = recorded(tmp_path / "r", [*placed(one), *placed(two, 1)])
    _found, out = exported(source, tmp_path, video=True)
    rows = polars.read_parquet(out / "frames.parquet").to_dicts()
    assert "picture" not in rows[0]
    assert {(row["collector"], row["video"]) for row in rows} == {("one", "one.mp4"), ("two", "two.mp4")}
    for name in ("one", "two"):
        video = cv2.VideoCapture(str(out / f"{name}.mp4"))
        assert round(video.get(cv2.CAP_PROP_FPS)) == 30
        for row in (row for row in rows if row["collector"] == name):
            assert row["video_frame"] == row["tick"]
            read, shown = video.read()
            told = cv2.imdecode(np.frombuffer(picture(row["tick"]), np.uint8), cv2.IMREAD_COLOR)
            assert read
            assert np.abs(shown.astype(int) - told).mean() < 12
        assert not video.read()[0]


def test_pictures_of_another_size_begin_another_video(tmp_path: Path) -> None:
    with Videos(tmp_path) as videos:
        shown = [
            videos.add(frame_of(control(tick), data))
            for tick, data in enumerate([picture(1), picture(2), picture(3, 32, 18), b"no picture", picture(4, 32, 18)])
        ]
    assert shown == [("c.mp4", 0), ("c.mp4", 1), ("c-2.mp4", 0), None, ("c-2.mp4", 1)]


def test_names_that_are_paths_stay_in_the_folder(tmp_path: Path) -> None:
    assert [file_name(name) for name in ("garage-1", "../up", "..", "a b/c")] == [
        "garage-1",
        "..%2Fup",
        "%2E%2E",
        "a%20b%2Fc",
    ]
    exported(recorded(tmp_path / "r", placed(drive(3, collector="../up"))), tmp_path, video=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "r"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    source = recorded(tmp_path / "r", placed(drive(3)))
    exported(source, tmp_path)
    with pytest.raises(RecordingError, match="is not an empty folder: choose a new one"):
        exported(source, tmp_path)
