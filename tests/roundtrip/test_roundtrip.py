"""A pipeline, recorded while the recorder is killed, and replayed into a second broker: every record is there again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.roundtrip.trip import RECORDED, Trip, travel


@pytest.mark.slow
def test_what_is_replayed_is_what_was_recorded_whoever_reads_it(tmp_path: Path) -> None:
    found = travel(Trip(seconds=40, kills=4, seed=7), tmp_path, print)
    assert found.differences == []
    assert found.records.keys() == {topic.name for topic in RECORDED}
