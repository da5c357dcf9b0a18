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
_LONGEST_HEAD = 256
"""Bytes in which everything before a frame's picture lies, if it is nothing unusual."""
_MORE_OF_EIGHT = 0x8080808080808080
_EIGHT = 0x0080808080808080
"""The first bits of the bytes of a number: set in all but its last byte."""
_LEAST_OF_EIGHT = 1 << 49
_TOO_MUCH_FOR_EIGHT = 1 << 56
_TOO_MUCH = 1 << 64
_END = b"\0"
_NULL = b"\0"
_NOT_NULL = b"\2"
_THREE = struct.Struct("<3d")
_TEN = struct.Struct("<10d")
_HISTORIES = 6
_ONE_BYTE = [bytes((number,)) for number in range(_MORE)]


def read_control(data: bytes | memoryview, at: int) -> Control | None:
    """at: where the record begins; it must end with the data, as with all of these."""
    rest = len(data) - _TEN.size
    collector, run, tick, time, end = _read_moment(bytes(data[at:rest]))
    if at + end != rest:
        return None
    return Control(collector, run, tick, time, *_TEN.unpack_from(data, rest))


def read_frame(data: Any, at: int) -> Frame | None:
    """Its picture is cut out of the data: a memoryview's is one too, and not copied."""
    head = bytes(data[at : at + _LONGEST_HEAD])
    collector, run, tick, time, end = _read_moment(head)
    size, end = read_long(head, end)
    if size < 0:
        return None
    start, stop = at + end, at + end + size
    width, height, late, dropped = _read_longs(bytes(data[stop:]))
    return Frame(collector, run, tick, time, data[start:stop], width, height, late, dropped)


def read_sample(data: bytes | memoryview, at: int) -> Sample | None:
    """Its histories are arrays, as the balancer's own are."""
    head = bytes(data[at : at + _LONGEST_HEAD])
    collector, run, tick, time, end = _read_moment(head)
    set_id, end = _read_name(head, end)
    set_output, end = _read_name(head, end)
    set_bin, end = read_long(head, end)
    found = _read_pieces(data, at + end)
    if found is None:
        return None
    frames, start = found
    rest = bytes(data[start:])
    numbers, end = _THREE.unpack_from(rest), _THREE.size
    histories = []
    for _ in range(_HISTORIES):
        history, end = _read_floats(rest, end)
        histories.append(history)
    labels = _THREE.unpack_from(rest, end)
    epoch, end = read_long(rest, end + _THREE.size)
    balancing, end = _read_name(rest, end)
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
        _moment(sample.time),
        write_name(sample.set_id),
        write_name(sample.set_output),
        write_long(sample.set_bin),
        *_pieces(sample.frames),
        _THREE.pack(sample.speed, sample.purpose_distance, sample.purpose_bearing),
    ]
    for history in (
        sample.history_acceleration,
        sample.history_braking,
        sample.history_steering,
        sample.history_speed,
        sample.history_purpose_distance,
        sample.history_purpose_bearing,
    ):
        pieces += _floats(history)
    pieces += (
        _THREE.pack(sample.acceleration, sample.braking, sample.steering),
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
            _END if waiting.frame_offsets else b"",
            _NULL if waiting.since is None else _NOT_NULL + _moment(waiting.since),
        )
    )


READ: dict[type, Callable[[bytes | memoryview, int], Any]] = {
    Control: read_control,
    Frame: read_frame,
    Sample: read_sample,
}
WRITE: dict[type, Callable[[bytes, Any], bytes]] = {Sample: write_sample, Waiting: write_waiting}


