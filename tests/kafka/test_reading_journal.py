"""Which record ended a program: found by the third life. Pure but for the last one, which is a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from charles.kafka.dead_letters import dead_letter
from charles.kafka.reading_journal import ReadingJournal, SetAside
from charles.recordings.format.record import Record
from charles.recordings.inspect.recorded_schemas import RecordedMessage


def message(offset: int, topic: str = "frames", partition: int = 3) -> RecordedMessage:
    return RecordedMessage(topic, partition, Record(offset, -1, 0, b"key", b"value", (("tick", b"5"),)))


class Read(NamedTuple):
    offset: int
    aside: bool


def life(path: Path, *offsets: int, clean: bool = False) -> list[Read]:
    """A process that reads these records, and has the last one in hand when it ends."""
    journal = ReadingJournal(path)
    before = journal.in_hand
    read = [Read(offset, isinstance(journal.take(message(offset)), SetAside)) for offset in offsets]
    if clean:
        journal.in_hand = before
    return read


def aside(path: Path) -> set[tuple[str, int, int]]:
    return {*ReadingJournal(path).aside}


def test_the_third_life_sets_a_record_aside_that_ended_two(tmp_path: Path) -> None:
    path = tmp_path / "journals" / "balancer.journal"
    for _ in range(2):
        assert life(path, 5, 6, 7) == [(5, False), (6, False), (7, False)]
    assert life(path, 5, 6, 7, 8, clean=True) == [(5, False), (6, False), (7, True), (8, False)]
    assert life(path, 7) == [(7, True)], "for ever"


def test_another_record_at_its_place_is_read(tmp_path: Path) -> None:
    """Topics of that name were deleted and made again, or it is another cluster."""
    path = tmp_path / "journal"
    for _ in range(2):
        life(path, 7)
    assert life(path, 7, clean=True) == [(7, True)]
    other = message(7)._replace(record=Record(7, -1, 0, b"key", b"another value"))
    assert ReadingJournal(path).take(other) is other


def test_two_in_a_row_must_have_ended_over_the_same_one(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for last in (7, 8, 7, 8, 7):
        life(path, 5, 6, last)
    assert not aside(path)


def test_who_ended_well_ended_over_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for clean in (False, True, False, True):
        life(path, 7, clean=clean)
    assert not aside(path)


def test_what_was_in_hand_before_is_so_again_after_what_was_read_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for _ in range(2):
        journal = ReadingJournal(path)
        journal.take(message(7))
        before = journal.in_hand
        for offset in range(20):
            journal.take(message(offset, "schemas", 0))
        journal.in_hand = before
    assert aside(path) == {("frames", 3, 7)}


def test_each_thread_has_one_in_hand(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for _ in range(2):
        journal = ReadingJournal(path)
        threads = [
            threading.Thread(target=journal.take, args=[message(offset, f"topic-{offset}")]) for offset in range(50)
        ]
        for thread in threads:
            thread.start()
            thread.join()
        journal.take(message(99))
    assert ("topic-0", 3, 0) in aside(path)


@pytest.mark.parametrize("junk", [b"", b"junk", b"{}", b"\xff" * 20_000, b"[" * 20_000])
def test_files_that_somebody_else_has_written_are_begun_anew(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(junk)
    path.with_suffix(".json").write_bytes(junk)
    for _ in range(2):
        life(path, 7)
    assert aside(path) == {("frames", 3, 7)}


def test_where_no_file_can_be_written_all_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "journal"
    for _ in range(3):
        assert life(path, 7) == [(7, False)]
    assert "records that end this program will not be found" in caplog.text


def test_the_dead_letter_has_the_bytes_that_nobody_reads() -> None:
    letter = dead_letter(SetAside(message(7)), "the record is empty", "balancer")
    assert letter.reason == "it ended 2 lives of the program in a row; it was set aside unread"
    assert (letter.value, letter.key, letter.headers, letter.offset) == (b"value", b"key", {"tick": b"5"}, 7)


DIES = """
import os, signal, sys
from pathlib import Path
from charles.kafka.reading_journal import ReadingJournal, SetAside
from tests.kafka.test_reading_journal import message
journal = ReadingJournal(Path(sys.argv[1]))
for offset in range(10):
    if offset == 7 and not isinstance(journal.take(message(offset)), SetAside):
        os.kill(os.getpid(), signal.SIGSEGV)
"""


def test_it_outlives_whatever_ends_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DIES, tmp_path / "journal"]
    codes = [subprocess.run(command, env=os.environ, check=False, cwd=Path.cwd()).returncode for _ in range(3)]
    assert codes == [-signal.SIGSEGV, -signal.SIGSEGV, 0]
