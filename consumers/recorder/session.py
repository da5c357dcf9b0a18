"""One life of the recorder: reads what comes and puts it into the recording, which has it within a second."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping

from charles.base.atomic_file import Unwritable
from charles.control.link import Link
from charles.kafka.reading_journal import original
from charles.pacing import Every
from charles.recordings.format.record import from_message
from charles.recordings.format.writer import RecordingWriter
from charles.settings import Settings
from consumers.recorder.cluster_topics import Cluster, FoundTopic, Place, require_same
from consumers.recorder.disk_space import DiskSpace
from consumers.recorder.offset_reader import Gap, OffsetReader
from consumers.recorder.report import RecorderReport
from consumers.recorder.schema_collector import SchemaCollector

log = logging.getLogger(__name__)

_FLUSH_S = 0.5
_LOOK_S = 5.0
_REST_S = 6.0
"""At the end, what was written before it is waited for so long."""
_SCHEMA_S = 5.0


class RecorderSession:
    """Everything that one life of the program has open."""

    def __init__(
        self, settings: Settings, writer: RecordingWriter, cluster: Cluster, link: Link, room: DiskSpace
    ) -> None:
        self._writer = writer
        self._cluster = cluster
        self._link = link
        self._room = room
        self._topics = tuple(writer.manifest.topics)
        self._schemas = SchemaCollector(settings.kafka, writer.manifest.schemas)
        self._report = RecorderReport(link, writer.folder, self._topics)
        group = f"recorder-{settings.recorder.name}"
        self._reader = OffsetReader(settings.kafka, group, cluster.full, writer.next_offset)
        self._resting = False
        self._epochs = 0
        self._flushing, self._looking = Every(_FLUSH_S), Every(_LOOK_S)

    def run(self, is_over: Callable[[], bool]) -> None:
        """Record until this life is over, and then what was written before. Raises RecordingError, AccessRefused,
        Unwritable, DiskFull, KafkaException."""
        self._reader.go_on(*self._places())
        while not self._link.should_end() and not is_over():
            self._rest_or_go_on()
            self._turn()
        if not self._resting:
            self._read_the_rest()
        self._flush(wait_s=_SCHEMA_S)

    def close(self) -> None:
        self._schemas.close()
        self._reader.close()

    def _places(self) -> list[Place]:
        topics = self._writer.manifest.topics.items()
        return [(topic, number) for topic, info in topics for number in range(info.partitions)]

    def _rest_or_go_on(self) -> None:
        if self._link.paused and not self._resting:
            self._reader.rest()
        elif self._resting and not self._link.paused:
            self._reader.go_on(*self._places())
        self._resting = self._link.paused

    def _turn(self) -> None:
        self._read()
        if self._flushing.due():
            self._flush()
        if self._looking.due():
            self._take_up(self._cluster.look(self._topics))
        self._report.tell(self._reader.lag)

    def _read(self) -> None:
        """What came within a moment."""
        records, sizes = Counter[str](), Counter[str]()
        for (topic, partition), message in self._reader.read():
            record = from_message(original(message))
            try:
                self._writer.append(topic, partition, record)
            except Unwritable:
                self._room.until_done(lambda: self._writer.append(topic, partition, record))  # noqa: B023
            self._schemas.see(record.value)
            records[topic] += 1
            sizes[topic] += len(record.key or b"") + len(record.value or b"")
        for topic, count in records.items():
            self._report.took(topic, count, sizes[topic])

    def _flush(self, wait_s: float = 0.0) -> None:
        """Have in the files what was read, and beside it what explains it. wait_s: for a schema that is looked up."""
        self._room.until_done(self._writer.flush)
        self._reader.commit()
        for gap in self._reader.mend():
            self._note(gap)
        for name, schema in self._schemas.found(wait_s).items():
            self._room.until_done(lambda: self._writer.add_schema(name, schema))  # noqa: B023
        held = self._link.epochs
        for epoch in held[self._epochs :]:
            document = epoch.config.model_dump(mode="json")
            self._room.until_done(lambda: self._writer.add_config(epoch.number, document))  # noqa: B023
        self._epochs = len(held)

    def _note(self, gap: Gap) -> None:
        (topic, number), first, end = gap
        words = (
            f"{topic} {number}: retention deleted the offsets {first} to {end - 1} before they were recorded: up to "
            f"{end - first} records are lost"
        )
        log.warning("%s", words)
        self._report.lost(gap)
        if not any(note.endswith(words) for note in self._writer.manifest.notes):
            self._room.until_done(lambda: self._writer.note(words))

    def _take_up(self, found: Mapping[str, FoundTopic]) -> None:
        """Record the partitions too that topics have got since. Raises RecordingError where a topic is another one."""
        require_same(self._writer.folder, self._writer.manifest, found)
        for topic, facts in found.items():
            known = self._writer.manifest.topics[topic].partitions
            if facts.partitions > known:
                starts = dict.fromkeys(range(known, facts.partitions), 0)
                self._room.until_done(lambda: self._writer.add_topic(topic, facts.partitions, starts))  # noqa: B023
                log.info("%s has %d partitions now", topic, facts.partitions)
                if not self._resting:
                    self._reader.go_on(*((topic, number) for number in starts))

    def _read_the_rest(self) -> None:
        """What was written up to now."""
        ends, deadline = self._cluster.ends(self._places()), time.monotonic() + _REST_S
        while not self._reader.has_read(ends) and time.monotonic() < deadline:
            self._read()
            self._report.tell(self._reader.lag)
        if not self._reader.has_read(ends):
            log.warning("stopped with %s records unread", f"{self._reader.lag:,}")
