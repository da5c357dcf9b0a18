"""A log is written by the program itself, and read beside it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from charles.supervisor import logfile
from charles.supervisor.logfile import LogFile


def test_only_what_is_written_from_now_on_is_read(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "one.log"
    LogFile(path)
    path.write_text("of yesterday\n")
    log = LogFile(path)
    with log.open() as file:
        assert log.new_lines() == []
        file.write(b"first\nsecond\r\nthi")
        file.flush()
        assert log.new_lines() == ["first", "second"]
        file.write("rd \N{SNOWMAN}\nfourth".encode() + b"\xff\n")
    assert log.new_lines() == ["third \N{SNOWMAN}", "fourth\N{REPLACEMENT CHARACTER}"]
    assert path.read_text(errors="replace").startswith("of yesterday\nfirst\n")


def test_nothing_is_lost_of_what_is_written_while_it_is_read(tmp_path: Path) -> None:
    log, read = LogFile(tmp_path / "one.log"), list[str]()

    def write() -> None:
        with log.open() as file:
            for number in range(20_000):
                file.write(b"%d\n" % number)
                file.flush()

    writing = threading.Thread(target=write)
    writing.start()
    while writing.is_alive():
        read += log.new_lines()
    read += log.new_lines()
    assert read == [str(number) for number in range(20_000)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("12:00:00 one error    no weights", "no weights"),
        (json.dumps({"time": "now", "message": "no weights"}), "no weights"),
        ("Segmentation fault", "Segmentation fault"),
        ("7", "7"),
    ],
)
def test_the_last_words_are_what_was_said_and_not_by_whom(tmp_path: Path, line: str, words: str) -> None:
    log = LogFile(tmp_path / "one.log")
    log.path.write_text(f"before\n{line}\n\n")
    assert log.last_words("one") == words


def test_the_last_words_are_of_this_life(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "one.log")
    log.path.write_text("of a former life\n")
    log.open().close()
    assert log.last_words("one") == ""


def test_of_a_flood_the_end_is_read(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "one.log")
    log.path.write_bytes(b"x" * 10_000_000 + b"\nthe end\n")
    assert log.new_lines()[-1] == "the end"
    assert log.new_lines() == []


def test_a_large_log_makes_room_for_another_and_one_old_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfile, "_LARGE_FILE_BYTES", 10)
    log = LogFile(tmp_path / "one.log")
    log.path.write_text("more than ten bytes\n")
    with log.open() as file:
        file.write(b"new\n")
    assert log.new_lines() == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.log", "one.old.log"]


def test_a_log_that_cannot_be_opened_costs_lines_and_not_the_program(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "one.log")
    log.path.unlink()
    log.path.mkdir()
    with log.open() as file:
        file.write(b"unheard\n")
    assert log.new_lines() == []
    assert log.last_words("one") == ""
