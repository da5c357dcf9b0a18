"""A recording is written without a gap or a repeat, whatever becomes of its writer."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charles.avro import codec
from charles.base.atomic_file import Unwritable
from charles.events import Frame
from charles.recordings.format.errors import DamagedRecording, RecordingError
from charles.recordings.format.manifest import Manifest, TopicInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.segment_reader import read_segment
from charles.recordings.format.segment_writer import SegmentWriter
from charles.recordings.format.writer import RecordingWriter
from charles.recordings.inspect.verify import verify
from tests.recordings.made import of_run, record, recorded
from tests.survival.disks import small_disk

TOPICS = {"a": TopicInfo(partitions=2, start_offsets={0: 7})}
WRITER = """
import sys
from pathlib import Path
from charles.recordings.format.writer import RecordingWriter
from tests.recordings.made import record

writer = RecordingWriter.resume(Path(sys.argv[1]), segment_bytes=20_000)
while True:
    for _ in range(25):
        writer.append("a", 1, record(writer.next_offset("a", 1) or 0, size=300))
    writer.flush()
    print(writer.next_offset("a", 1), flush=True)
"""


def offsets(folder: Path, partition: int = 0) -> list[int]:
    return [each.offset for each in Recording.open(folder).read("a", partition)]


def test_a_writer_that_is_killed_goes_on_without_a_gap_or_a_repeat(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    RecordingWriter.create(folder, "charles", TOPICS).close()
    acknowledged = 0
    for rounds in (1, 40, 7):
        with subprocess.Popen([sys.executable, "-c", WRITER, folder], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(rounds):
                acknowledged = int(process.stdout.readline())
            process.kill()
        found = list(Recording.open(folder).read("a", 1))
        assert len(found) >= acknowledged
        assert found == [record(offset, size=300) for offset in range(len(found))]
    with RecordingWriter.resume(folder) as writer:
        assert writer.next_offset("a", 1) == len(found)
        writer.finish()
    assert len(Manifest.load(folder).segments) > 2
    assert offsets(folder, 1) == list(range(len(found)))


STEPS = st.sampled_from(["append", "append", "append", "flush", "kill", "close", "finish"])
"""What a writer may do."""


@settings(max_examples=60)
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 1), st.integers(1, 300)), max_size=40))
def test_whatever_a_writer_does_what_was_flushed_is_there_in_order(steps: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place) / "r"
        writer = RecordingWriter.create(folder, "charles", {"a": TopicInfo(partitions=2)}, segment_bytes=2000)
        expected: dict[int, list[Record]] = {0: [], 1: []}
        flushed = {0: 0, 1: 0}
        for step, partition, size in steps:
            if step == "append":
                each = record((writer.next_offset("a", partition) or 0) + size % 3, size=size)
                writer.append("a", partition, each)
                expected[partition].append(each)
                continue
            if step == "kill":
                folder, writer = killed(writer)
                for of, rows in expected.items():
                    found = list(Recording.open(folder).read("a", of))
                    assert flushed[of] <= len(found)
                    assert found == rows[: len(found)]
                    del rows[len(found) :]
            elif step == "flush":
                writer.flush()
            else:
                getattr(writer, step)()
                writer = RecordingWriter.resume(folder, segment_bytes=2000)
            flushed = {of: len(rows) for of, rows in expected.items()}
        writer.finish()
        done = Recording.open(folder)
        assert {of: list(done.read("a", of)) for of in expected} == expected
        assert not [problem for problem in verify(done).problems if "the value of" not in problem.reason]


def killed(writer: RecordingWriter) -> tuple[Path, RecordingWriter]:
    """What is on the disk now, where another writer goes on."""
    copy = writer.folder.with_name(writer.folder.name + "r")
    shutil.copytree(writer.folder, copy)
    writer.close()
    return copy, RecordingWriter.resume(copy, segment_bytes=2000)


def test_it_goes_on_where_the_data_ends_or_where_it_shall_begin(tmp_path: Path) -> None:
    with RecordingWriter.create(tmp_path / "r", "charles", TOPICS) as writer:
        assert [writer.next_offset("a", partition) for partition in (0, 1)] == [7, None]
        assert writer.next_offset("b", 0) is None
        writer.append("a", 0, record(11))
        assert writer.next_offset("a", 0) == 12
    with RecordingWriter.resume(tmp_path / "r") as writer:
        assert writer.next_offset("a", 0) == 12
        writer.finish()
        assert writer.next_offset("a", 0) == 12
    with RecordingWriter.resume(tmp_path / "r") as writer:
        assert writer.next_offset("a", 0) == 12
        with pytest.raises(ValueError, match="cannot come after 11"):
            writer.append("a", 0, record(11))
        writer.append("a", 0, record(12))
    assert offsets(tmp_path / "r") == [11, 12]


def test_a_writer_that_was_killed_before_there_was_a_manifest_is_in_nobody_s_way(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / ".lock").touch()
    (folder / "manifest.json.part").write_text("{")
    with RecordingWriter.create(folder, "charles", TOPICS) as writer:
        writer.finish()
    assert Recording.open(folder).topics == ["a"]
    assert not (folder / "manifest.json.part").exists()


def test_more_partitions_of_a_topic_leave_what_is_known_of_it(tmp_path: Path) -> None:
    with RecordingWriter.create(tmp_path / "r", "charles", {"a": TopicInfo(partitions=1, id="x")}) as writer:
        writer.add_topic("a", 3, {0: 9, 2: 5}, "another")
        writer.add_topic("b", 1, {0: 4}, "y")
        assert writer.manifest.topics == {
            "a": TopicInfo(partitions=3, id="x", start_offsets={0: 9, 2: 5}),
            "b": TopicInfo(partitions=1, id="y", start_offsets={0: 4}),
        }
        assert writer.waiting == 0
        writer.append("a", 0, record(9, size=300))
        assert 300 < writer.waiting < 400
        writer.flush()
        assert writer.waiting == 0


def test_what_was_cut_off_is_noted(tmp_path: Path) -> None:
    recorded(tmp_path / "r", [("a", 0, record(0))], finish=False)
    path = tmp_path / "r" / "a" / "0" / f"{0:020d}.avro"
    with path.open("ab") as file:
        file.write(b"\x02\x80")
    with RecordingWriter.resume(tmp_path / "r") as writer:
        writer.append("a", 0, record(1))
        (words,) = writer.repaired
    assert words.startswith(f"a/0/{path.name}: 2 bytes cut off at byte ")
    (note,) = Manifest.load(tmp_path / "r").notes
    assert note.endswith(words)
    assert offsets(tmp_path / "r") == [0, 1]


@pytest.mark.parametrize("left", [0, 500, None])
def test_a_segment_without_a_whole_block_is_begun_again_under_its_right_name(left: int | None, tmp_path: Path) -> None:
    """left: how many bytes the kill left of it; None: its header."""
    folder = tmp_path / "r"
    RecordingWriter.create(folder, "charles", TOPICS).close()
    path = folder / "a" / "0" / f"{7:020d}.avro"
    SegmentWriter.create(path).close()
    if left is not None:
        os.truncate(path, left)
    assert offsets(folder) == []
    with RecordingWriter.resume(folder) as writer:
        assert not path.exists()
        assert writer.next_offset("a", 0) == 7
        writer.append("a", 0, record(9))
        writer.finish()
    assert offsets(folder) == [9]
    assert verify(Recording.open(folder)).records == 1


def test_an_older_manifest_is_brought_up_to_date_by_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    rows = [("a", 0, record(offset)) for offset in range(60)]
    recorded(folder, rows, segment_bytes=1600, finish=False)
    newest = Manifest.load(folder)
    older = newest.model_copy(update={"segments": newest.segments[:1]})
    older.save(folder)
    assert offsets(folder) == list(range(60))
    RecordingWriter.resume(folder, segment_bytes=1600).close()
    assert Manifest.load(folder).segments == newest.segments
    assert len(newest.segments) > 2


def test_segments_end_by_size_and_by_time(tmp_path: Path) -> None:
    rows = [("a", 0, record(offset, timestamp=1000 * offset)) for offset in range(100)]
    by_time = recorded(tmp_path / "time", rows, segment_ms=30_000)
    assert [each.first_offset for each in by_time.segments("a", 0)] == [0, 30, 60, 90]
    by_size = recorded(tmp_path / "size", rows, segment_bytes=2000)
    assert all(2000 <= each.bytes < 2200 for each in by_size.segments("a", 0)[:-1])
    assert len(by_size.segments("a", 0)) > 2


def test_time_that_stands_still_or_is_missing_ends_no_segment(tmp_path: Path) -> None:
    times = [-1, 5, -1, 4, 0, 5]
    rows = [("a", 0, record(offset, timestamp=time)) for offset, time in enumerate(times)]
    assert len(recorded(tmp_path / "r", rows, segment_ms=10).manifest.segments) == 1


def test_the_manifest_knows_the_runs(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with RecordingWriter.create(folder, "charles", TOPICS) as writer:
        writer.append("a", 0, of_run(0, "r2"))
        writer.append("a", 0, of_run(1, "r1"))
        writer.append("a", 1, of_run(1, "r1", "other"))
        writer.append("a", 1, record(2))
        writer.flush()
        copy, again = killed(writer)
    with again:
        assert Manifest.load(copy).runs == {"c": ["r1", "r2"], "other": ["r1"]}
    assert Manifest.load(folder).runs == {"c": ["r1", "r2"], "other": ["r1"]}


def test_schemas_configurations_topics_and_notes_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with RecordingWriter.create(folder, "charles", {}) as writer:
        with pytest.raises(RecordingError, match="does not record partition 0 of a"):
            writer.append("a", 0, record(0))
        writer.add_topic("a", 1, {0: 3})
        writer.add_topic("a", 2, {0: 99, 1: 4})
        writer.append("a", 1, record(5))
        with pytest.raises(RecordingError, match="does not record partition 2 of a"):
            writer.append("a", 2, record(0))
        with pytest.raises(ValueError, match="is not a valid topic name"):
            writer.add_topic("../a", 1)
        writer.add_schema(codec.own_fingerprint(Frame), codec.schema(Frame))
        writer.add_config(5, {"b": 1})
        writer.add_config(-1, {"a": 1})
        writer.add_config(5, {"b": 2})
        writer.note("the broker was away")
    kept = Manifest.load(folder)
    assert kept.topics == {"a": TopicInfo(partitions=2, start_offsets={0: 3, 1: 4})}
    assert codec.crc64(kept.schemas[codec.own_fingerprint(Frame).hex()]) == codec.own_fingerprint(Frame)
    assert [(each.epoch, each.document) for each in kept.configs] == [(-1, {"a": 1}), (5, {"b": 2})]
    assert kept.notes[0].endswith("the broker was away")


def test_a_record_that_is_none_leaves_no_file(tmp_path: Path) -> None:
    with RecordingWriter.create(tmp_path / "r", "charles", TOPICS) as writer:
        with pytest.raises(OverflowError):
            writer.append("a", 0, record(8, timestamp=2**63))
        assert not list((tmp_path / "r").rglob("*.avro"))
        assert writer.next_offset("a", 0) == 7
        writer.append("a", 0, record(9))
        writer.finish()
    assert offsets(tmp_path / "r") == [9]


def test_of_two_writers_the_second_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with RecordingWriter.create(folder, "charles", TOPICS) as writer:
        with pytest.raises(RecordingError, match=r"another program is writing to .*r: stop it first"):
            RecordingWriter.resume(folder)
        done = subprocess.run([sys.executable, "-c", WRITER, folder], capture_output=True, text=True, check=False)
        assert "another program is writing to" in done.stderr
        writer.append("a", 0, record(8))
    RecordingWriter.resume(folder).close()
    assert offsets(folder) == [8]


def test_only_an_empty_folder_becomes_a_recording(tmp_path: Path) -> None:
    RecordingWriter.create(tmp_path / "new" / "r", "charles", TOPICS).close()
    with pytest.raises(RecordingError, match="is not empty: choose a new folder"):
        RecordingWriter.create(tmp_path / "new" / "r", "charles", TOPICS)
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable):
        RecordingWriter.create(tmp_path / "file", "charles", TOPICS)
    with pytest.raises(RecordingError, match="is not a recording"):
        RecordingWriter.resume(tmp_path / "new")
    assert not list((tmp_path / "new").glob(".*"))


def test_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such codec: lzma; choose from: null, deflate, zstandard"):
        RecordingWriter.create(tmp_path / "r", "charles", TOPICS, codec="lzma")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("end", [RecordingWriter.finish, RecordingWriter.close])
def test_a_writer_that_was_closed_writes_no_more(end: Callable[[RecordingWriter], None], tmp_path: Path) -> None:
    with RecordingWriter.create(tmp_path / "r", "charles", TOPICS) as writer:
        writer.append("a", 0, record(8))
        end(writer)
        with pytest.raises(RecordingError, match="is closed"):
            writer.append("a", 0, record(9))
        with pytest.raises(RecordingError, match="is closed"):
            writer.note("too late")
    assert offsets(tmp_path / "r") == [8]


def test_what_overlaps_is_not_gone_on_with(tmp_path: Path) -> None:
    recorded(tmp_path / "r", [("a", 0, record(offset)) for offset in range(5)])
    SegmentWriter.create(tmp_path / "r" / "a" / "0" / f"{3:020d}.avro").close()
    with pytest.raises(DamagedRecording, match="move it away"):
        RecordingWriter.resume(tmp_path / "r")


def fill(writer: RecordingWriter) -> None:
    """Append until it is refused."""
    for offset in range(writer.next_offset("a", 1) or 0, 1000):
        writer.append("a", 1, record(offset, size=100_000))


def test_a_full_disk_is_told_and_spoils_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", mib=4) as disk:
        folder = disk.folder / "r"
        with RecordingWriter.create(folder, "charles", TOPICS, segment_bytes=1 << 20) as writer:
            writer.append("a", 1, record(0, size=100_000))
            writer.flush()
            disk.fill(leave=2_000_000)
            with pytest.raises(Unwritable, match=r"\.avro cannot be written: No space left on device") as told:
                fill(writer)
            taken = writer.next_offset("a", 1) or 0
            assert str(folder) in str(told.value)
            for path in folder.glob("a/1/*.avro"):
                list(read_segment(path))  # raises Damaged where a part of a block is left
            whole = offsets(folder, 1)
            assert whole == list(range(len(whole)))
            assert len(whole) > 1
            for attempt in (lambda: writer.append("a", 1, record(taken, size=100_000)), writer.flush, writer.finish):
                with pytest.raises(Unwritable):
                    attempt()
            assert offsets(folder, 1) == whole
            disk.make_room()
            writer.append("a", 1, record(taken, size=100_000))
            writer.finish()
        assert list(Recording.open(folder).read("a", 1)) == [record(each, size=100_000) for each in range(taken + 1)]
        assert verify(Recording.open(folder)).records == taken + 1


def test_a_writer_that_died_of_a_full_disk_goes_on_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", mib=4) as disk:
        folder = disk.folder / "r"
        writer = RecordingWriter.create(folder, "charles", TOPICS)
        disk.fill(leave=1_500_000)
        with pytest.raises(Unwritable):
            fill(writer)
        with pytest.raises(Unwritable):
            writer.close()
        disk.make_room()
        with RecordingWriter.resume(folder) as writer:
            start = writer.next_offset("a", 1) or 0
            assert start > 1
            for offset in range(start, start + 3):
                writer.append("a", 1, record(offset, size=100_000))
            writer.finish()
        assert offsets(folder, 1) == list(range(start + 3))


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, refused: str) -> Iterator[None]:
    """A system that does not let files of this ending take their place."""
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if str(target).endswith(refused):
            raise OSError(errno.EIO, "Input/output error", str(target))
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        yield


@pytest.mark.parametrize("refused", ["manifest.json", ".index"])
def test_a_segment_that_cannot_be_sealed_stays_open(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, copy = tmp_path / "r", tmp_path / "copy"
    with RecordingWriter.create(folder, "charles", TOPICS) as writer:
        for offset in range(6):
            writer.append("a", 0, record(offset))
        with refusing(monkeypatch, refused), pytest.raises(Unwritable, match=refused):
            writer.finish()
        shutil.copytree(folder, copy)
        writer.append("a", 0, record(6))
        writer.finish()
    assert offsets(folder) == list(range(7))
    RecordingWriter.resume(copy).finish()
    assert offsets(copy) == list(range(6))
