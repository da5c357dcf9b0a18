"""A recording is read in the order in which it was recorded, from anywhere, or says what is wrong with it."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charles.recordings.format import segment_index
from charles.recordings.format.errors import DamagedRecording, RecordingError
from charles.recordings.format.manifest import Manifest
from charles.recordings.format.reader import Recording, TopicLength
from charles.recordings.format.writer import RecordingWriter
from tests.recordings.made import Placed, record, recorded, records

NEAR = st.integers(-1, 30)
"""Timestamps among which many are equal, and many jump back."""


def in_recorded_order(parts: dict[tuple[str, int], list], since: int = -1, until: int = 2**63) -> list[Placed]:
    """The same in the plain way."""
    topics = list(dict.fromkeys(topic for topic, _partition in parts))
    rows = []
    for (topic, partition), part in parts.items():
        latest = -1
        for each in part:
            latest = max(latest, each.timestamp)
            rows.append((latest, topics.index(topic), partition, each.offset, topic, each))
    rows.sort(key=lambda row: row[:4])
    return [(row[4], row[2], row[5]) for row in rows if since <= row[0] < until]


@settings(max_examples=50)
@given(
    parts=st.lists(records(NEAR), min_size=3, max_size=3),
    since=st.none() | NEAR,
    until=st.none() | NEAR,
    sealed=st.booleans(),
    segment_bytes=st.sampled_from([1500, 1 << 20]),
)
def test_topics_are_merged_in_recorded_order_from_any_time_to_any_other(
    parts: list[list], since: int | None, until: int | None, sealed: bool, segment_bytes: int
) -> None:
    named = dict(zip([("b", 0), ("a", 0), ("a", 1)], parts, strict=True))
    placed = [(*place, each) for place, part in named.items() for each in part]
    with TemporaryDirectory() as folder:
        read = recorded(Path(folder) / "r", placed, finish=sealed, segment_bytes=segment_bytes)
        named = {place: part for place, part in named.items() if place[0] in read.topics}
        wanted = in_recorded_order(named, -1 if since is None else since, 2**63 if until is None else until)
        assert list(read.merged(since_ms=since, until_ms=until)) == wanted


@settings(max_examples=50)
@given(rows=records(NEAR, min_size=1), data=st.data(), sealed=st.booleans())
def test_a_partition_is_read_from_any_offset(rows: list, data: st.DataObject, sealed: bool) -> None:
    start = data.draw(st.integers(0, 2**62) | st.sampled_from([each.offset for each in rows]))
    with TemporaryDirectory() as folder:
        placed = [("a", 0, each) for each in rows]
        read = recorded(Path(folder) / "r", placed, finish=sealed, segment_bytes=1500)
        assert list(read.read("a", 0)) == rows
        assert list(read.read("a", 0, start)) == [each for each in rows if each.offset >= start]


def test_only_what_is_wanted_is_merged(tmp_path: Path) -> None:
    placed = [(topic, 0, record(offset)) for offset in range(10) for topic in ("a", "b", "c")]
    read = recorded(tmp_path / "r", placed)
    wanted = [each for each in placed if each[0] != "b" and each[2].offset % 2]
    assert list(read.merged(["a", "c"], keep=lambda _topic, _partition, each: each.offset % 2 == 1)) == wanted
    with pytest.raises(RecordingError, match="has no topic d; topics: a, b, c"):
        list(read.merged(["a", "d"]))


def test_a_clock_that_is_set_back_does_not_set_the_recording_back(tmp_path: Path) -> None:
    times = [*range(100, 120), *range(20), *range(120, 140)]
    rows = [record(offset, timestamp=time) for offset, time in enumerate(times)]
    read = recorded(tmp_path / "r", [("a", 0, each) for each in rows], segment_bytes=1500)
    assert any(segment.last_timestamp < 100 for segment in read.segments("a", 0))
    assert [each.offset for _latest, each in read.read_since("a", 0, 50)] == list(range(60))
    assert [each.offset for _topic, _partition, each in read.merged(since_ms=119, until_ms=121)] == list(range(19, 41))


def test_lengths_count_what_is_sealed_and_what_is_not(tmp_path: Path) -> None:
    placed = [("a", each % 2, record(each, timestamp=100 - each)) for each in range(100)]
    placed.append(("b", 0, record(1, timestamp=-1)))
    sealed, open_yet = recorded(tmp_path / "s", placed), recorded(tmp_path / "o", placed, finish=False)
    assert sealed.lengths == open_yet.lengths
    size = sum(path.stat().st_size for path in (tmp_path / "s" / "a").rglob("*.avro"))
    assert sealed.lengths["a"] == TopicLength(100, size, 1, 100)
    assert (sealed.lengths["b"].first_timestamp, sealed.lengths["b"].last_timestamp) == (-1, -1)


def test_what_is_being_recorded_is_read_as_far_as_it_was_flushed(tmp_path: Path) -> None:
    rows = [record(offset) for offset in range(30)]
    read = recorded(tmp_path / "r", [("a", 0, rows[0])], finish=False, segment_bytes=1600)
    with RecordingWriter.resume(tmp_path / "r", segment_bytes=1600) as writer:
        for at, each in enumerate(rows[1:], 1):
            assert list(read.read("a", 0)) == rows[:at]  # also while segments are sealed that it has not heard of
            writer.append("a", 0, each)
            assert list(read.read("a", 0)) == rows[:at]
            writer.flush()
    assert len(Manifest.load(tmp_path / "r").segments) > 1


def several_segments(folder: Path) -> Recording:
    return recorded(folder, [("a", 0, record(offset)) for offset in range(40)], segment_bytes=1600)


def test_an_index_is_made_again_where_it_is_missing_damaged_or_another_s(tmp_path: Path) -> None:
    read = several_segments(tmp_path / "r")
    first, second, *_others = read.segments("a", 0)
    path = segment_index.path_of(read.folder / first.file)
    content = path.read_bytes()
    wanted = list(read.read("a", 0, 3))

    path.unlink()
    assert list(read.read("a", 0, 3)) == wanted
    assert path.read_bytes() == content

    path.write_bytes(content[:-30])
    assert list(read.read("a", 0, 3)) == wanted
    assert path.read_bytes() == content

    shutil.copy(segment_index.path_of(read.folder / second.file), path)
    assert list(read.read("a", 0, 3)) == wanted
    assert path.read_bytes() == content


def test_reading_needs_no_index_that_it_cannot_write(tmp_path: Path) -> None:
    read = several_segments(tmp_path / "r")
    path = segment_index.path_of(read.folder / read.segments("a", 0)[0].file)
    path.unlink()
    path.mkdir()
    (path / "in the way").touch()
    assert [each.offset for each in read.read("a", 0, 3)] == list(range(3, 40))


def test_a_missing_segment_is_damage(tmp_path: Path) -> None:
    read = several_segments(tmp_path / "r")
    path = read.folder / read.segments("a", 0)[1].file
    path.unlink()
    with pytest.raises(DamagedRecording, match="the file is missing") as told:
        list(read.merged())
    assert told.value.path == path


def test_a_cut_segment_is_damage_even_between_blocks(tmp_path: Path) -> None:
    read = several_segments(tmp_path / "r")
    info = read.segments("a", 0)[0]
    with (read.folder / info.file).open("ab") as file:
        file.truncate(info.bytes - 1)
    with pytest.raises(DamagedRecording, match=f"it has {info.bytes - 1} bytes, but the manifest says {info.bytes}"):
        list(read.read("a", 0))


def test_a_segment_that_the_manifest_forgot_is_damage(tmp_path: Path) -> None:
    read = several_segments(tmp_path / "r")
    forgotten = read.manifest.segments.pop(1)
    with pytest.raises(DamagedRecording, match=f"follows offset {forgotten.last_offset}, not {forgotten.follows}"):
        list(read.read("a", 0))


def test_another_segment_of_the_same_size_is_damage(tmp_path: Path) -> None:
    read, other = several_segments(tmp_path / "r"), tmp_path / "other"
    info = read.segments("a", 0)[0]
    recorded(other, [("a", 0, record(offset + 1)) for offset in range(info.records)])
    shutil.copy(next((other / "a" / "0").glob("*.avro")), read.folder / info.file)
    with pytest.raises(DamagedRecording, match=f"it ends with offset {info.last_offset + 1}"):
        list(read.read("a", 0))


def test_a_segment_from_elsewhere_among_the_open_ones_is_damage(tmp_path: Path) -> None:
    read = recorded(
        tmp_path / "r", [("a", 0, record(offset)) for offset in range(40)], segment_bytes=1600, finish=False
    )
    shutil.copy(read.folder / read.segments("a", 0)[0].file, read.folder / "a" / "0" / f"{1:020d}.avro")
    with pytest.raises(DamagedRecording, match="is sealed up to offset"):
        list(read.read("a", 0))


@pytest.mark.parametrize("codec", ["null", "zstandard"])
@pytest.mark.parametrize("wrong", ["late", "early", "shifted", "empty", "short", "other times"])
def test_an_index_that_is_wrong_loses_no_record(wrong: str, codec: str, tmp_path: Path) -> None:
    """It is derived: where it does not say what the segment says it is made again."""
    rows = [("a", 0, record(offset, size=9_000)) for offset in range(1000)]
    recording = recorded(tmp_path / "r", rows, codec=codec)
    (info,) = recording.segments("a", 0)
    path = recording.folder / info.file
    right = segment_index.read(path)
    assert len(right) > 5
    made = {
        "late": [right[0], *(one._replace(position=two.position) for one, two in pairwise(right[1:])), right[-1]],
        "early": [right[0], *(two._replace(position=one.position) for one, two in pairwise(right))],
        "shifted": [right[0], *(one._replace(offset=two.offset) for one, two in pairwise(right[1:])), right[-1]],
        "empty": [],
        "short": [right[0], *right[3:]],
        "other times": [
            right[0], *(two._replace(timestamp=one.timestamp) for one, two in pairwise(right[:-1])), right[-1]
        ],
    }[wrong]  # fmt: skip
    sync = path.read_bytes()[-16:]
    segment_index.path_of(path).write_bytes(segment_index.encoded(made, sync))
    for start in (0, 1, 120, 500, 999):
        assert [each.offset for each in recording.read("a", 0, start)] == [*range(start, 1000)]
        segment_index.path_of(path).write_bytes(segment_index.encoded(made, sync))
        assert [each.offset for _, each in recording.read_since("a", 0, start)] == [*range(start, 1000)]
        segment_index.path_of(path).write_bytes(segment_index.encoded(made, sync))
