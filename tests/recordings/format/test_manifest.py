"""The manifest says what is recorded, and whether it is whole itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from charles.avro import codec
from charles.events import Frame
from charles.recordings.format.errors import DamagedRecording, RecordingError
from charles.recordings.format.layout import MANIFEST, segment_file
from charles.recordings.format.manifest import ConfigInfo, Manifest, SegmentInfo, TopicInfo, schema_key


def info(first_offset: int = 5, **changes: Any) -> SegmentInfo:
    told: dict[str, Any] = {
        "topic": "frames",
        "partition": 1,
        "file": segment_file("frames", 1, first_offset),
        "first_offset": first_offset,
        "last_offset": first_offset + 4,
        "records": 5,
        "bytes": 1000,
        "sha256": "0" * 64,
        "first_timestamp": -1,
        "last_timestamp": 2**40,
        "codec": "null",
    }
    return SegmentInfo(**told | changes)


def manifest() -> Manifest:
    return Manifest(
        prefix="charles",
        topics={
            "frames": TopicInfo(partitions=2, id="Vn0aAAAAQACAAAAAAAAAAQ", start_offsets={0: 3, 1: 5}),
            "balancer-state": TopicInfo(partitions=1),
        },
        schemas={codec.own_fingerprint(Frame).hex(): {"type": "record", "name": "Frame", "fields": []}},
        configs=[ConfigInfo(epoch=-1, document={}), ConfigInfo(epoch=7, document={"balance": {"bins": 21}})],
        runs={"ünit": ["r1", "r2"]},
        segments=[info(), info(10, follows=9)],
        notes=["2026-01-02T03:04:05+00:00 something"],
    )


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    saved = manifest()
    saved.save(tmp_path)
    assert Manifest.load(tmp_path) == saved
    assert json.loads((tmp_path / MANIFEST).read_text())["topics"]["frames"] == {
        "partitions": 2,
        "id": "Vn0aAAAAQACAAAAAAAAAAQ",
        "start_offsets": {"0": 3, "1": 5},
    }


def test_any_flipped_bit_is_found(tmp_path: Path) -> None:
    manifest().save(tmp_path)
    content = (tmp_path / MANIFEST).read_bytes()
    for at in range(len(content)):
        (tmp_path / MANIFEST).write_bytes(content[:at] + bytes((content[at] ^ 1 << at % 8,)) + content[at + 1 :])
        with pytest.raises(RecordingError):
            Manifest.load(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_torn_one_is_named(share: float, tmp_path: Path) -> None:
    manifest().save(tmp_path)
    path = tmp_path / MANIFEST
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DamagedRecording, match=r"manifest\.json is damaged at byte \d+: it is not valid JSON"):
        Manifest.load(tmp_path)


def test_whoever_changes_it_on_purpose_takes_its_sha256_away(tmp_path: Path) -> None:
    manifest().save(tmp_path)
    path = tmp_path / MANIFEST
    found = json.loads(path.read_text())
    found["notes"].append("mine")
    path.write_text(json.dumps(found))
    with pytest.raises(DamagedRecording, match="sha256: Extra inputs are not permitted"):
        Manifest.load(tmp_path)
    del found["sha256"]
    path.write_text(json.dumps(found))
    assert Manifest.load(tmp_path).notes[-1] == "mine"


def test_a_newer_format_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"format": 2, "whatever": true}')
    with pytest.raises(RecordingError, match="has recording format 2, but this version reads 1: update charles"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segments": [{}]}, "segments.0.topic: Field required"),
        ({"topics": {"../up": {"partitions": 1}}}, r"topics\.\.\./up"),
        ({"state": "half"}, "state: "),
        ({"format": "x"}, "format: "),
    ],
)
def test_what_it_cannot_mean_is_named(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"prefix": "charles"} | changes))
    with pytest.raises(DamagedRecording, match=words):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_json_of_something_else_is_no_manifest(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(DamagedRecording):
        Manifest.load(tmp_path)


def test_it_names_no_file_outside_of_the_recording() -> None:
    with pytest.raises(ValueError, match="is not the path of such a segment"):
        info(file="../../secret.avro")


def test_a_folder_without_one_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"is not a recording: it has no manifest\.json"):
        Manifest.load(tmp_path)
    with pytest.raises(RecordingError, match="is not a recording: no such folder"):
        Manifest.load(tmp_path / "nowhere")


def test_the_digest_is_that_of_the_data_alone() -> None:
    one, two = manifest(), manifest()
    two.segments.reverse()
    two.notes.clear()
    assert one.id != two.id
    assert one.digest() == two.digest()
    two.segments[0] = info(10, follows=9, sha256="1" * 64)
    assert one.digest() != two.digest()


def test_schemas_are_found_by_either_framing() -> None:
    kept = manifest()
    frame = {"type": "record", "name": "Frame", "fields": []}
    assert codec.crc64(kept.find_schema(codec.own_fingerprint(Frame)) or {}) == codec.crc64(frame)
    assert kept.find_schema((17).to_bytes(4, "big")) is None
    kept.schemas["17"] = frame
    assert codec.crc64(kept.find_schema((17).to_bytes(4, "big")) or {}) == codec.crc64(frame)
    assert schema_key(bytes(8)) == "0" * 16


@pytest.mark.parametrize(
    "text", ['{"a":' * 20_000, "[" * 100_000, '{"prefix": "\\ud800"}', '{"prefix": ' + "9" * 5_000 + "}"], ids=len
)
def test_json_that_nobody_writes_is_no_manifest(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(DamagedRecording, match="it is not valid JSON"):
        Manifest.load(tmp_path)


def test_schemas_that_would_end_a_reader_are_none() -> None:
    itself = {"type": "record", "name": "charles.Frame", "fields": [{"name": "rest", "type": "charles.Frame"}]}
    manifest = Manifest(prefix="charles", schemas={"0" * 16: itself, "7": {"type": "enum", "name": "E"}})
    assert manifest.find_schema(bytes(8)) is None
    assert manifest.find_schema((7).to_bytes(4, "big")) is None
