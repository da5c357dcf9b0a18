"""The events that come by the thousand, read and written by hand: half of the time that fastavro takes.

Whatever is unusual is left to fastavro, which knows it all, or has the right words for what it does not know: a
function here returns None, or raises one of UNUSUAL. The order of the fields is that of the schemas; test_codec.py
compares the bytes with fastavro's. Source: the Avro specification, "Binary encoding".
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from charles.events import Control, Frame, Sample, Waiting

UNUSUAL = (ValueError, TypeError, AttributeError, LookupError, OverflowError, struct.error)

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_MORE = 0x80
_LONGEST = 10
_TOO_MUCH = 1 << 64
_END = b"\0"
_NULL = b"\0"
_NOT_NULL = b"\2"
_THREE = struct.Struct("<3d")
_TEN = struct.Struct("<10d")
_ONE_BYTE = [bytes((number,)) for number in range(_MORE)]


def read_control(data: bytes | memoryview, at: int) -> Control | None:
    """at: where the record begins; it must end with the data, as with all of these."""
    collector, run, at = _read_run(data, at)
    tick, at = _read_long(data, at)
    micros, at = _read_long(data, at)
    if at + _TEN.size != len(data):
        return None
    return Control(collector, run, tick, _BEGAN + timedelta(microseconds=micros), *_TEN.unpack_from(data, at))


def read_frame(data: Any, at: int) -> Frame | None:
    """Its picture is cut out of the data: a memoryview's is one too, and not copied."""
    collector, run, at = _read_run(data, at)
    tick, at = _read_long(data, at)
    micros, at = _read_long(data, at)
    size, at = _read_long(data, at)
    if size < 0:
        return None
    picture, at = data[at : at + size], at + size
    width, at = _read_long(data, at)
    height, at = _read_long(data, at)
    late, at = _read_long(data, at)
    dropped, at = _read_long(data, at)
    if at != len(data):
        return None
    time = _BEGAN + timedelta(microseconds=micros)
    return Frame(collector, run, tick, time, picture, width, height, late, dropped)


def write_sample(sample: Sample) -> bytes:
    return b"".join(
        (
            _name(sample.collector),
            _name(sample.run),
            _long(sample.tick),
            _moment(sample.time),
            _name(sample.set_id),
            _name(sample.set_output),
            _long(sample.set_bin),
            *_pieces(sample.frames),
            _THREE.pack(sample.speed, sample.purpose_distance, sample.purpose_bearing),
            _floats(sample.history_acceleration),
            _floats(sample.history_braking),
            _floats(sample.history_steering),
            _floats(sample.history_speed),
            _floats(sample.history_purpose_distance),
            _floats(sample.history_purpose_bearing),
            _THREE.pack(sample.acceleration, sample.braking, sample.steering),
            _long(sample.epoch),
            _name(sample.balancing),
        )
    )


def write_waiting(waiting: Waiting) -> bytes:
    return b"".join(
        (
            _long(len(waiting.sample)),
            waiting.sample,
            _long(len(waiting.frame_offsets)),
            *map(_long, waiting.frame_offsets),
            _END if waiting.frame_offsets else b"",
            _NULL if waiting.since is None else _NOT_NULL + _moment(waiting.since),
        )
    )


READ: dict[type, Callable[[bytes | memoryview, int], Any]] = {Control: read_control, Frame: read_frame}
WRITE: dict[type, Callable[[Any], bytes]] = {Sample: write_sample, Waiting: write_waiting}


def _read_long(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """A number, and where it ends: seven bits a byte, the last ones first; even ones are not negative."""
    byte = data[at]
    at += 1
    if byte >= _MORE:
        byte, shift, longest = byte & 0x7F, 7, at + _LONGEST
        while (more := data[at]) >= _MORE:
            byte |= (more & 0x7F) << shift
            shift += 7
            at += 1
            if at > longest:
                raise ValueError("a number of more than ten bytes")
        byte |= more << shift
        at += 1
        if byte >= _TOO_MUCH:
            raise ValueError("a number of more than 64 bits")
    return (byte >> 1) ^ -(byte & 1), at


def _read_run(data: bytes | memoryview, at: int) -> tuple[str, str, int]:
    """Two names, the collector's and the run's, and where they end. Most records have the same as those before."""
    middle = at + 1 + (data[at] >> 1)
    end = middle + 1 + (data[middle] >> 1)
    return *_names(bytes(data[at:end])), end


@lru_cache(1024)
def _names(encoded: bytes) -> tuple[str, str]:
    names = []
    while encoded:
        size = encoded[0]
        if size >= _MORE or size & 1:
            raise ValueError("a name of more than 63 bytes, or of less than none")
        names.append(encoded[1 : 1 + (size >> 1)].decode())
        encoded = encoded[1 + (size >> 1) :]
    collector, run = names
    return collector, run


def _long(number: int) -> bytes:
    left = 2 * number if number >= 0 else -2 * number - 1
    if left < _MORE:
        return _ONE_BYTE[left]
    if left >= _TOO_MUCH:
        raise OverflowError("more than 64 bits")
    out = bytearray()
    while left >= _MORE:
        out.append(left & 0x7F | _MORE)
        left >>= 7
    out.append(left)
    return bytes(out)


def _moment(time: datetime) -> bytes:
    passed = time - _BEGAN
    return _long((86_400 * passed.days + passed.seconds) * _SECOND + passed.microseconds)


@lru_cache(1024)
def _name(text: str) -> bytes:
    encoded = text.encode()
    return _long(len(encoded)) + encoded


def _pieces(items: Sequence[bytes]) -> Iterator[bytes]:
    """An array of bytes, in one block."""
    if items:
        yield _long(len(items))
        for item in items:
            yield _long(len(item))
            yield item
    yield _END


def _floats(values: Sequence[float]) -> bytes:
    """An array of floats, in one block. A Python array of them has their bytes already, on all but a few machines."""
    if not values:
        return _END
    if isinstance(values, array) and values.typecode == "f" and sys.byteorder == "little":
        return _long(len(values)) + values.tobytes() + _END
    return _long(len(values)) + struct.pack(f"<{len(values)}f", *values) + _END
