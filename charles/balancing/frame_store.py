"""The frames of waiting ticks: in memory while they fit, read again from the log where they lie otherwise."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

Place = tuple[int, int]
"""Partition and offset of a frame."""

_RECENT_BYTES = 32 << 20
_SEEK_BEYOND_OFFSETS = 300
"""Offsets that are read through to the next frame that is wanted: it takes about as long as to seek it."""
_CLOSE_OFFSETS = 16
"""Offsets to the next frame that is read although it is not wanted yet."""
_LARGE_FRAME_BYTES = 65_536
"""Bytes: a frame as large as few are."""
_BATCH_RECORDS = 200
_FETCH_BYTES = 4 << 20
_PATIENCE_S = 10.0


class FrameLog(Protocol):
    """Where frames can be read again."""

    def read(self, places: list[Place]) -> dict[Place, bytes]:
        """The pictures at these places, which are sorted; without those that are gone, or cannot be read."""

    def close(self) -> None: ...


class FrameStore:
    """Pictures by place. What no tick holds any more is forgotten; what does not fit is read again when needed."""

    def __init__(self, log: FrameLog, held_bytes: int) -> None:
        self._held = _Shelf(held_bytes)
        self._recent = _Shelf(_RECENT_BYTES)
        self._holders: dict[Place, int] = {}
        self._log = log

    def add(self, place: Place, picture: bytes) -> None:
        """Remember a frame that was just read; whether a tick needs it turns out soon."""
        self._recent.put(place, picture)

    def hold(self, places: Iterable[Place]) -> None:
        """A waiting tick needs these frames."""
        for place in places:
            held_by = self._holders.get(place, 0)
            self._holders[place] = held_by + 1
            picture = self._recent.pictures.get(place)
            if picture is not None and not (held_by and place in self._held.pictures):
                self._held.put(place, picture)

    def release(self, places: Iterable[Place]) -> None:
        """A tick that held these frames waits no more."""
        for place in places:
            held_by = self._holders.pop(place) - 1
            if held_by:
                self._holders[place] = held_by
            else:
                self._held.drop(place)

    def get(self, places: Iterable[Place]) -> dict[Place, bytes]:
        """These pictures; those that retention has passed are left out."""
        found: dict[Place, bytes] = {}
        missing: list[Place] = []
        for place in places:
            picture = self._held.pictures.get(place) or self._recent.pictures.get(place)
            if picture is None:
                missing.append(place)
            else:
                found[place] = picture
        if missing:
            found |= self._read_again(missing)
        return found

    def _read_again(self, missing: list[Place]) -> dict[Place, bytes]:
        """These pictures, from the log. What ticks hold and lies close by is read with them, and kept, where there is
        room for it: after a restart, what waits comes back in a few large reads."""
        wanted = set(missing)
        known = sweeps(sorted(wanted | self._holders.keys() - self._held.pictures.keys()), _CLOSE_OFFSETS)
        together = [place for sweep in known if wanted.intersection(sweep) for place in sweep]
        read = self._log.read(together if len(together) <= self._held.room // _LARGE_FRAME_BYTES else sorted(wanted))
        for place, picture in read.items():
            if place in self._holders:
                self._held.put(place, picture)
        return {place: picture for place, picture in read.items() if place in wanted}

    def close(self) -> None:
        self._log.close()


class _Shelf:
    """Pictures up to so many bytes; the oldest make room."""

    def __init__(self, capacity: int) -> None:
        self.pictures: OrderedDict[Place, bytes] = OrderedDict()
        self._capacity = capacity
        self._bytes = 0

    def put(self, place: Place, picture: bytes) -> None:
        self._bytes += len(picture) - len(self.pictures.pop(place, b""))
        self.pictures[place] = picture
        while self._bytes > self._capacity and self.pictures:
            self._bytes -= len(self.pictures.popitem(last=False)[1])

    @property
    def room(self) -> int:
        """Bytes."""
        return self._capacity - self._bytes

    def drop(self, place: Place) -> None:
        self._bytes -= len(self.pictures.pop(place, b""))


def sweeps(places: Iterable[Place], seek_beyond: int) -> list[list[Place]]:
    """Sorted places, cut where the next one lies in another partition or at least so many offsets further on."""
    found: list[list[Place]] = []
    for place in places:
        if found and found[-1][-1][0] == place[0] and place[1] - found[-1][-1][1] < seek_beyond:
            found[-1].append(place)
        else:
            found.append([place])
    return found
