"""Recordings become one: nothing is lost, nothing comes twice, order and offsets stay where they can."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.recordings.edit.cut import CutPart, cut
from charles.recordings.edit.merge import merge
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from charles.recordings.inspect.verify import verify
from tests.recordings.driving import BEGAN_MS, drive, placed
from tests.recordings.made import Placed, record, recorded


def merged(folder: Path, *sources: Recording) -> tuple[Recording, int]:
    repeats = merge(sources, folder / "merged")
    made = Recording.open(folder / "merged")
    assert verify(made).ok
    return made, repeats


def rows(recording: Recording, topic: str = "frames") -> list[Record]:
    return [each for partition in recording.partitions(topic) for each in recording.read(topic, partition)]


def test_parts_of_a_recording_become_the_whole_again(tmp_path: Path) -> None:
    source = recorded(
        tmp_path / "source", [*placed(drive(91, "r1", "one"), 0, 100), *placed(drive(91, "r2", "two"), 1)]
    )
    parts = [
        CutPart(until_ms=BEGAN_MS + 2000),
        CutPart(since_ms=BEGAN_MS + 1000, collectors=frozenset({"one"})),  # overlaps the first
        CutPart(since_ms=BEGAN_MS + 2000, collectors=frozenset({"two"})),
    ]
    for number, part in enumerate(parts):
        cut(source, tmp_path / str(number), part)
    made, repeats = merged(tmp_path, *(Recording.open(tmp_path / str(n)) for n in (2, 0, 1)))
    assert list(made.merged()) == list(source.merged())
    assert repeats == 2 * 30


@given(rows=st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_one_log_in_any_shares_is_put_together_again(rows: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each record is in the first recording, the second one, both, or neither."""
    folder = tmp_path_factory.mktemp("shares")
    held = [[("a", 0, record(n)) for n, share in enumerate(rows) if share & bit] for bit in (1, 2)]
    sources = [recorded(folder / str(n), part) for n, part in enumerate(held)]
    repeats = merge(sources, folder / "merged")
    made = Recording.open(folder / "merged")
    kept = [each for topic in made.topics for each in made.read(topic, 0)]
    assert kept == [record(n) for n, share in enumerate(rows) if share]
    assert repeats == rows.count(3)


def test_records_of_different_logs_are_numbered_anew_in_the_order_of_their_times(tmp_path: Path) -> None:
    one = recorded(tmp_path / "one", placed(drive(60, "r1", "one", 10.0), first_offset=5))
    two = recorded(tmp_path / "two", placed(drive(60, "r2", "two", 11.0), first_offset=7))
    made, repeats = merged(tmp_path, one, two)
    assert repeats == 0
    kept = rows(made)
    assert [each.offset for each in kept] == list(range(120))
    assert [each.timestamp for each in kept] == sorted(each.timestamp for each in [*rows(one), *rows(two)])
    assert plain(kept) == plain([*rows(one), *rows(two)])
    notes = [note.partition(" ")[2] for note in made.manifest.notes]
    assert notes[0].startswith(f"merged from one ({one.digest}), two ({two.digest})")
    assert notes[1:] == [f"{topic}/0 comes from several logs: its records were renumbered" for topic in made.topics]


def plain(every: list[Record]) -> list[Record]:
    """Without their numbers, in one order."""
    return sorted((dataclasses.replace(each, offset=0) for each in every), key=repr)


def test_later_offsets_of_earlier_times_are_of_another_log(tmp_path: Path) -> None:
    later = recorded(tmp_path / "later", placed(drive(30, "r1", "one", 1000.0)))
    earlier = recorded(tmp_path / "earlier", placed(drive(30, "r2", "two"), first_offset=500))
    made, _repeats = merged(tmp_path, later, earlier)
    assert [each.moment[0] for each in rows(made) if each.moment] == ["two"] * 30 + ["one"] * 30


