"""A part of a recording is a recording of the same records."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.base.atomic_file import Unwritable
from charles.recordings.edit.cut import CutPart, cut
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from charles.recordings.inspect.verify import verify
from tests.recordings.driving import BEGAN_MS, drive, placed
from tests.recordings.made import Placed, files_of, record, recorded, records


def everything(recording: Recording) -> dict[tuple[str, int], list[Record]]:
    return {
        (topic, partition): list(recording.read(topic, partition))
        for topic in recording.topics
        for partition in recording.partitions(topic)
    }


def two_collectors() -> list[Placed]:
    """Three seconds of one, and of another one that begins a second later; and two records of nobody."""
    one, other = drive(91, "r1", "one"), drive(91, "r2", "other", 1.0)
    steps = [("notes", 0, record(9, BEGAN_MS + 500)), ("notes", 0, record(11, BEGAN_MS + 2500))]
    return [*placed(one, 0, 100), *placed(other, 1, 500), *steps]


@pytest.fixture
def source(tmp_path: Path) -> Recording:
    return recorded(tmp_path / "source", two_collectors(), segment_bytes=20_000)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in files_of(folder)}


@pytest.mark.parametrize(
    ("part", "counts"),
    [
        (CutPart(), {"frames": [91, 91], "controls": [91, 91], "notes": [2]}),
        (CutPart(since_ms=BEGAN_MS + 2000), {"frames": [31, 61], "controls": [31, 61], "notes": [1]}),
        (CutPart(until_ms=BEGAN_MS + 2000), {"frames": [60, 30], "controls": [60, 30], "notes": [1]}),
        (CutPart(BEGAN_MS + 1000, BEGAN_MS + 2000), {"frames": [30, 30], "controls": [30, 30], "notes": [0]}),
        (CutPart(collectors=frozenset({"other"})), {"frames": [0, 91], "controls": [0, 91], "notes": [0]}),
        (CutPart(topics=["controls"]), {"controls": [91, 91]}),
    ],
)
def test_records_of_a_part_stay_as_they_are(
    part: CutPart, counts: dict[str, list[int]], source: Recording, tmp_path: Path
) -> None:
    before = contents(source.folder)
    cut(source, tmp_path / "part", part)
    made = Recording.open(tmp_path / "part")
    kept = everything(made)
    assert {topic: [len(kept[topic, p]) for p in made.partitions(topic)] for topic in made.topics} == counts
    whole = everything(source)
    assert all(set(map(repr, kept[place])) <= set(map(repr, whole[place])) for place in kept)
    assert made.manifest.state == "complete"
    assert verify(made).ok
    assert contents(source.folder) == before


@given(rows=records(st.integers(0, 1000), min_size=1), since=st.integers(0, 1000), length=st.integers(0, 1000))
def test_cut_at_any_time_the_parts_are_the_whole(
    rows: list[Record], since: int, length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    source = recorded(folder / "source", (("a", 0, row) for row in rows))
    times = [None, since, since + length, None]
    found: list[Record] = []
    for number, (begin, end) in enumerate(itertools.pairwise(times)):
        try:
            cut(source, folder / str(number), CutPart(begin, end))
        except RecordingError:
            continue  # nothing lies there
        found += Recording.open(folder / str(number)).read("a", 0)
    assert found == rows


def test_a_part_says_of_what_it_is_and_keeps_what_is_known_of_it(source: Recording, tmp_path: Path) -> None:
    with RecordingWriter.resume(source.folder) as writer:
        writer.add_schema(bytes(range(8)), {"type": "string"})
        writer.add_schema((300).to_bytes(4, "big"), {"type": "long"})
        writer.add_config(7, {"game": "city"})
        writer.note("it rained")
        writer.finish()
    source = Recording.open(source.folder)
    cut(source, tmp_path / "part", CutPart(collectors=frozenset({"one"})))
    manifest = Recording.open(tmp_path / "part").manifest
    assert manifest.schemas == source.manifest.schemas
    assert manifest.configs == source.manifest.configs
    assert manifest.prefix == "charles"
    assert manifest.runs == {"one": ["r1"]}
    assert manifest.notes[0].endswith("it rained")
    assert source.digest in manifest.notes[1]
    assert manifest.id != source.manifest.id


def test_a_recording_that_is_not_complete_is_cut_as_far_as_it_was_flushed(tmp_path: Path) -> None:
    source = recorded(tmp_path / "source", two_collectors(), finish=False)
    cut(source, tmp_path / "part", CutPart())
    assert everything(Recording.open(tmp_path / "part")) == everything(source)


def test_nothing_is_made_where_nothing_is_asked_for(source: Recording, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="has no such records"):
        cut(source, tmp_path / "part", CutPart(collectors=frozenset({"nobody"})))
    with pytest.raises(RecordingError, match="has no topic weights"):
        cut(source, tmp_path / "part", CutPart(topics=["weights"]))
    assert not (tmp_path / "part").exists()


def test_a_folder_that_holds_something_is_left_alone(source: Recording, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note").write_text("keep me")
    for folder in (tmp_path / "mine", tmp_path / "mine" / "note", source.folder):
        with pytest.raises(RecordingError, match=r"choose a new one|must not be changed"):
            cut(source, folder, CutPart())
    with pytest.raises(RecordingError, match="must not be changed: choose another folder"):
        cut(source, source.folder / "part", CutPart())
    assert (tmp_path / "mine" / "note").read_text() == "keep me"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, Unwritable("the disk is full")])
@pytest.mark.parametrize("existed", [True, False])
def test_what_is_not_finished_is_removed(
    failure: BaseException | type[BaseException],
    existed: bool,
    source: Recording,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, append, seen = tmp_path / "part", RecordingWriter.append, threading.Event()
    if existed:
        folder.mkdir()

    def fails(writer: RecordingWriter, topic: str, partition: int, each: Record) -> None:
        append(writer, topic, partition, each)
        if each.offset > 150:
            assert len(list(files_of(folder))) > 1
            seen.set()
            raise failure

    monkeypatch.setattr(RecordingWriter, "append", fails)
    with pytest.raises((KeyboardInterrupt, Unwritable)):
        cut(source, folder, CutPart())
    assert seen.is_set()
    assert list(folder.iterdir()) == [] if existed else not folder.exists()
