"""Numbers, names, times and arrays in Avro's binary encoding: a reader gives what it read, and where that ends.

Source: the Avro specification, "Binary encoding".
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from charles.base.limits import NAME_BYTES

END = b"\0"
"""Of an array."""
NULL = b"\0"
NOT_NULL = b"\2"
"""Which branch of a union of null and something comes."""

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_A_SECOND = 1_000_000
_MORE_BIT = 0x80
_LONGEST_NUMBER_BYTES = 10
"""Bytes of a number."""
_MORE_BITS_OF_EIGHT_BYTES = 0x8080808080808080
_MORE_BITS_OF_A_NUMBER = 0x0080808080808080
"""The first bits of the bytes of a number: set in all but its last byte."""
_LEAST_OF_EIGHT_BYTES = 1 << 49
_LIMIT_OF_EIGHT_BYTES = 1 << 56
_LIMIT_OF_A_NUMBER = 1 << 64
_ONE_BYTE = [bytes((number,)) for number in range(_MORE_BIT)]


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends: seven bits a byte, the last ones first; even ones are not negative. Raises
    IndexError where the data ends within it, ValueError for too large a one."""
    byte = data[at]
    at += 1
    if byte >= _MORE_BIT:
        byte, shift, longest = byte & 0x7F, 7, at + _LONGEST_NUMBER_BYTES - 2
        while (more := data[at]) >= _MORE_BIT:
            byte |= (more & 0x7F) << shift
            shift += 7
            at += 1
            if at > longest:
                raise ValueError("a number of more than ten bytes")
        byte |= more << shift
        at += 1
        if byte >= _LIMIT_OF_A_NUMBER:
            raise ValueError("a number of more than 64 bits")
    return (byte >> 1) ^ -(byte & 1), at


def write_long(number: int) -> bytes:
    """What read_long() reads. Raises OverflowError outside of 64 bits."""
    left = 2 * number if number >= 0 else -2 * number - 1
    if left < _MORE_BIT:
        return _ONE_BYTE[left]
    if left >= _LIMIT_OF_A_NUMBER:
        raise OverflowError("more than 64 bits")
    out = bytearray()
    while left >= _MORE_BIT:
        out.append(left & 0x7F | _MORE_BIT)
        left >>= 7
    out.append(left)
    return bytes(out)


def read_name(data: bytes, at: int) -> tuple[str, int]:
    """A string that comes again and again, and where it ends."""
    size, at = read_long(data, at)
    if not 0 <= size <= NAME_BYTES or at + size > len(data):
        raise ValueError("a name of less than no bytes, or of more than there are or may be")
    return _text(data[at : at + size]), at + size


@lru_cache(1024)
def write_name(text: str) -> bytes:
    """What read_name() reads."""
    encoded = text.encode()
    return write_long(len(encoded)) + encoded


def read_time(data: bytes, at: int) -> tuple[datetime, int]:
    """A time, and where it ends."""
    eight = int.from_bytes(data[at : at + 8], "little")
    if eight & _MORE_BITS_OF_EIGHT_BYTES == _MORE_BITS_OF_A_NUMBER:
        micros, end = _of_eight(eight), at + 8
    else:
        micros, end = read_long(data, at)
    return _BEGAN + timedelta(microseconds=micros), end


def write_time(time: datetime) -> bytes:
    """What read_time() reads."""
    passed = time - _BEGAN
    micros = (86_400 * passed.days + passed.seconds) * _MICROSECONDS_A_SECOND + passed.microseconds
    return _as_eight(2 * micros) if _LEAST_OF_EIGHT_BYTES <= 2 * micros < _LIMIT_OF_EIGHT_BYTES else write_long(micros)


def _of_eight(eight: int) -> int:
    """As read_long(), of a number of eight bytes, as every time of our days is: in pairs, in fours, in one."""
    eight = (eight & 0x007F007F007F007F) | (eight & 0x7F007F007F007F00) >> 1
    eight = (eight & 0x00003FFF00003FFF) | (eight & 0x3FFF00003FFF0000) >> 2
    eight = (eight & 0x000000000FFFFFFF) | (eight & 0x0FFFFFFF00000000) >> 4
    return (eight >> 1) ^ -(eight & 1)


def _as_eight(number: int) -> bytes:
    """What _of_eight() reads."""
    number = (number & 0x000000000FFFFFFF) | (number << 4) & 0x0FFFFFFF00000000
    number = (number & 0x00003FFF00003FFF) | (number << 2) & 0x3FFF00003FFF0000
    number = (number & 0x007F007F007F007F) | (number << 1) & 0x7F007F007F007F00
    return (number | _MORE_BITS_OF_A_NUMBER).to_bytes(8, "little")


@lru_cache(1024)
def _text(encoded: bytes) -> str:
    return encoded.decode()


def read_pieces(data: bytes | memoryview, at: int) -> tuple[list[bytes], int]:
    """An array of bytes in one block, and where it ends; ValueError where it is in several ones."""
    count, end = read_long(bytes(data[at : at + _LONGEST_NUMBER_BYTES]), 0)
    pieces = []
    at += end
    for _ in range(count):
        size, end = read_long(bytes(data[at : at + _LONGEST_NUMBER_BYTES]), 0)
        start = at + end
        at = start + size
        if size < 0 or at > len(data):
            raise ValueError("a piece of less than no bytes, or of more than there are")
        pieces.append(bytes(data[start:at]))
    if not count:
        return pieces, at
    if count < 0 or data[at : at + 1] != END:
        raise ValueError("an array in several blocks")
    return pieces, at + 1


def write_pieces(items: Sequence[bytes]) -> Iterator[bytes]:
    """What read_pieces() reads."""
    if items:
        yield write_long(len(items))
        for item in items:
            yield write_long(len(item))
            yield item
    yield END


def read_floats(data: bytes, at: int) -> tuple[array[float], int]:
    """An array of floats in one block, and where it ends; ValueError where it is in several ones."""
    count, at = read_long(data, at)
    floats = array("f")
    if not count:
        return floats, at
    end = at + floats.itemsize * count
    if count < 0 or data[end : end + 1] != END:
        raise ValueError("an array in several blocks")
    floats.frombytes(data[at:end])
    if sys.byteorder == "big":
        floats.byteswap()
    return floats, end + 1


def write_floats(values: Sequence[float]) -> tuple[Any, ...]:
    """What read_floats() reads. A Python array of them has their bytes already, on all but a few machines."""
    if not values:
        return (END,)
    if isinstance(values, array) and values.typecode == "f" and sys.byteorder == "little":
        return write_long(len(values)), values, END
    return write_long(len(values)), struct.pack(f"<{len(values)}f", *values), END
