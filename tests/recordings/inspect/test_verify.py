"""Verifying finds whatever is not as it was recorded, and says where."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.avro import codec
from charles.events import Control, Frame
from charles.kafka import schemas
from charles.recordings.format import segment_index
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from charles.recordings.inspect.verify import VerifyReport, verify
from tests.recordings.made import Placed, files_of, recorded

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STRANGE = {"type": "record", "name": "Other", "fields": [{"name": "a", "type": "long"}]}


def frame(offset: int) -> Record:
    value = codec.encode(Frame("c", "r", offset, NOW, bytes(20), 8, 6, 0, 0))
    return Record(offset, 1000 + offset, 1, b"c", value)


def control(offset: int) -> Record:
    value = codec.encode(Control("c", "r", offset, NOW, *(0.5,) * 3, *(1.0,) * 7))
    return Record(offset, 1000 + offset, 1, b"c", value)


ROWS: list[Placed] = [
    each for offset in range(30) for each in (("frames", offset % 2, frame(offset)), ("controls", 0, control(offset)))
]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """One of several sealed segments."""
    return recorded(tmp_path / "r", ROWS, segment_bytes=2000)


def problems(recording: Recording) -> list[str]:
    return [str(problem) for problem in verify(Recording.open(recording.folder)).problems]


def test_what_was_recorded_is_whole(recording: Recording) -> None:
    size = sum(each.bytes for each in recording.manifest.segments)
    told: list[tuple[int, int]] = []
    report = verify(recording, lambda done, total: told.append((done, total)))
    assert report == VerifyReport([], len(ROWS), size, len(ROWS), {})
    assert report.ok
    assert told == sorted(told)
    assert told[-1] == (size, size)
    assert len(recording.manifest.segments) > 4


def test_what_is_open_yet_is_whole_too_even_if_its_end_is_torn(tmp_path: Path) -> None:
    read = recorded(tmp_path / "r", ROWS, segment_bytes=2000, finish=False)
    with read.open_segments("frames", 1)[-1].open("ab") as file:
        file.write(b"\x02\x80\x80")
    report = verify(read)
    assert (report.problems, report.records) == ([], len(ROWS))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recorded(tmp_path_factory.mktemp("small") / "r", ROWS[:8], segment_bytes=1500)


@given(data=st.data())
def test_any_flipped_bit_of_any_file_is_found(small: Recording, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(files_of(small.folder))))
    whole = path.read_bytes()
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    try:
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 1 << bit,)) + whole[at + 1 :])
        assert path.name in found_or_refused(small.folder)
    finally:
        path.write_bytes(whole)
    assert found_or_refused(small.folder) == ""


def found_or_refused(folder: Path) -> str:
    try:
        return "\n".join(str(problem) for problem in verify(Recording.open(folder)).problems)
    except RecordingError as error:
        return str(error)


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def cut_before_last_block(path: Path) -> None:
    position = segment_index.read(path)[-1].position
    path.write_bytes(path.read_bytes()[:position])


def put_foreign(path: Path) -> None:
    with path.open("wb") as file:
        fastavro.writer(file, STRANGE, [{"a": 1}] * 10)


def put_neighbour(path: Path) -> None:
    shutil.copy(sorted(path.parent.glob("*.avro"))[1], path)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (remove, "{}: the file cannot be read: No such file or directory"),
        (cut, "{} at byte "),
        (cut_before_last_block, "{}: its sha256 is "),
        (put_foreign, "{} at byte 0: it contains 'Other'"),
        (put_neighbour, "{}: its first_offset is "),
    ],
)
def test_a_segment_that_came_to_harm_is_named(harm: Callable[[Path], None], words: str, recording: Recording) -> None:
    info = recording.segments("controls", 0)[0]
    harm(recording.folder / info.file)
    assert any(problem.startswith(words.format(info.file)) for problem in problems(recording))


def test_a_gap_between_segments_is_found(recording: Recording) -> None:
    forgotten = recording.manifest.segments_of("controls", 0)[1]
    recording.manifest.segments.remove(forgotten)
    recording.manifest.save(recording.folder)
    found = problems(recording)
    assert f"{forgotten.file}: the manifest does not name this file" in found
    assert any(problem.startswith("manifest.json at byte 0: the segment before ") for problem in found)


def test_files_that_do_not_belong_there_are_named(recording: Recording) -> None:
    (recording.folder / "notes.txt").touch()
    (recording.folder / "frames" / "0" / f"{999:020d}.avro").touch()
    assert problems(recording) == [
        f"frames/0/{999:020d}.avro: the manifest does not name this file",
        "notes.txt: the manifest does not name this file",
    ]


def test_what_a_repair_kept_belongs_there(tmp_path: Path) -> None:
    read = recorded(tmp_path / "r", ROWS[:10], finish=False)
    path = read.open_segments("controls", 0)[0]
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)) + data[-200:])
    with RecordingWriter.resume(read.folder) as writer:
        writer.finish()
    assert list(path.parent.glob("*.cut-*"))
    assert problems(read) == []


def test_an_index_that_lies_is_named_and_a_missing_one_is_not(recording: Recording) -> None:
    first, second, *_others = recording.segments("controls", 0)
    path = segment_index.path_of(recording.folder / first.file)
    shutil.copy(segment_index.path_of(recording.folder / second.file), path)
    assert problems(recording) == [
        f"{path.relative_to(recording.folder)}: it does not match its segment: delete it, and it will be rebuilt"
    ]
    path.unlink()
    assert problems(recording) == []


def test_values_that_are_no_events_are_named_and_what_needs_to_be_none_is_fine(tmp_path: Path) -> None:
    values = [*(frame(offset).value for offset in range(3)), b"junk", b"", (frame(5).value or b"")[:-1], None]
    rows: list[Placed] = [("frames", 0, Record(offset, 0, 1, None, value)) for offset, value in enumerate(values)]
    rows.append(("schemas", 0, Record(0, 0, 1, b"fingerprint", schemas.announcement(Frame)[1])))
    rows.append(("of-others", 0, Record(0, 0, 1, None, b"whatever")))
    report = verify(recorded(tmp_path / "r", rows))
    assert report.values == 3
    words = [str(problem) for problem in report.problems]
    assert all(each.startswith(f"frames/0/{0:020d}.avro at byte ") for each in words)
    assert [each.partition(": ")[2].partition(": ")[::2] for each in words] == [
        (
            "the value of offset 3",
            "the record begins with 6a 75: neither Avro single-object nor Confluent framing",
        ),
        ("the value of offset 4", "the record is empty"),
        ("the value of offset 5", "not a Frame: EOFError"),
    ]


def test_of_many_values_that_are_no_events_the_first_are_named(tmp_path: Path) -> None:
    rows = [("frames", 0, Record(offset, 0, 1, None, b"junk")) for offset in range(25)]
    found = problems(recorded(tmp_path / "r", rows))
    assert len(found) == 11
    assert found[-1] == f"frames/0/{0:020d}.avro: 15 more invalid values"


def test_values_are_read_by_the_schemas_of_the_manifest(tmp_path: Path) -> None:
    """Frames: one that names its schema by a registry's id, one of another version, and one that is none of that."""
    own = {key: value for key, value in codec.schema(Frame).items() if not key.startswith("__")}
    longer = fastavro.parse_schema({**own, "fields": [*own["fields"], {"name": "more", "type": "long"}]})
    body = (frame(0).value or b"")[10:]
    newer = codec.SINGLE_OBJECT + codec.crc64(longer)
    values = [b"\0" + (300).to_bytes(4, "big") + body, newer + body + b"\2", newer + body]
    folder = tmp_path / "r"
    recorded(folder, [("frames", 0, Record(offset, 0, 1, None, value)) for offset, value in enumerate(values)])

    report = verify(Recording.open(folder))
    assert (report.problems, report.values) == ([], 0)
    assert report.unknown == {"300": 1, codec.crc64(longer).hex(): 2}

    with RecordingWriter.resume(folder) as writer:
        writer.add_schema((300).to_bytes(4, "big"), codec.schema(Frame))
        writer.add_schema(codec.crc64(longer), longer)
        writer.finish()
    report = verify(Recording.open(folder))
    assert (report.values, report.unknown) == (2, {})
    assert ["the value of offset 2: not a Frame" in str(problem) for problem in report.problems] == [True]
