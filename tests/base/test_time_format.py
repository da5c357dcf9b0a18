"""Times and durations are read as people write them, and what is written can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.base.time_format import (
    h_mm_ss,
    iso,
    local,
    local_clock,
    of_ms,
    read_duration,
    read_time,
    short,
    to_ms,
    utc,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
BEGINNING = datetime(2026, 1, 31, 10, tzinfo=UTC)
MS = st.integers(0, 253_402_300_799_999)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("3s", 3),
        ("90 s", 90),
        (".5m", 30),
        ("1.5m", 90),
        ("2.5 min", 150),
        ("1h", 3600),
        ("1h2m3.5s", 3723.5),
        ("1h 30min", 5400),
        ("3d", 259_200),
        ("0:01:30", 90),
        ("49:00:00.5", 176_400.5),
    ],
)
def test_a_duration_is_numbers_with_units_or_a_clock(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "s", "+3s", "-3s", "1w", "1:30", "0:60:00", "3s4", "nan s", f"{'9' * 400}s"])
def test_what_is_no_duration_is_told_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid duration: write 90s, 500ms, 1\.5h, 1m30s or 0:01:30"):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T11:00:00", NOW - timedelta(hours=1)),
        ("2026-01-31T11:00:00Z", NOW - timedelta(hours=1)),
        ("2026-01-31T11:00:00+01:00", NOW - timedelta(hours=2)),
        ("2026-01-31", NOW - timedelta(hours=12)),
        ("10m ago", NOW - timedelta(minutes=10)),
        ("0:10:00 ago", NOW - timedelta(minutes=10)),
    ],
)
@pytest.mark.parametrize("beginning", [None, BEGINNING])
def test_a_time_is_iso_8601_or_some_while_ago(text: str, time: datetime, beginning: datetime | None) -> None:
    assert read_time(text, NOW, beginning) == time


def test_a_time_counts_from_a_beginning_where_there_is_one() -> None:
    assert read_time("+1m30.5s", NOW, BEGINNING) == BEGINNING + timedelta(seconds=90.5)
    assert read_time("+0:01:30", NOW, BEGINNING) == BEGINNING + timedelta(seconds=90)
    with pytest.raises(ValueError, match="is not a valid time"):
        read_time("+90s", NOW)


def test_a_mere_duration_is_a_while_ago_where_it_cannot_mean_anything_else() -> None:
    assert read_time("90s", NOW) == NOW - timedelta(seconds=90)
    with pytest.raises(ValueError, match=r"write 2026-01-31T12:00:00 \(UTC\), 10m ago, or \+1m30s from the beginning"):
        read_time("90s", NOW, BEGINNING)


def test_a_time_without_a_zone_is_of_the_zone_that_was_asked_for() -> None:
    assert read_time("2030-01-31T12:00", NOW, zone=None) == datetime(2030, 1, 31, 12).astimezone(UTC)
    with pytest.raises(ValueError, match=r"is not a valid time: write 2026-01-31T12:00:00 \(local time\), 10m ago$"):
        read_time("noon", NOW, zone=None)


@pytest.mark.parametrize("text", ["", "+", "+90", "+s", "ago", "noon", "1e999d", "9999999d ago", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    for beginning in (None, BEGINNING):
        with pytest.raises(ValueError, match="is not a valid time: write 2026-01-31T12:00:00"):
            read_time(text, NOW, beginning)


@given(MS)
def test_a_time_that_was_written_is_read_as_the_same(ms: int) -> None:
    assert to_ms(read_time(iso(ms), NOW)) == ms
    assert to_ms(of_ms(ms)) == ms


@given(MS)
def test_a_time_in_a_table_names_its_second(ms: int) -> None:
    assert to_ms(read_time(utc(of_ms(ms)).replace(" UTC", "Z"), NOW)) == ms // 1000 * 1000


def test_a_time_that_no_date_can_say_is_a_number() -> None:
    assert iso(-1) == "-1 ms"
    assert iso(253_402_300_800_000) == "253402300800000 ms"


def test_local_times_are_those_of_this_machine() -> None:
    here = datetime(2026, 1, 31, 20, 5)
    assert local(here.astimezone(UTC)) == "2026-01-31 20:05:00"
    assert local_clock(here.astimezone(UTC)) == "20:05:00"


@pytest.mark.parametrize(
    ("seconds", "clock", "words"),
    [
        (-1, "0:00:00", "-1 s"),
        (0, "0:00:00", "0 s"),
        (0.3123, "0:00:00", "0.312 s"),
        (7, "0:00:07", "7 s"),
        (119, "0:01:59", "119 s"),
        (600, "0:10:00", "10 min"),
        (3723, "1:02:03", "62 min"),
        (90_000, "25:00:00", "25 h"),
        (7 * 86_400, "168:00:00", "7 d"),
    ],
)
def test_how_long_is_a_clock_or_a_figure(seconds: float, clock: str, words: str) -> None:
    assert (h_mm_ss(seconds), short(seconds)) == (clock, words)


@given(st.floats(0.001, 1e8))
def test_a_duration_that_was_written_is_read_as_about_the_same(seconds: float) -> None:
    assert read_duration(h_mm_ss(seconds)) == round(seconds)
    assert read_duration(short(seconds)) == pytest.approx(seconds, rel=0.006)
