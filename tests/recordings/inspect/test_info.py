"""A recording's facts are counted from its records."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from charles.recordings.format.reader import Recording
from charles.recordings.inspect.info import Counter, Ticks, info
from tests.recordings.driving import BEGAN_MS, drive, frame_of, placed, record, sample_of
from tests.recordings.made import record as plain
from tests.recordings.made import recorded


def test_missing_ticks_are_those_between_others() -> None:
    ticks = Ticks()
    for tick in (5, 6, 9, 9, 7, 10, 20):
        ticks.add(tick)
    assert (ticks.records, ticks.first, ticks.last) == (7, 5, 20)
    assert ticks.gaps == [(7, 8), (11, 19)]
    assert (ticks.missing, ticks.repeats) == (11, 2)


def test_a_counter_of_a_program_that_started_again_goes_on() -> None:
    counter = Counter()
    for told in (100, 103, 103, 1, 4):
        counter.add(told)
    assert counter.grew == 3 + 1 + 3


def test_runs_ticks_counters_and_labels_of_a_recording(tmp_path: Path) -> None:
    left, right = drive(30, "r1", "one", steering=-0.55), drive(40, "r2", "one", 5.0, steering=0.75, acceleration=1.0)
    controls = [*left[:10], *left[12:], *right, *drive(3, "r3", "two", 2.0)]
    rows = [each for each in placed(controls) if each[0] == "controls"]
    for offset, control in enumerate(controls):
        frame = frame_of(control)
        frame.late, frame.dropped = 7 + offset, 3
        rows.append(("frames", 0, record(frame, offset)))
    rows += [("balanced", 0, record(sample_of(each), offset)) for offset, each in enumerate(left[:4])]
    rows.append(("frames", 0, plain(1000, BEGAN_MS + 99_000)))
    source = recorded(tmp_path / "r", rows)

    found = info(source)
    assert [(run.collector, run.run) for run in found.runs.values()] == [("one", "r1"), ("two", "r3"), ("one", "r2")]
    first = found.runs["one", "r1"]
    assert (first.begins, first.ends) == (BEGAN_MS, BEGAN_MS + 967)
    assert (first.frames.gaps, first.controls.gaps) == ([(10, 11)], [(10, 11)])
    assert (found.late["one"].grew, found.dropped["one"].grew) == (27 + 40, 0)
    assert found.unreadable == 1
    drive_counts = found.labels.drive
    assert drive_counts.ticks == 28 + 40 + 3
    steering = drive_counts.seen.joint.sum(axis=1)
    assert {found.labels.axis.names[n]: int(steering[n]) for n in np.flatnonzero(steering)} == {
        "[-0.6, -0.5)": 28,
        "(0, 0.1]": 3,
        "(0.7, 0.8]": 40,
    }
    assert found.labels.samples == 0
    assert info(source, with_samples=True).labels.samples == 4


def test_a_recording_of_other_topics_has_no_runs(tmp_path: Path) -> None:
    source: Recording = recorded(tmp_path / "r", [("a", 0, plain(1))])
    found = info(source)
    assert (found.runs, found.labels.drive.ticks, found.unreadable) == ({}, 0, 0)