def test_a_moment_of_two_logs_is_kept_once(tmp_path: Path) -> None:
    """As after a replay into another cluster, with its own offsets and timestamps."""
    first = recorded(tmp_path / "first", placed(drive(40)))
    again = recorded(tmp_path / "again", later(placed(drive(60), first_offset=3), 90_000_000))
    made, repeats = merged(tmp_path, first, again)
    assert repeats == 2 * 40
    assert [each.moment for each in rows(made)] == [("c", "r", tick) for tick in range(60)]
    assert rows(made)[:40] == rows(first)


def later(every: list[Placed], by_ms: int) -> list[Placed]:
    return [(t, p, dataclasses.replace(each, timestamp=each.timestamp + by_ms)) for t, p, each in every]


@pytest.mark.parametrize(("ids", "offsets"), [("aa", [5, 6, 7, 8, 9, 10]), ("ab", [0, 1, 2, 3, 4, 5])])
def test_a_topic_that_the_cluster_knows_by_another_id_is_another_log(
    ids: str, offsets: list[int], tmp_path: Path
) -> None:
    sources = []
    for number, topic_id in enumerate(ids):
        with RecordingWriter.create(
            tmp_path / str(number), "charles", {"a": TopicInfo(partitions=1, id=topic_id)}
        ) as writer:
            for offset in range(3):
                writer.append("a", 0, record(5 + 3 * number + offset))
            writer.finish()
        sources.append(Recording.open(tmp_path / str(number)))
    made, _repeats = merged(tmp_path, *sources)
    assert [each.offset for each in rows(made, "a")] == offsets
    assert made.manifest.topics["a"].id == ("a" if ids == "aa" else "")


def test_what_one_recording_holds_twice_stays_so(tmp_path: Path) -> None:
    twice = [*placed(drive(5)), *placed(drive(5), first_offset=5)]
    other = recorded(tmp_path / "other", placed(drive(5, "r2"), first_offset=2))
    made, repeats = merged(tmp_path, recorded(tmp_path / "twice", twice), other)
    assert (len(rows(made)), repeats) == (15, 0)


@pytest.mark.parametrize("finish", [True, False])
def test_a_moment_that_differs_is_an_error(finish: bool, tmp_path: Path) -> None:
    one = recorded(tmp_path / "one", placed(drive(10)), finish=finish)
    two = recorded(tmp_path / "two", placed(drive(10, steering=-0.5), first_offset=3), finish=finish)
    with pytest.raises(RecordingError, match=r"controls: tick 0 of c/r differs between .*one and .*two"):
        merge([one, two], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_topics_and_partitions_of_all_are_there(tmp_path: Path) -> None:
    one = recorded(tmp_path / "one", [("a", 0, record(1)), ("b", 1, record(1))])
    two = recorded(tmp_path / "two", [("b", 2, record(1)), ("c", 0, record(1))])
    made, _repeats = merged(tmp_path, one, two)
    assert {topic: len(made.partitions(topic)) for topic in made.topics} == {"a": 1, "b": 3, "c": 1}


def test_schemas_of_two_registries_do_not_go_together(tmp_path: Path) -> None:
    sources = []
    for name, kind in (("one", "string"), ("two", "long")):
        recorded(tmp_path / name, [("a", 0, record(1))])
        with RecordingWriter.resume(tmp_path / name) as writer:
            writer.add_schema((1).to_bytes(4, "big"), {"type": kind})
            writer.finish()
        sources.append(Recording.open(tmp_path / name))
    with pytest.raises(
        RecordingError, match=r"schema 1 differs between the recordings: .* different schema registries"
    ):
        merge(sources, tmp_path / "merged")


def test_of_two_configurations_of_one_epoch_the_first_stays(tmp_path: Path) -> None:
    sources = []
    for name, game in (("one", "city"), ("two", "carracing")):
        recorded(tmp_path / name, [("a", 0, record(len(sources)))])
        with RecordingWriter.resume(tmp_path / name) as writer:
            writer.add_config(3, {"game": game})
            writer.finish()
        sources.append(Recording.open(tmp_path / name))
    made, _repeats = merged(tmp_path, *sources)
    assert [each.document for each in made.manifest.configs] == [{"game": "city"}]
    assert any("two configurations have the epoch 3; the first one was kept" in note for note in made.manifest.notes)
