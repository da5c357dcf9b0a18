"""What was appended is read, to the byte, by us and by others; and what a kill or a fault leaves of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.avro.binary import read_long, write_long
from charles.recordings.format import avro_file, segment_index
from charles.recordings.format.compression import CODECS
from charles.recordings.format.errors import DamagedRecording
from charles.recordings.format.record import Record
from charles.recordings.format.record_encoding import record_pieces
from charles.recordings.format.segment_index import IndexEntry
from charles.recordings.format.segment_index import read as read_index
from charles.recordings.format.segment_reader import read_segment
from charles.recordings.format.segment_stats import SegmentStats
from charles.recordings.format.segment_writer import BLOCK_BYTES, BLOCK_RECORDS, SegmentWriter
from tests.recordings.made import record, records

ALL_CODECS = st.sampled_from(sorted(CODECS))


def write(path: Path, blocks: list[list[Record]], codec: str = "null") -> SegmentStats:
    """A sealed segment of these blocks."""
    writer = SegmentWriter.create(path, codec)
    for block in blocks:
        for each in block:
            writer.append(each)
        writer.flush()
    facts = writer.seal()
    writer.close()
    return facts


def by_fastavro(path: Path) -> list[Record]:
    with path.open("rb") as file:
        return [
            Record(**row | {"headers": tuple((header["key"], header["value"]) for header in row["headers"])})
            for row in fastavro.reader(file)
        ]


@given(rows=records(min_size=1), size=st.integers(1, 8), codec=ALL_CODECS)
def test_what_is_read_is_what_was_appended_to_the_byte(rows: list[Record], size: int, codec: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s.avro"
        facts = write(path, [rows[at : at + size] for at in range(0, len(rows), size)], codec)
        assert list(read_segment(path)) == rows
        assert by_fastavro(path) == rows
        timestamps = [each.timestamp for each in rows if each.timestamp >= 0] or [-1]
        assert facts == SegmentStats(
            *(rows[0].offset, rows[-1].offset, len(rows), path.stat().st_size),
            *(hashlib.sha256(path.read_bytes()).hexdigest(), min(timestamps), max(timestamps), codec),
        )


def test_a_file_says_its_schema_as_its_author_wrote_it(tmp_path: Path) -> None:
    write(tmp_path / "s.avro", [[record(1)]])
    with (tmp_path / "s.avro").open("rb") as file:
        written = json.loads(fastavro.reader(file).metadata["avro.schema"])
    assert written == json.loads(files("schemas").joinpath("Record.avsc").read_text())


def test_a_file_whose_schema_has_other_docs_is_read_and_gone_on_with(tmp_path: Path) -> None:
    path, rows = tmp_path / "s.avro", [record(offset) for offset in range(3)]
    schema = json.loads(files("schemas").joinpath("Record.avsc").read_text())
    plain = {"type": "record", "name": "charles.Record", "fields": schema["fields"]}
    shorter = json.loads(json.dumps(plain), object_hook=without_doc)
    with path.open("wb") as file:
        fastavro.writer(file, shorter, [])
    writer, cut = SegmentWriter.resume(path)
    assert cut is None
    writer.append(rows[0])
    writer.flush()
    writer.close()
    writer, cut = SegmentWriter.resume(path)
    assert (cut, writer.last_offset) == (None, 0)
    for each in rows[1:]:
        writer.append(each)
    writer.seal()
    writer.close()
    assert list(read_segment(path)) == by_fastavro(path) == rows


def without_doc(part: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in part.items() if key not in ("doc", "unit")}


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_are_written_as_they_are_read(value: int) -> None:
    assert read_long(write_long(value) + b"rest", 0) == (value, len(write_long(value)))


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_number_of_more_than_64_bits_is_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        write_long(value)


@given(rows=records(min_size=1), size=st.integers(1, 8), data=st.data())
def test_reading_begins_at_any_offset_and_at_any_block_of_the_index(
    rows: list[Record], size: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s.avro"
        write(path, [rows[at : at + size] for at in range(0, len(rows), size)])
        start = data.draw(st.integers(0, 2**62) | st.sampled_from([each.offset for each in rows]))
        wanted = [each for each in rows if each.offset >= start]
        assert list(read_segment(path, start)) == wanted
        entries = read_index(path)
        assert list(read_segment(path, start, entries[segment_index.at_offset(entries, start)].position)) == wanted
        for at, entry in enumerate(entries):
            assert list(read_segment(path, position=entry.position)) == rows[at * size :]
            assert entry.timestamp == max(each.timestamp for each in rows[: (at + 1) * size])


def test_blocks_end_by_themselves(tmp_path: Path) -> None:
    many = [record(offset) for offset in range(2 * BLOCK_RECORDS + 1)]
    write(tmp_path / "many.avro", [many])
    assert [entry.offset for entry in read_index(tmp_path / "many.avro")] == [
        0,
        BLOCK_RECORDS,
        2 * BLOCK_RECORDS,
    ]
    large = [Record(offset, 0, 1, None, bytes(BLOCK_BYTES // 2), ()) for offset in range(5)]
    write(tmp_path / "large.avro", [large])
    assert [entry.offset for entry in read_index(tmp_path / "large.avro")] == [0, 2, 4]


@pytest.mark.parametrize("offset", [-1, 3, 4])
def test_offsets_must_grow(offset: int, tmp_path: Path) -> None:
    writer = SegmentWriter.create(tmp_path / "s.avro")
    writer.append(record(4))
    with pytest.raises(ValueError, match="cannot come after 4"):
        writer.append(record(offset) if offset >= 0 else Record(-1, 0, 0, None, None))
    writer.append(record(5))
    writer.seal()
    assert [each.offset for each in read_segment(tmp_path / "s.avro")] == [4, 5]
    writer.close()


def test_a_segment_cut_anywhere_goes_on_after_its_last_whole_block(tmp_path: Path) -> None:
    blocks = [[record(3 * block + at, size=8) for at in range(3)] for block in range(3)]
    whole = tmp_path / "whole.avro"
    write(whole, blocks)
    ends = [*(entry.position for entry in read_index(whole)), whole.stat().st_size]
    for size in (*range(0, ends[0], 50), *range(ends[0] - 1, ends[-1])):
        cut = tmp_path / "cut.avro"
        cut.write_bytes(whole.read_bytes()[:size])
        left = [each for block, end in zip(blocks, ends[1:], strict=True) if end <= size for each in block]
        assert size < ends[0] or list(read_segment(cut, may_be_torn=True)) == left
        writer, repair = SegmentWriter.resume(cut)
        torn = size - max((end for end in ends if end <= size), default=0)
        assert (repair.bytes if repair else 0) == torn
        assert repair is None or repair.kept is None
        assert (writer.records, writer.last_offset) == (len(left), left[-1].offset if left else -1)
        added = record(100)
        writer.append(added)
        facts = writer.seal()
        writer.close()
        assert list(read_segment(cut)) == by_fastavro(cut) == [*left, added]
        assert facts.sha256 == hashlib.sha256(cut.read_bytes()).hexdigest()


def test_zeros_that_a_power_cut_leaves_at_the_end_are_cut_off(tmp_path: Path) -> None:
    rows = [record(offset) for offset in range(5)]
    write(tmp_path / "s.avro", [rows])
    with (tmp_path / "s.avro").open("ab") as file:
        file.write(bytes(4096))
    assert list(read_segment(tmp_path / "s.avro", may_be_torn=True)) == rows
    writer, cut = SegmentWriter.resume(tmp_path / "s.avro")
    writer.close()
    assert cut is not None
    assert cut.bytes == 4096
    assert list(read_segment(tmp_path / "s.avro")) == rows


def test_whole_blocks_behind_a_damaged_one_are_kept_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.avro"
    blocks = [[record(0)], [record(1)], [record(2)]]
    write(path, blocks)
    data = bytearray(path.read_bytes())
    at = read_index(path)[1].position
    data[at] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(DamagedRecording, match=f"is damaged at byte {at}"):
        list(read_segment(path, may_be_torn=True))  # no tear: it would pass over what is there
    writer, cut = SegmentWriter.resume(path)
    writer.close()
    assert list(read_segment(path)) == blocks[0]
    assert cut is not None
    assert cut.kept is not None
    assert cut.kept.read_bytes() == data[at:]


def harmed(path: Path, position: int, byte: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] = byte
    path.write_bytes(content)


def test_a_block_that_does_not_end_where_it_should_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "s.avro"
    write(path, [[record(0)], [record(1)], [record(2)]])
    second, third = (entry.position for entry in read_index(path)[1:])
    harmed(path, third - 1, path.read_bytes()[third - 1] ^ 1)
    with pytest.raises(DamagedRecording, match=f"at byte {second}: the block does not end with the file's marker"):
        list(read_segment(path))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_block_with_another_number_of_records_than_it_says_is_damage(count: int, tmp_path: Path) -> None:
    path = tmp_path / "s.avro"
    write(path, [[record(offset) for offset in range(3)]])
    (entry,) = read_index(path)
    harmed(path, entry.position, 2 * count)
    with pytest.raises(DamagedRecording, match=f"at byte {entry.position}: the block"):
        list(read_segment(path))


def test_what_lies_behind_a_block_s_last_record_is_damage(tmp_path: Path) -> None:
    path, sync = tmp_path / "s.avro", bytes(range(16))
    begin = avro_file.header(avro_file.RECORDS, "null", sync)
    hidden = [*record_pieces(record(5)), *record_pieces(record(0))]
    path.write_bytes(begin + avro_file.block(1, hidden, "null", sync))
    with pytest.raises(DamagedRecording, match=f"at byte {len(begin)}: the block does not hold 1 items"):
        list(read_segment(path))


def test_the_index_leads_to_the_block_that_is_wanted() -> None:
    entries = [
        IndexEntry(-1, 10, 100),
        IndexEntry(5, 20, 200),
        IndexEntry(5, 30, 300),
        IndexEntry(9, 40, 400),
    ]
    assert [segment_index.at_offset(entries, offset) for offset in (0, 10, 19, 20, 39, 40, 99)] == [0, 0, 0, 1, 2, 3, 3]
    assert [segment_index.at_time(entries, time) for time in (-1, 0, 5, 6, 9, 10)] == [0, 1, 1, 3, 3, 4]


@given(data=st.data())
def test_a_flipped_bit_never_gives_other_offsets_or_more_records_unnoticed(data: st.DataObject) -> None:
    rows = [record(offset) for offset in range(6)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s.avro"
        facts = write(path, [rows[:3], rows[3:]])
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
        assert hashlib.sha256(content).hexdigest() != facts.sha256
        with suppress(DamagedRecording):
            got = list(read_segment(path))
            assert len(got) == len(rows)
            assert [each.offset for each in got] == sorted({each.offset for each in got})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x" * 5000, "does not begin with an Avro file header"),
        (b"", "does not begin with an Avro file header"),
        (None, "it contains 'Other'"),
    ],
)
def test_what_is_no_segment_is_named(content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "s.avro"
    if content is None:
        schema = {"type": "record", "name": "Other", "fields": [{"name": "a", "type": "long"}]}
        with path.open("wb") as file:
            fastavro.writer(file, schema, [{"a": number} for number in range(2000)])
    else:
        path.write_bytes(content)
    with pytest.raises(DamagedRecording, match=reason) as told:
        list(read_segment(path))
    assert str(path) in str(told.value)
    if content != b"":
        with pytest.raises(DamagedRecording):
            SegmentWriter.resume(path)


def test_a_missing_file_is_damage_too(tmp_path: Path) -> None:
    with pytest.raises(DamagedRecording, match="the file is missing"):
        list(read_segment(tmp_path / "s.avro"))


def test_a_resumed_segment_keeps_its_codec(tmp_path: Path) -> None:
    path, again = tmp_path / "s.avro", tmp_path / "again.avro"
    write(path, [[record(0, size=2000)]], "deflate")
    shutil.copy(path, again)
    writer, cut = SegmentWriter.resume(again)
    writer.append(record(1, size=2000))
    assert (writer.seal().codec, cut) == ("deflate", None)
    writer.close()
    assert again.stat().st_size < path.stat().st_size + 2000
    assert list(read_segment(again)) == [record(0, size=2000), record(1, size=2000)]
