"""Segments are read by tools that know nothing of us."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import polars
import pytest

from charles.recordings.format import segment_index
from charles.recordings.format.record import Record
from infra.kafka.find_runtime import cache_folder, find_runtime
from infra.kafka.jars import cached_jars, pinned
from tests.patience import PATIENCE_S
from tests.recordings.made import recorded

AVRO_TOOLS = Path(__file__).with_name("avro-tools.txt")
ROWS = [
    Record(3, 1_700_000_000_000, 1, b"k", b"value", (("a", b"1"), ("ü", b""), ("a", None))),
    Record(5, -1, 0, None, None),
    Record(6, 1_700_000_000_001, 2, b"", b"", (("a", b"1"),)),
    Record(7, 7, 1, b"k", bytes(range(128)) * 300),
]


def sealed(folder: Path, codec: str) -> Path:
    read = recorded(folder / codec, [("a", 0, each) for each in ROWS], codec=codec, segment_ms=2**62)
    (segment,) = read.manifest.segments
    return read.folder / segment.file


@pytest.fixture(scope="session")
def avro_tools() -> list[str]:
    """The command that runs Apache Avro's own tools, in Java."""
    (jar,) = cached_jars(cache_folder() / "jars", pinned(AVRO_TOOLS))
    return [str(find_runtime().java), "--enable-native-access=ALL-UNNAMED", "-jar", str(jar)]


def said(avro_tools: list[str], *arguments: object) -> list[str]:
    told = subprocess.run([*avro_tools, *map(str, arguments)], capture_output=True, check=True, timeout=PATIENCE_S)
    return told.stdout.decode().splitlines()


@pytest.mark.parametrize("codec", ["null", "deflate", "zstandard"])
def test_apache_avro_reads_a_segment(codec: str, avro_tools: list[str], tmp_path: Path) -> None:
    rows = [json.loads(line) for line in said(avro_tools, "tojson", sealed(tmp_path, codec))]
    assert [
        Record(
            *(row["offset"], row["timestamp"], row["timestamp_type"], of(row["key"]), of(row["value"])),
            tuple((header["key"], of(header["value"])) for header in row["headers"]),
        )
        for row in rows
    ] == ROWS


def of(branch: dict[str, str] | None) -> bytes | None:
    """Bytes as Avro's JSON has them."""
    return None if branch is None else branch["bytes"].encode("latin-1")


def test_apache_avro_reads_an_index(avro_tools: list[str], tmp_path: Path) -> None:
    segment = sealed(tmp_path, "null")
    rows = [json.loads(line) for line in said(avro_tools, "tojson", segment_index.path_of(segment))]
    assert [segment_index.IndexEntry(**row) for row in rows] == segment_index.read(segment)


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_polars_reads_a_segment(codec: str, tmp_path: Path) -> None:
    rows = polars.read_avro(sealed(tmp_path, codec)).to_dicts()
    assert [
        Record(**row | {"headers": tuple((header["key"], header["value"]) for header in row["headers"])})
        for row in rows
    ] == ROWS
