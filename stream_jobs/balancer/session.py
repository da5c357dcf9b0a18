"""One life of the balancer as a member of its group: from joining to leaving, or to the first thing that goes wrong.

Everything in memory can be read again from the log, so whatever goes wrong has one answer: a new session, from the
last committed transaction. Transactions are written beside the loop, which goes on meanwhile.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from functools import partial

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from charles import topics
from charles.avro.codec import SchemaUnavailable
from charles.balancing.engine import Engine
from charles.balancing.partition import CONTROLS, FRAMES, SIDES, Reading
from charles.base.shutdown import TakenOver
from charles.control.link import Link
from charles.events import DeadLetter, RunLedger, Sample, Waiting
from charles.kafka import errors, topic_admin
from charles.kafka.clients import admin, consumer, group, name
from charles.kafka.publisher import Publisher
from charles.kafka.reading import records
from charles.kafka.schemas import SchemaStore
from charles.kafka.topic_admin import WrongTopics
from charles.kafka.transactions import BrokenTransaction, Fenced, MemberReplaced, NotCommitted, end_hanging, join
from charles.settings import Settings
from stream_jobs.balancer import group_check, transaction_writer
from stream_jobs.balancer.output_records import OutputRecords
from stream_jobs.balancer.report import BalancerReport
from stream_jobs.balancer.state_topic import recall, restore
from stream_jobs.balancer.topic_frames import TopicFrames
from stream_jobs.balancer.transaction_writer import TransactionWriter

log = logging.getLogger(__name__)

SESSION_S = 6.0
"""So long after it was heard last the group forgets a member, and what it was assigned."""
_SETTLES_S = 10.0
_BATCH_RECORDS = 100
_WRITE_EARLY_BYTES = 4 << 20
"""Bytes of pictures that are written at once: less waits for the transaction's end, so that while there is little to do
none stays open."""
_FAR_AHEAD_RECORDS = 2_000
_TAKEOVER_S = 90.0
_ANSWER_S = 0.5
_HEARTBEAT_S = 1.5
_FENCED_REASON = "Static consumer fenced"
"""What a client says that has already told of its being fenced, under a code that means anything fatal."""


class StartOver(RuntimeError):
    """This session cannot go on; the next one starts from the last committed transaction."""


class BalancerSession:
    """Joins, balances and commits until told to stop, or to start over under another configuration."""

    def __init__(self, settings: Settings, link: Link) -> None:
        self._settings = settings
        self._link = link
        self._schemas = SchemaStore(settings.kafka)
        self._names = {FRAMES: name(settings.kafka, topics.FRAMES), CONTROLS: name(settings.kafka, topics.CONTROLS)}
        self._sides = {full: side for side, full in self._names.items()}
        self._failure: Exception | None = None
        self._paused: set[tuple[str, int]] = set()
        self._resting = False
        self._settled_at = float("inf")
        self._engine = self._new_engine()
        self._records = OutputRecords(settings.kafka, self._schemas)
        self._report = BalancerReport(link, settings.config)
        self._dirty = False
        self._joined = False
        identity = group(settings.kafka, f"balancer-{settings.balancer.name}")
        self._publisher = Publisher(
            settings.kafka,
            *(Sample, Waiting, RunLedger, DeadLetter),
            **{"transactional.id": identity, "transaction.timeout.ms": 5000},
            **transaction_writer.PROPERTIES,
            **link.process.measured(),
        )
        self._writer = TransactionWriter(self._publisher, self._report.committed)
        self._consumer = consumer(
            settings.kafka,
            "balancer",
            **{
                "group.instance.id": identity,  # a restarted balancer gets its partitions back at once
                "session.timeout.ms": round(1000 * SESSION_S),
                "heartbeat.interval.ms": round(1000 * _HEARTBEAT_S),
                "partition.assignment.strategy": "range",  # the same partitions of both topics, or nothing joins
            },
            **link.process.measured(),
        )

    def _new_engine(self) -> Engine:
        settings = self._settings
        return Engine(
            settings.config,
            settings.epoch,
            self._schemas,
            TopicFrames(settings.kafka, self._schemas),
            frames_cache_bytes=settings.balancer.frames_cache_mb << 20,
            recall=partial(recall, settings.kafka, self._schemas),
        )

    def run(self) -> None:
        """Balance until this life is over. Raises StartOver, TakenOver, or WrongTopics."""
        try:
            self._consumer.subscribe(list(self._sides), on_assign=self._on_assign, on_revoke=self._on_revoke)
            next_commit = next_look = time.monotonic()
            while not self._link.should_end():
                self._read()
                if time.monotonic() >= next_look:
                    self._look_around()
                    next_look = time.monotonic() + 1
                if self._engine.pool.bytes > _WRITE_EARLY_BYTES:
                    self._writer.send(self._records.samples(self._engine))
                if time.monotonic() >= next_commit:
                    self._commit()
                    next_commit = time.monotonic() + self._settings.balancer.commit_seconds
            self._commit()
            self._writer.settle()
        except MemberReplaced as error:
            raise TakenOver(f"another balancer with the same name has taken over ({error})") from error
        except Fenced as error:
            self._hear_why()
            raise StartOver(str(error)) from error
        except (KafkaException, BrokenTransaction, NotCommitted, SchemaUnavailable, TimeoutError) as error:
            raise _answer(error) from error

    def close(self) -> None:
        """Leave; what is not committed is read again by the next session."""
        self._writer.close()
        self._dirty = False  # nothing may follow a transaction that is perhaps not in the log
        self._engine.close()
        self._consumer.close()

    def _hear_why(self) -> None:
        """Why the producer was fenced: the broker does so where a transaction timed out, as in a laptop's sleep. Or
        another balancer of the same name has taken over; that one has joined the group before (see _join), so the next
        heartbeat tells. Raises TakenOver then.
        """
        until = time.monotonic() + 2 * _HEARTBEAT_S
        try:
            while time.monotonic() < until:
                for _ in records(self._consumer.consume(_BATCH_RECORDS, timeout=0.1)):
                    pass  # no record that is read now counts
        except KafkaException as error:
            raise _answer(error) from error

    def _join(self) -> None:
        """Fence a former instance, and end all that a transaction of it may have left open, its offsets included.

        Once, and not before this one is a member of the group: so a former one that lives hears that it is no member
        any more, and ends, where one that is only fenced would start over, and fence this one.
        """
        if self._joined:
            return
        join(self._publisher)
        kafka = self._settings.kafka
        states = topic_admin.partition_counts(admin(kafka))[name(kafka, topics.BALANCER_STATE)]
        places = [(topics.BALANCED, 0), (topics.DEADLETTER, 0)]
        places += [(topics.BALANCER_STATE, number) for number in range(states)]
        with closing(consumer(kafka, "balancer")) as anybody:  # it is never told that the group assigns anew meanwhile
            offsets = [TopicPartition(self._names[FRAMES], 0, 0)]
            end_hanging(self._publisher, places, offsets, anybody.consumer_group_metadata())
        self._joined = True

    def _read(self) -> None:
        messages = self._consumer.consume(_BATCH_RECORDS, timeout=0.02)
        if self._failure:
            for message in messages:
                errors.raise_if_fatal(message)  # it may say why something failed, and is said once
            raise self._failure
        for message in records(messages):
            self._engine.handle(self._sides[str(message.topic())], message)
            self._dirty = True
        self._link.rate.add(len(messages))

    def _commit(self) -> None:
        """Commit samples, state, dead letters and input offsets in one transaction, all or nothing. Its steps:

        1. settle: wait until the transaction before is in the log, so that no two are open at once.
        2. forget: runs that are over leave the memory, for their ledgers are in the log now.
        3. offsets: of each input, the first half that still waits for its partner; the metadata: how far was read.
        4. flush: hand the writer the samples, the changes of state and the dead letters. Its thread produces them,
        5. sends the offsets to the transaction,
        6. and commits. Where one of 4 to 6 fails, the next call of the writer raises, all that is in memory is thrown
           away, and a new session begins from the last committed transaction.
        """
        self._writer.settle()
        self._engine.forget_past()
        if not self._dirty:
            return
        offsets = [
            TopicPartition(self._names[side], number, partition.resume_at(side), str(reading.ever))
            for number, partition in self._engine.partitions.items()
            for side, reading in partition.readings.items()
        ]
        self._writer.end(self._records.all(self._engine), offsets, self._consumer.consumer_group_metadata())
        self._dirty = False

    def _look_around(self) -> None:
        """Once a second: how far the logs reach, who is too far ahead, who fell silent, and a heartbeat."""
        for number, partition in self._engine.partitions.items():
            for side, reading in partition.readings.items():
                reading.end = self._end(TopicPartition(self._names[side], number), reading.end)
            self._wait_for_partner(number, FRAMES, CONTROLS)
            self._wait_for_partner(number, CONTROLS, FRAMES)
        self._engine.pool.under(self._link.settings.epoch)
        self._rest_if_told()
        self._engine.close_silent()
        self._engine.look_around()
        self._look_at_group()
        self._dirty = self._dirty or any(partition.changed for partition in self._engine.partitions.values())
        self._report.tell(self._engine, resting=self._resting)

    def _look_at_group(self) -> None:
        """Once after each assignment, when it has settled. Raises WrongTopics."""
        if self._engine.partitions and time.monotonic() >= self._settled_at:
            settled = group_check.check(self._settings.kafka)
            self._settled_at = float("inf") if settled else time.monotonic() + _SETTLES_S

    def _end(self, place: TopicPartition, known: int) -> int:
        """Where a log ends now. What is fetched says so by the way; while nothing is, the broker has to be asked."""
        try:
            found = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_S, cached=not self._resting)
        except KafkaException:
            return known
        return int(found[1]) if found else known

    def _wait_for_partner(self, number: int, side: str, partner: str) -> None:
        """Stop reading a topic that is far ahead of its partner while there is something of the partner to read."""
        partition = self._engine.partitions[number]
        place = TopicPartition(self._names[side], number)
        ahead = partition.ahead(side) > _FAR_AHEAD_RECORDS and partition.readings[partner].lag > 0
        if ahead and (side, number) not in self._paused:
            self._consumer.pause([place])
            self._paused.add((side, number))
        elif not ahead and (side, number) in self._paused:
            self._consumer.resume([place])
            self._paused.discard((side, number))

    def _rest_if_told(self) -> None:
        """Read nothing while paused, and stay a member of the group."""
        if self._link.paused and not self._resting:
            self._consumer.pause(self._consumer.assignment())
        elif self._resting and not self._link.paused:
            self._consumer.resume(
                [p for p in self._consumer.assignment() if (self._sides[p.topic], p.partition) not in self._paused]
            )
        self._resting = self._link.paused

    def _on_assign(self, member: Consumer, places: list[TopicPartition]) -> None:
        try:
            self._assign(member, places)
        except Exception as error:  # the client would swallow it
            self._failure = error

    def _assign(self, member: Consumer, places: list[TopicPartition]) -> None:
        topic_admin.check_join(self._settings.kafka, topic_admin.partition_counts(admin(self._settings.kafka)))
        numbers = {side: {p.partition for p in places if self._sides[p.topic] == side} for side in SIDES}
        if numbers[FRAMES] != numbers[CONTROLS]:
            raise WrongTopics(
                f"assigned frames {sorted(numbers[FRAMES])} but controls {sorted(numbers[CONTROLS])}: every member of "
                f"the group must use the range assignor, and must know of partitions that were just added"
            )
        self._join()
        committed = self._committed(member, places)
        restored = restore(self._settings.kafka, self._schemas, numbers[FRAMES])
        for number in sorted(numbers[FRAMES]):
            readings = {
                self._sides[p.topic]: Reading(p.offset, int(p.metadata or 0))
                for p in committed
                if p.partition == number
            }
            self._engine.add_partition(number, readings, restored[number])
            self._report.strays += restored[number].strays
        member.assign(committed)
        self._settled_at = time.monotonic() + _SETTLES_S
        log.info("partitions %s; %d ticks wait in the bins", sorted(self._engine.partitions), len(self._engine.pool))

    def _committed(self, member: Consumer, places: list[TopicPartition]) -> list[TopicPartition]:
        """The committed offsets, once no transaction of a dead instance stands before them."""
        deadline = time.monotonic() + _TAKEOVER_S
        while True:
            try:
                committed = member.committed(places, timeout=2.0)
                return [TopicPartition(p.topic, p.partition, max(p.offset, 0), p.metadata or "0") for p in committed]
            except KafkaException as error:
                if self._link.should_end() or time.monotonic() > deadline:
                    raise
                log.info("waiting for the committed offsets: %s", error.args[0].str())

    def _on_revoke(self, _member: Consumer, _places: list[TopicPartition]) -> None:
        try:
            self._commit()
            self._writer.settle()
        except Exception as error:  # the client would swallow it
            self._failure = error
        self._engine.close()
        self._engine = self._new_engine()
        self._paused.clear()
        self._resting = False


def _answer(error: Exception) -> Exception:
    """What an error of the client means for the balancer."""
    if isinstance(error, KafkaException):
        reason = error.args[0]
        if reason.code() == KafkaError.FENCED_INSTANCE_ID or _FENCED_REASON in reason.str():
            return TakenOver(f"another balancer with the same name has taken over ({reason.str()})")
        if errors.not_allowed(reason):
            return errors.asking(error)
        return StartOver(reason.str())
    return StartOver(str(error))
