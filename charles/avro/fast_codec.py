"""The events that come by the thousand, read and written by hand: half of the time that fastavro takes.

Whatever is unusual is left to fastavro, which knows it all, or has the right words for what it does not know: a
function here returns None, or raises one of UNUSUAL. The order of the fields is that of the schemas; test_codec.py
compares the bytes with fastavro's. Source: the Avro specification, "Binary encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from charles.avro.binary import (
    END,
    NOT_NULL,
    NULL,
    read_floats,
    read_long,
    read_name,
    read_pieces,
    read_time,
    write_floats,
    write_long,
    write_name,
    write_pieces,
    write_time,
)
from charles.events import Control, Frame, Sample, Waiting

UNUSUAL = (ValueError, TypeError, AttributeError, LookupError, OverflowError, struct.error)

_LONGEST_HEAD_BYTES = 256
"""Bytes in which everything before a record's picture lies, if it is nothing unusual."""
_LONGEST_TAIL_BYTES = 40
"""Bytes of the four numbers after a picture: what is longer would be kept as a key of a cache."""
_SHORT_NAME_LIMIT = 0x80
_THREE_DOUBLES = struct.Struct("<3d")
_TEN_DOUBLES = struct.Struct("<10d")
_HISTORY_COUNT = 6


def read_control(data: bytes | memoryview, at: int) -> Control | None:
    """at: where the record begins; it must end with the data, as with all of these."""
    rest = len(data) - _TEN_DOUBLES.size
    collector, run, tick, time, end = _read_moment(bytes(data[at:rest]))
    if at + end != rest:
        return None
    return Control(collector, run, tick, time, *_TEN_DOUBLES.unpack_from(data, rest))


def read_frame(data: Any, at: int) -> Frame | None:
    """Its picture is cut out of the data: a memoryview's is one too, and not copied."""
    head = bytes(data[at : at + _LONGEST_HEAD_BYTES])
    collector, run, tick, time, end = _read_moment(head)
    size, end = read_long(head, end)
    if size < 0:
        return None
    start, stop = at + end, at + end + size
    if len(data) - stop > _LONGEST_TAIL_BYTES:
        return None
    width, height, late, dropped = _read_longs(bytes(data[stop:]))
    return Frame(collector, run, tick, time, data[start:stop], width, height, late, dropped)


def read_sample(data: bytes | memoryview, at: int) -> Sample | None:
    """Its histories are arrays, as the balancer's own are."""
    head = bytes(data[at : at + _LONGEST_HEAD_BYTES])
    collector, run, tick, time, end = _read_moment(head)
    set_id, end = read_name(head, end)
    set_output, end = read_name(head, end)
    set_bin, end = read_long(head, end)
    frames, start = read_pieces(data, at + end)
    rest = bytes(data[start:])
    numbers, end = _THREE_DOUBLES.unpack_from(rest), _THREE_DOUBLES.size
    histories = []
    for _ in range(_HISTORY_COUNT):
        history, end = read_floats(rest, end)
        histories.append(history)
    labels = _THREE_DOUBLES.unpack_from(rest, end)
    epoch, end = read_long(rest, end + _THREE_DOUBLES.size)
    balancing, end = read_name(rest, end)
    if end != len(rest):
        return None
    return Sample(
        *(collector, run, tick, time, set_id, set_output, set_bin, frames),
        *(*numbers, *histories, *labels, epoch, balancing),
    )


def write_sample(head: bytes, sample: Sample) -> bytes:
    """head: what comes before it, as with all of these: large bytes are then copied once."""
    pieces = [
        head,
        write_name(sample.collector),
        write_name(sample.run),
        write_long(sample.tick),
        write_time(sample.time),
        write_name(sample.set_id),
        write_name(sample.set_output),
        write_long(sample.set_bin),
        *write_pieces(sample.frames),
        _THREE_DOUBLES.pack(sample.speed, sample.purpose_distance, sample.purpose_bearing),
    ]
    for history in (
        sample.history_acceleration,
        sample.history_braking,
        sample.history_steering,
        sample.history_speed,
        sample.history_purpose_distance,
        sample.history_purpose_bearing,
    ):
        pieces += write_floats(history)
    pieces += (
        _THREE_DOUBLES.pack(sample.acceleration, sample.braking, sample.steering),
        write_long(sample.epoch),
        write_name(sample.balancing),
    )
    return b"".join(pieces)


def write_waiting(head: bytes, waiting: Waiting) -> bytes:
    return b"".join(
        (
            head,
            write_long(len(waiting.sample)),
            waiting.sample,
            write_long(len(waiting.frame_offsets)),
            *map(write_long, waiting.frame_offsets),
            END if waiting.frame_offsets else b"",
            NULL if waiting.since is None else NOT_NULL + write_time(waiting.since),
        )
    )


READ: dict[type, Callable[[bytes | memoryview, int], Any]] = {
    Control: read_control,
    Frame: read_frame,
    Sample: read_sample,
}
WRITE: dict[type, Callable[[bytes, Any], bytes]] = {Sample: write_sample, Waiting: write_waiting}


def _read_moment(head: bytes) -> tuple[str, str, int, datetime, int]:
    """What these events begin with: collector, run, tick, time; and where it ends. Most records have the same
    names as those before."""
    middle = 1 + (head[0] >> 1)
    end = middle + 1 + (head[middle] >> 1)
    collector, run = _names(head[:end])
    tick, end = read_long(head, end)
    time, end = read_time(head, end)
    return collector, run, tick, time, end


@lru_cache(1024)
def _read_longs(data: bytes) -> tuple[int, ...]:
    """All numbers of these bytes, which are few, and often the same as before."""
    numbers, at = [], 0
    while at < len(data):
        number, at = read_long(data, at)
        numbers.append(number)
    return tuple(numbers)


@lru_cache(1024)
def _names(encoded: bytes) -> tuple[str, str]:
    names = []
    while encoded:
        size = encoded[0]
        if size >= _SHORT_NAME_LIMIT or size & 1:
            raise ValueError("a name of more than 63 bytes, or of less than none")
        names.append(encoded[1 : 1 + (size >> 1)].decode())
        encoded = encoded[1 + (size >> 1) :]
    collector, run = names
    return collector, run
