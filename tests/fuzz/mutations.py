"""Bytes that were valid, changed: what a seed says, always in the same way."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

MOST_CHANGES = 6
LONGEST = 200_000
"""Bytes of an input."""

_NUMBERS = (0, 1, -1, 127, 128, 255, 1 << 15, 1 << 31, (1 << 31) - 1, 1 << 40, (1 << 53) - 1, (1 << 63) - 1, -(1 << 63))
_FLOATS = (float("nan"), float("inf"), -float("inf"), 1e300, 1e39, -0.0, 5e-324)
_TEXTS = (
    *(b"\x00", b"\xff\xfe", b"\r\n", b"/", b"..", b"%", b"\x1b[2J", b"[/x]", b"<img>", b"\xed\xb3\xbf", b"\\ud800"),
    *(b"9" * 5_000, b"[" * 2_000, b'{"a":' * 500, b"a" * 5_000, b"-0,4", b"nan", b"1e999", b"=", b'"', b"null"),
)


def mutated(valid: Sequence[bytes], rng: random.Random) -> bytes:
    """One of these, with a few changes; seldom none at all."""
    data = rng.choice(valid)
    for _ in range(rng.randrange(MOST_CHANGES + 1)):
        data = rng.choice(_CHANGES)(data, valid, rng)[:LONGEST]
    return data


def _flip(data: bytes, _valid: Sequence[bytes], rng: random.Random) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _overwrite(data: bytes, valid: Sequence[bytes], rng: random.Random) -> bytes:
    at, piece = rng.randrange(len(data) + 1), _piece(valid, rng)
    return data[:at] + piece + data[at + len(piece) :]


def _insert(data: bytes, valid: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + _piece(valid, rng) + data[at:]


def _delete(data: bytes, _valid: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 2, 8, 100)) :]


def _truncate(data: bytes, _valid: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _repeat(data: bytes, _valid: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    part = data[at : at + rng.randrange(1, 200)]
    return data[:at] + part * rng.choice((2, 3, 50)) + data[at:]


def _splice(data: bytes, valid: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(valid)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _piece(valid: Sequence[bytes], rng: random.Random) -> bytes:
    """A number in one of its spellings, a text that is seldom expected, or a part of something valid."""
    kind = rng.randrange(6)
    if kind == 0:
        return _varint(rng.choice(_NUMBERS))
    if kind == 1:
        return struct.pack(rng.choice(("<q", ">q")), rng.choice(_NUMBERS))
    if kind == 2:
        return struct.pack("<d", rng.choice(_FLOATS))
    if kind == 3:
        return str(rng.choice(_NUMBERS)).encode()
    if kind == 4:
        return rng.choice(_TEXTS)
    other = rng.choice(valid)
    at = rng.randrange(len(other) + 1)
    return other[at : at + rng.randrange(1, 64)]


def _varint(number: int) -> bytes:
    """As Avro writes it."""
    left, out = (number << 1 ^ number >> 63) & (1 << 64) - 1, bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


_CHANGES: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    *(_flip, _overwrite, _insert, _delete, _truncate, _repeat, _splice),
)
