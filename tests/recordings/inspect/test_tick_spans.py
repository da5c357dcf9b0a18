"""Moments, spans and lengths of time are read as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.inspect import tick_spans
from charles.recordings.inspect.tick_spans import TickSpan
from tests.recordings.driving import BEGAN_MS, drive, placed
from tests.recordings.made import recorded


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return recorded(tmp_path / "r", placed(drive(31)))


@pytest.mark.parametrize(
    ("text", "after_ms"),
    [
        ("2026-01-01T00:00:10", 10_000),
        ("2026-01-01T00:00:10Z", 10_000),
        ("2026-01-01T01:00:10+01:00", 10_000),
        ("2026-01-01", 0),
        ("+90s", 90_000),
        ("+1m30.5s", 90_500),
        ("+2h", 7_200_000),
        ("+0s", 0),
        ("+0:01:30", 90_000),
    ],
)
def test_a_moment_is_a_time_or_counts_from_the_beginning(text: str, after_ms: int, recording: Recording) -> None:
    assert tick_spans.moment(text, recording) == BEGAN_MS + after_ms


@pytest.mark.parametrize("text", ["", "+", "90s", "+90", "noon", "2026-13-01", "+s"])
def test_what_is_no_moment_is_told_what_one_is(text: str, recording: Recording) -> None:
    with pytest.raises(RecordingError, match="is not a valid time: write 2026-01-31T12:00:00"):
        tick_spans.moment(text, recording)


@pytest.mark.parametrize(("text", "seconds"), [("3s", 3), ("500ms", 0.5), ("1.5m", 90), ("1h", 3600)])
def test_a_length_of_time_has_a_unit(text: str, seconds: float) -> None:
    assert tick_spans.length(text) == seconds
    with pytest.raises(RecordingError, match="is not a valid duration"):
        tick_spans.length(text.rstrip("msh"))


def test_a_span_holds_both_of_its_ends() -> None:
    span = TickSpan.parse("garage-1/20260101T000000Z-ab:5-9")
    assert span == TickSpan("garage-1", "20260101T000000Z-ab", 5, 9)
    assert [tick for tick in range(20) if ("garage-1", "20260101T000000Z-ab", tick) in span] == [5, 6, 7, 8, 9]
    assert ("garage-2", "20260101T000000Z-ab", 5) not in span
    assert str(span) == "garage-1/20260101T000000Z-ab:5-9"


@pytest.mark.parametrize("text", ["", "c/r", "c/r:5", "c/r:9-5", "/r:1-2", "c/r:-1-2"])
def test_what_is_no_span_is_told_what_one_is(text: str) -> None:
    with pytest.raises(RecordingError, match="is not a valid span: write collector/run:first-last"):
        TickSpan.parse(text)


def test_bounds_are_the_earliest_and_the_latest_timestamp(recording: Recording) -> None:
    assert tick_spans.bounds(recording) == (BEGAN_MS, BEGAN_MS + 1000)