def _read_moment(head: bytes) -> tuple[str, str, int, datetime, int]:
    """What frames and controls begin with: collector, run, tick, time; and where it ends. Most records have the same
    names as those before."""
    middle = 1 + (head[0] >> 1)
    end = middle + 1 + (head[middle] >> 1)
    collector, run = _names(head[:end])
    tick, end = read_long(head, end)
    eight = int.from_bytes(head[end : end + 8], "little")
    if eight & _MORE_OF_EIGHT == _EIGHT:
        micros, end = _of_eight(eight), end + 8
    else:
        micros, end = read_long(head, end)
    return collector, run, tick, _BEGAN + timedelta(microseconds=micros), end


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends: seven bits a byte, the last ones first; even ones are not negative. Raises
    IndexError where the data ends within it, ValueError for too large a one."""
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


def _of_eight(eight: int) -> int:
    """As read_long(), of a number of eight bytes, as every time of our days is: in pairs, in fours, in one."""
    eight = (eight & 0x007F007F007F007F) | (eight & 0x7F007F007F007F00) >> 1
    eight = (eight & 0x00003FFF00003FFF) | (eight & 0x3FFF00003FFF0000) >> 2
    eight = (eight & 0x000000000FFFFFFF) | (eight & 0x0FFFFFFF00000000) >> 4
    return (eight >> 1) ^ -(eight & 1)


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    """A string, and where it ends."""
    size, at = read_long(data, at)
    if size < 0 or at + size > len(data):
        raise ValueError("a name of less than no bytes, or of more than there are")
    return _text(data[at : at + size]), at + size


@lru_cache(1024)
def _text(encoded: bytes) -> str:
    return encoded.decode()


def _read_pieces(data: bytes | memoryview, at: int) -> tuple[list[bytes], int] | None:
    """What _pieces() writes, and where it ends; None: it is in several blocks."""
    lead = bytes(data[at : at + _LONGEST])
    count, end = read_long(lead, 0)
    pieces = []
    at += end
    for _ in range(count):
        size, end = read_long(bytes(data[at : at + _LONGEST]), 0)
        start = at + end
        at = start + size
        if size < 0 or at > len(data):
            raise ValueError("a piece of less than no bytes, or of more than there are")
        pieces.append(bytes(data[start:at]))
    if count:
        at += 1
    if count < 0 or data[at - 1 : at] != _END:
        return None
    return pieces, at


def _read_floats(data: bytes, at: int) -> tuple[array[float], int]:
    """What _floats() writes, and where it ends."""
    count, at = read_long(data, at)
    floats = array("f")
    if not count:
        return floats, at
    end = at + floats.itemsize * count
    if count < 0 or data[end : end + 1] != _END:
        raise ValueError("an array in several blocks")
    floats.frombytes(data[at:end])
    if sys.byteorder == "big":
        floats.byteswap()
    return floats, end + 1


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
        if size >= _MORE or size & 1:
            raise ValueError("a name of more than 63 bytes, or of less than none")
        names.append(encoded[1 : 1 + (size >> 1)].decode())
        encoded = encoded[1 + (size >> 1) :]
    collector, run = names
    return collector, run


def write_long(number: int) -> bytes:
    """What read_long() reads. Raises OverflowError outside of 64 bits."""
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
    micros = (86_400 * passed.days + passed.seconds) * _SECOND + passed.microseconds
    return _as_eight(2 * micros) if _LEAST_OF_EIGHT <= 2 * micros < _TOO_MUCH_FOR_EIGHT else write_long(micros)


def _as_eight(number: int) -> bytes:
    """What _of_eight() reads."""
    number = (number & 0x000000000FFFFFFF) | (number << 4) & 0x0FFFFFFF00000000
    number = (number & 0x00003FFF00003FFF) | (number << 2) & 0x3FFF00003FFF0000
    number = (number & 0x007F007F007F007F) | (number << 1) & 0x7F007F007F007F00
    return (number | _EIGHT).to_bytes(8, "little")


@lru_cache(1024)
def write_name(text: str) -> bytes:
    """A string that comes again and again."""
    encoded = text.encode()
    return write_long(len(encoded)) + encoded


def _pieces(items: Sequence[bytes]) -> Iterator[bytes]:
    """An array of bytes, in one block."""
    if items:
        yield write_long(len(items))
        for item in items:
            yield write_long(len(item))
            yield item
    yield _END


def _floats(values: Sequence[float]) -> tuple[Any, ...]:
    """An array of floats, in one block. A Python array of them has their bytes already, on all but a few machines."""
    if not values:
        return (_END,)
    if isinstance(values, array) and values.typecode == "f" and sys.byteorder == "little":
        return write_long(len(values)), values, _END
    return write_long(len(values)), struct.pack(f"<{len(values)}f", *values), _END
