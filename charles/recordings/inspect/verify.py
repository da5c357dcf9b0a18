"""Verifies a recording: every file, block, record and value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from charles.base.progress import Progress, no_progress
from charles.recordings.format import layout, segment_index
from charles.recordings.format.avro_file import RECORDS, AvroFileReader
from charles.recordings.format.errors import DamagedRecording
from charles.recordings.format.manifest import SegmentInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.segment_reader import begun, scanned
from charles.recordings.format.segment_stats import SegmentStats, SegmentTally
from charles.recordings.inspect.value_check import Values

NAMED_VALUES = 10
"""Values of one file that are named one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """file: in the recording's folder; position: bytes, None: it is about the whole file."""

    file: str
    position: int | None
    reason: str

    def __str__(self) -> str:
        where = "" if self.position is None else f" at byte {self.position}"
        return f"{self.file}{where}: {self.reason}"


@dataclass(slots=True)
class VerifyReport:
    """records, bytes: that were looked at; values: that are events as they should be; unknown: values of schemas that
    neither this version nor the manifest knows, by the schema's key."""

    problems: list[Problem] = field(default_factory=list)
    records: int = 0
    bytes: int = 0
    values: int = 0
    unknown: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(recording: Recording, progress: Progress = no_progress) -> VerifyReport:
    """Look at everything. A segment that is not sealed may end within a block. progress: of bytes."""
    work = _Verification(recording, progress)
    work.run()
    return work.report


class _Verification:
    def __init__(self, recording: Recording, progress: Progress) -> None:
        self.report = VerifyReport()
        self._recording = recording
        self._folder = recording.folder
        self._manifest = recording.manifest
        self._values = Values(recording.manifest)
        self._progress = progress
        self._total = 0

    def run(self) -> None:
        unsealed = self._look_for_segments()
        self._look_for_others([path for _topic, path in unsealed])
        self._total = sum(info.bytes for info in self._manifest.segments)
        self._total += sum(path.stat().st_size for _topic, path in unsealed)
        for info in self._manifest.segments:
            self._sealed(info)
        for topic, path in unsealed:
            self._read(topic, path, may_be_torn=True)
        self.report.values, self.report.unknown = self._values.decoded, dict(self._values.unknown)

    def _look_for_segments(self) -> list[tuple[str, Path]]:
        """Look for gaps and overlaps. Returns the segments that are not sealed, and their topics."""
        unsealed: list[tuple[str, Path]] = []
        for topic in self._recording.topics:
            for partition in self._recording.partitions(topic):
                try:
                    self._recording.segments(topic, partition)
                    unsealed += [(topic, path) for path in self._recording.open_segments(topic, partition)]
                except DamagedRecording as damage:
                    self._note(damage.path, damage.position, damage.reason)
        return unsealed

    def _look_for_others(self, unsealed: list[Path]) -> None:
        segments = [*(self._folder / info.file for info in self._manifest.segments), *unsealed]
        known = {*segments, *map(segment_index.path_of, segments)}
        known |= {self._folder / layout.MANIFEST, self._folder / layout.LOCK}
        known |= {self._folder / problem.file for problem in self.report.problems}
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and path not in known and not self._is_explained(path):
                self._note(path, None, "the manifest does not name this file")

    def _is_explained(self, path: Path) -> bool:
        """Whether it is what a repair kept, or what a writer that was killed left unfinished."""
        unfinished = path.suffix == ".part" and self._manifest.state == "recording"
        return unfinished or any(path.name in note for note in self._manifest.notes)

    def _sealed(self, info: SegmentInfo) -> None:
        path = self._folder / info.file
        read = self._read(info.topic, path, may_be_torn=False)
        if read is None:
            return
        facts, tally, sync = read
        for name in SegmentStats.__dataclass_fields__:
            told, found = getattr(info, name), getattr(facts, name)
            if told != found:
                self._note(path, None, f"its {name} is {found}, but the manifest says {told}")
        of_segment = segment_index.path_of(path)
        # A missing one is made again when it is needed; one that says something else misleads.
        if of_segment.is_file() and of_segment.read_bytes() != segment_index.encoded(tally.entries, sync):
            self._note(of_segment, None, "it does not match its segment: delete it, and it will be rebuilt")

    def _read(self, topic: str, path: Path, *, may_be_torn: bool) -> tuple[SegmentStats, SegmentTally, bytes] | None:
        """What a segment holds, with the marker of its blocks; None where it cannot be read, which is noted."""
        try:
            with path.open("rb") as file:
                reader = begun(path, file) if may_be_torn else AvroFileReader(path, file, RECORDS)
                if reader is None:
                    return None
                tally, digest = SegmentTally(), hashlib.sha256(reader.header.raw)
                try:
                    self._blocks(topic, reader, tally, digest)
                except DamagedRecording as damage:
                    if not (may_be_torn and reader.is_torn(damage.position)):
                        raise
                self.report.records += tally.records
                self.report.bytes += reader.size
                return tally.facts(reader.size, digest.hexdigest(), reader.header.codec), tally, reader.header.sync
        except DamagedRecording as damage:
            self._note(path, damage.position, damage.reason)
        except OSError as error:
            self._note(path, None, f"the file cannot be read: {error.strerror}")
        return None

    def _blocks(self, topic: str, reader: AvroFileReader, tally: SegmentTally, digest: hashlib._Hash) -> None:
        """Raises DamagedRecording at the first block that is not whole."""
        unreadable = 0
        before = self.report.bytes
        for block, records in scanned(reader):
            for piece in block.raw:
                digest.update(piece)
            tally.add(block.position, records)
            for record in records:
                if wrong := self._values.check(topic, record.value):
                    unreadable += 1
                    if unreadable <= NAMED_VALUES:
                        self._note(reader.path, block.position, f"the value of offset {record.offset}: {wrong}")
            self._progress(before + block.end, self._total)
        if unreadable > NAMED_VALUES:
            self._note(reader.path, None, f"{unreadable - NAMED_VALUES} more invalid values")

    def _note(self, path: Path, position: int | None, reason: str) -> None:
        self.report.problems.append(Problem(path.relative_to(self._folder).as_posix(), position, reason))
