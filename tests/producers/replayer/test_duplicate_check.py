"""What stands twice is told."""

from __future__ import annotations

from producers.replayer.duplicate_check import surplus


def test_what_came_beside_what_was_sent_is_counted_by_topic() -> None:
    before, after = {"frames": 10, "controls": 0}, {"frames": 35, "controls": 22, "training": 3}
    assert surplus(before, after, {"frames": 25, "controls": 20, "training": 3}) == {"controls": 2}


def test_what_retention_deleted_or_what_was_not_sent_is_no_surplus() -> None:
    assert surplus({"frames": 10}, {"frames": 10}, {"frames": 5}) == {}
