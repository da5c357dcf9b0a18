"""Bad stretches go from all topics, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from charles.recordings.edit.drop import drop
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.tick_spans import TickSpan
from charles.recordings.inspect.verify import verify
from tests.recordings.driving import drive, placed, sample_of
from tests.recordings.driving import record as recorded_event
from tests.recordings.made import Placed, record, recorded


def rows() -> list[Placed]:
    ours, theirs = drive(50, "r1"), drive(50, "r2")
    samples = [("balanced", 0, recorded_event(sample_of(each), n)) for n, each in enumerate([*ours[::2], *theirs[::2]])]
    return [*placed([*ours, *theirs], first_offset=70), *samples, ("notes", 0, record(4))]


def test_ticks_go_from_every_topic_and_the_rest_stays(tmp_path: Path) -> None:
    source = recorded(tmp_path / "source", rows())
    spans = [TickSpan("c", "r1", 10, 19), TickSpan("c", "r2", 40, 99), TickSpan("c", "r2", 45, 47)]
    assert drop(source, tmp_path / "clean", spans) == 2 * 20 + 5 + 5
    made = Recording.open(tmp_path / "clean")
    kept = [
        (topic, partition, each)
        for topic, partition, each in source.merged()
        if each.moment is None or not any(each.moment in span for span in spans)
    ]
    assert list(made.merged()) == kept
    assert verify(made).ok
    assert "without c/r1:10-19, c/r2:40-99, c/r2:45-47" in made.manifest.notes[-1]


def test_a_span_that_holds_nothing_is_an_error(tmp_path: Path) -> None:
    source = recorded(tmp_path / "source", rows())
    with pytest.raises(RecordingError, match="has no records of c/r3:1-2"):
        drop(source, tmp_path / "clean", [TickSpan("c", "r1", 10, 19), TickSpan("c", "r3", 1, 2)])
    assert not (tmp_path / "clean").exists()


def test_a_recording_of_nothing_is_not_made(tmp_path: Path) -> None:
    source = recorded(tmp_path / "source", placed(drive(20)))
    with pytest.raises(RecordingError, match=r"nothing of .* would be left"):
        drop(source, tmp_path / "clean", [TickSpan("c", "r", 0, 19)])
    assert not (tmp_path / "clean").exists()
