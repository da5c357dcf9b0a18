"""The log's end, its next lines, and the line that says why a broker died."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from infra.kafka.logs import tail, why_it_died

START = "2026-01-01 10:00:00,000 INFO  starting (kafka.Kafka)\n"


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (START + "2026-01-01 10:00:01,000 ERROR cannot write\njava.io.IOException: No space left on device\n", "disk"),
        (START + "2026-01-01 10:00:01,000 ERROR x\n  Failed to acquire lock on file .lock in /data\n", "another Kafka"),
        (
            START
            + "2026-01-01 10:00:01,000 ERROR Exiting (kafka.Kafka)\nException: outer\n\tat x\nCaused by: root: why\n"
            + "2026-01-01 10:00:02,000 ERROR a consequence\nCaused by: noise\n",
            "root: why",
        ),
        (
            START + "2026-01-01 10:00:01,000 ERROR Exiting (kafka.Kafka)\nException: only\n",
            "Exiting (kafka.Kafka) Exception: only",
        ),
    ],
)
def test_the_line_that_matters_is_found(tmp_path: Path, log: str, reason: str) -> None:
    path = tmp_path / "broker.log"
    path.write_text("2025-01-01 10:00:00,000 ERROR an older start's error\n" + log)
    since = path.read_text().index(START)
    assert reason in why_it_died(path, since, tmp_path / "broker.out")


def test_what_java_printed_is_told_where_the_log_has_nothing(tmp_path: Path) -> None:
    output = tmp_path / "broker.out"
    output.write_text("Error occurred during initialization of VM\nToo small maximum heap\n")
    assert why_it_died(tmp_path / "broker.log", 0, output) == "Too small maximum heap"


def test_of_a_broker_that_was_killed_there_is_nothing_to_tell(tmp_path: Path) -> None:
    output = tmp_path / "broker.out"
    output.write_text("WARNING: sun.misc.Unsafe::invokeCleaner will be removed in a future release\n\n")
    assert why_it_died(tmp_path / "broker.log", 0, output) == "its log is empty"


def test_following_a_log_gives_whole_lines_as_they_come_and_survives_a_rollover(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("old\n" * 1_000 + "last\n")
    lines = tail(log, 2, follow=True)
    assert list(islice(lines, 2)) == ["old", "last"]

    with log.open("a") as file:
        file.write("first\nsec")
        file.flush()
        assert next(lines) == "first"
        file.write("ond\n")
    assert next(lines) == "second"

    log.rename(tmp_path / "broker.log.1")
    log.write_text("new\n")
    assert next(lines) == "new"


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert list(tail(tmp_path / "broker.log", 5, follow=False)) == []
