"""What docs/RECORDINGS.md shows works: its programs run, and its commands are ours."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from charles.avro.codec import own_fingerprint, schema
from charles.cli import app
from charles.events import Control, Frame
from charles.recordings.exchange import parquet
from charles.recordings.format.reader import Recording
from charles.recordings.format.writer import RecordingWriter
from infra.kafka.find_runtime import cache_folder
from infra.kafka.jars import cached_jars, pinned
from tests.patience import PATIENCE_S
from tests.recordings.driving import drive, placed
from tests.recordings.made import recorded

PAGE = (Path(__file__).parents[2] / "docs" / "RECORDINGS.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^    (charles .*?)(?:  +#.*)?$", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where somebody stands who has recorded on Monday, and exported that."""
    source = recorded(tmp_path / "data" / "recordings" / "monday", placed(drive(40, steering=-0.25)))
    with RecordingWriter.resume(source.folder) as writer:
        for event in (Frame, Control):
            writer.add_schema(own_fingerprint(event), schema(event))
        writer.finish()
    parquet.export(Recording.open(source.folder), tmp_path / "monday-parquet")
    return tmp_path


def said(folder: Path, *command: str) -> list[str]:
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    return told.stdout.splitlines()


def program(library: str) -> str:
    (found,) = (text for text in PROGRAMS if f"import {library}\n" in text)
    return found


def test_fastavro_reads_every_event(folder: Path) -> None:
    assert said(folder, sys.executable, "-c", program("fastavro")) == [f"c r {tick} -0.25" for tick in range(40)]


def test_polars_reads_the_records(folder: Path) -> None:
    (line,) = said(folder, sys.executable, "-c", program("polars"))
    file, records, last, size = line.split()
    assert file.endswith("frames/0/00000000000000000000.avro")
    assert (int(records), int(last) % 10_000) == (40, 1300)
    assert int(size) > 40 * 500


def test_duckdb_reads_an_export(folder: Path) -> None:
    pytest.importorskip("duckdb")
    told = " ".join(said(folder, sys.executable, "-c", program("duckdb")))
    assert re.search(r"│ c +│ +40 │ +10\.0 │", told)


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no Java compiler here")
def test_java_reads_a_segment(folder: Path) -> None:
    (text,) = re.findall(r"```java\n(.*?)```", PAGE, re.DOTALL)
    (folder / "ReadSegment.java").write_text(text, encoding="utf-8")
    (jar,) = cached_jars(cache_folder() / "jars", pinned(Path(__file__).with_name("avro-tools.txt")))
    (segment,) = (folder / "data" / "recordings" / "monday" / "controls").rglob("*.avro")
    said(folder, "javac", "-cp", str(jar), "ReadSegment.java")
    lines = said(folder, "java", "-cp", f"{jar}:{folder}", "ReadSegment", str(segment))
    assert len(lines) == 40
    assert lines[7].startswith("7 1767225600233 [{")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_and_their_options_are_there(command: str) -> None:
    """Each is taken apart as the shell and we would, and not carried out."""
    words = shlex.split(command)[1:]
    found: object = typer.main.get_command(app)
    while words and words[0] in getattr(found, "commands", {}):
        found = found.commands[words.pop(0)]  # type: ignore[attr-defined]
    found.make_context("charles", words)  # type: ignore[attr-defined]


def test_the_page_has_commands_and_programs() -> None:
    assert len(COMMANDS) > 15
    assert len(PROGRAMS) == 3
