"""From connecting to the finished recording. The recording itself says how far it goes: a record is in it or not, so
that nothing has to agree with it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from charles.base.atomic_file import Unwritable
from charles.base.shutdown import Stop
from charles.base.time_format import read_duration
from charles.control.link import Link
from charles.kafka import topic_admin
from charles.recordings.format.writer import RecordingWriter
from charles.settings import ConfigError, Settings
from consumers.recorder import start_position
from consumers.recorder.cluster_topics import Cluster, require_same
from consumers.recorder.disk_space import DiskFull, DiskSpace
from consumers.recorder.session import RecorderSession
from consumers.recorder.start_position import Begin

log = logging.getLogger(__name__)


def main(settings: Settings) -> None:
    """Record until told to stop, or until recorder.duration is over; the recording is then complete.

    Raises ConfigError, BrokerUnavailable, AccessRefused; RecordingError where the recording cannot go on, and
    Unwritable.
    """
    stop, begin = Stop(), start_position.begin(settings)
    start_position.chosen(settings)
    ends_at = time.monotonic() + _duration_s(settings)
    topic_admin.ensure(settings.kafka)
    with Link(settings, "recorder", settings.recorder.name, stop) as link:
        folder = start_position.folder(settings)
        while not link.stopped:
            try:
                record(link.begin(), folder, begin, link, lambda: time.monotonic() >= ends_at)
            except DiskFull:
                if link.stopped:
                    raise
            if time.monotonic() >= ends_at:
                return


def record(settings: Settings, folder: Path, begin: Begin, link: Link, is_over: Callable[[], bool]) -> None:
    """One life of the program. Raises what main() does, and DiskFull."""
    link.wait_for_broker()
    if link.should_end():
        return
    cluster, room = Cluster(settings.kafka), DiskSpace(folder, link)
    writer = room.until_done(lambda: opened(folder, settings, cluster, begin))
    room.needs = lambda: writer.waiting
    try:
        with closing(RecorderSession(settings, writer, cluster, link, room)) as session:
            session.run(is_over)
        if link.stopped or is_over():
            room.until_done(writer.finish)
            log.info("%s is complete", folder)
    finally:
        with suppress(Unwritable):  # what is not in the files is read again
            writer.close()


def opened(folder: Path, settings: Settings, cluster: Cluster, begin: Begin) -> RecordingWriter:
    """A new recording, or the one that is there, to go on with. Raises RecordingError, Unwritable, KafkaException."""
    codec, prefix = settings.recorder.compression, settings.kafka.prefix
    manifest = start_position.unfinished(folder, prefix)
    if manifest is None:
        found = cluster.topics(start_position.chosen(settings))
        writer = RecordingWriter.create(folder, prefix, cluster.begins(found, begin), codec=codec)
        log.info("recording %s to %s", ", ".join(found), folder)
        return writer
    names = start_position.chosen(settings, manifest.topics)
    found = cluster.topics(names)
    require_same(folder, manifest, found)
    writer = RecordingWriter.resume(folder, codec=codec)
    try:
        for words in writer.repaired:
            log.warning("repaired %s: %s", folder, words)
        new = {topic: facts for topic, facts in found.items() if topic not in manifest.topics}
        for topic, info in cluster.begins(new, begin).items():
            writer.add_topic(topic, info.partitions, info.start_offsets, info.id)
    except BaseException:
        writer.close()
        raise
    log.info("resuming the recording of %s in %s", ", ".join(names), folder)
    return writer


def _duration_s(settings: Settings) -> float:
    if settings.recorder.duration is None:
        return math.inf
    try:
        return read_duration(settings.recorder.duration)
    except ValueError as problem:
        raise ConfigError(f"recorder.duration: {problem}") from None
