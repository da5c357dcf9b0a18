"""What is recorded: manifest.json, which says of itself whether it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from charles.avro import foreign_schema
from charles.avro.codec import AvroSchema
from charles.avro.foreign_schema import NoSchema
from charles.base import atomic_file
from charles.base.limits import MANIFEST_BYTES, PARTITIONS
from charles.events import now
from charles.recordings.format.errors import DamagedRecording, RecordingError
from charles.recordings.format.layout import MANIFEST, TOPIC, segment_file

FORMAT = 1
State = Literal["recording", "complete"]

_SEALED = re.compile(rb'(?P<body>.*),\n  "sha256": "(?P<sha256>[0-9a-f]{64})"\n}\n', re.DOTALL)
_REGISTRY_ID_BYTES = 4


class _ManifestPart(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TopicInfo(_ManifestPart):
    """A topic. id: the cluster's own for it, which another topic of that name does not have; empty: unknown;
    start_offsets: by partition, where recording it began."""

    partitions: int = Field(ge=1, le=PARTITIONS)
    id: str = ""
    start_offsets: dict[int, int] = Field(default_factory=dict)


class ConfigInfo(_ManifestPart):
    """A configuration that held while it was recorded: its epoch, and the whole document."""

    epoch: int
    document: dict[str, Any]


class SegmentInfo(_ManifestPart):
    """A sealed segment. file: in the recording's folder; first_timestamp, last_timestamp: the earliest and the latest,
    milliseconds, -1: there is none; follows: the last offset of the segment before it in its partition, -1: it is the
    first one."""

    topic: str
    partition: int
    file: str
    first_offset: int
    last_offset: int
    follows: int = -1
    records: int
    bytes: int
    sha256: str
    first_timestamp: int
    last_timestamp: int
    codec: str

    @model_validator(mode="after")
    def _lies_in_its_place(self) -> Self:
        if self.file != segment_file(self.topic, self.partition, self.first_offset):
            raise ValueError(f"{self.file} is not the path of such a segment")
        return self


class Manifest(_ManifestPart):
    """schemas: by schema_key; configs: in their order; runs: by collector; notes: what happened to the recording."""

    format: int = FORMAT
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    created: datetime = Field(default_factory=now)
    prefix: str
    state: State = "recording"
    topics: dict[Annotated[str, Field(pattern=TOPIC)], TopicInfo] = Field(default_factory=dict)
    schemas: dict[str, AvroSchema] = Field(default_factory=dict)
    configs: list[ConfigInfo] = Field(default_factory=list)
    runs: dict[str, list[str]] = Field(default_factory=dict)
    segments: list[SegmentInfo] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    _parsed: dict[bytes, AvroSchema | None] = PrivateAttr(default_factory=dict)

    def digest(self) -> str:
        """The SHA-256 of what is recorded, hex: of the sealed segments, in the order of topic, partition and offset."""
        rows = sorted((each.topic, each.partition, each.first_offset, each.sha256) for each in self.segments)
        return hashlib.sha256("".join(f"{' '.join(map(str, row))}\n" for row in rows).encode()).hexdigest()

    def segments_of(self, topic: str, partition: int) -> list[SegmentInfo]:
        """The sealed segments of a partition, in their order."""
        found = (each for each in self.segments if (each.topic, each.partition) == (topic, partition))
        return sorted(found, key=lambda each: each.first_offset)

    def find_schema(self, name: bytes) -> AvroSchema | None:
        """The schema that a value's framing names, as codec.decode asks: fingerprint or registry id; None where there
        is none, or none that can be read by."""
        if name not in self._parsed and (schema := self.schemas.get(schema_key(name))) is not None:
            self._parsed[name] = None
            with suppress(NoSchema):
                self._parsed[name] = foreign_schema.parse(json.dumps(schema, ensure_ascii=False))
        return self._parsed.get(name)

    def save(self, folder: Path) -> None:
        """Put it into the recording's folder, whole or not at all. Raises Unwritable."""
        body = self.model_dump_json(indent=2).removesuffix("\n}").encode()
        whole = body + f',\n  "sha256": "{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode()
        with atomic_file.written(folder / MANIFEST) as path, path.open("wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """The manifest in this folder. Raises RecordingError: there is none, it is damaged, or of a newer format."""
        path = folder / MANIFEST
        if path.exists() and not path.is_file():
            raise DamagedRecording(path, 0, "it is not a file")
        try:
            if (size := path.stat().st_size) > MANIFEST_BYTES:
                raise DamagedRecording(path, 0, f"it has {size:,} bytes; at most {MANIFEST_BYTES:,} are read")
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            reason = f"it has no {MANIFEST}" if folder.is_dir() else "no such folder"
            raise RecordingError(f"{folder} is not a recording: {reason}") from None
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror}") from error
        sealed = _SEALED.fullmatch(data)
        try:
            found = json.loads(data if sealed is None else sealed["body"] + b"\n}")
            json.dumps(found, ensure_ascii=False).encode()  # what is escaped in JSON may be no text
        except (ValueError, RecursionError) as error:
            raise DamagedRecording(path, getattr(error, "pos", 0), f"it is not valid JSON ({error})") from None
        if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise RecordingError(
                f"{folder} has recording format {found['format']}, but this version reads {FORMAT}: update charles"
            )
        if sealed and hashlib.sha256(sealed["body"]).hexdigest().encode() != sealed["sha256"]:
            remedy = 'restore the file from a copy; if you changed it on purpose, remove its last field, "sha256"'
            raise DamagedRecording(path, 0, "its SHA-256 does not match", remedy)
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise DamagedRecording(path, 0, f"{where}: {first['msg']}") from None


def schema_key(name: bytes) -> str:
    """How a manifest names the schema that a value's framing names: a fingerprint in hex, a registry id in decimal."""
    return str(int.from_bytes(name, "big")) if len(name) == _REGISTRY_ID_BYTES else name.hex()
