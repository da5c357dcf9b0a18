"""Joining the two halves of a tick, and the history before it. Pure: knows no Kafka.

Within one run each topic brings ticks in order. What both topics have passed is settled, in order, one verdict per
tick: joined, warm-up, unmatched, dead-lettered or missing. What is not settled yet waits for its partner.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar

from charles.base.limits import LAST_FIRST_TICK, TICKS_AHEAD
from charles.events import Control, Sample

LONGEST_GAP_TICKS: Final = 3
_ROOM_HISTORIES: Final = 4
"""How many histories long the arrays may grow before what is past is cut off: seldom, and little."""
SIGNALS = ("acceleration", "braking", "steering", "speed", "purpose_distance", "purpose_bearing")

EXPIRED = "expired"
"""What makes ticks surplus beside full bins: their frames have left the log;"""
TOO_OLD = "too old"
"""they waited too long;"""
TOO_LARGE = "too large"
"""their frames make a sample that no topic takes;"""
OTHER_SHAPE = "other shape"
"""the configuration wants another history, or another number of frames;"""
NOT_KNOWN = "not known"
"""a version that did not count it made them so."""

Value = TypeVar("Value")
Past = tuple["array[float]", ...]
"""One array of 32-bit floats, which a sample has on the wire, for each of SIGNALS; oldest first."""

_signals_of = attrgetter(*SIGNALS)


class Clash(ValueError):
    """A half of a tick is of another instant than the one that waits for it: do two collectors run under one name?"""


class TooFarAhead(ValueError):
    """A half of a tick is so far beyond all others of its run that its number may be wrong: it settles nothing."""


class BrokenHalf(NamedTuple):
    """The half of a tick that could not be used; it lies on the dead-letter topic. clash: it is of another instant than
    the other half, so that what came before may be of two drives too."""

    clash: bool = False


class Pointer(NamedTuple):
    """Where a frame lies in its input partition. time: when it was taken; None: nobody will ask."""

    offset: int
    time: datetime | None = None


class Joined(NamedTuple):
    """A tick with both halves and a whole history.

    control: or a sample, which has all of it that matters; history: of the past ticks, ending at tick-1; frames: where
    this tick's and those before it lie in the input partition, oldest first.
    """

    control: Control | Sample
    history: Past
    frames: tuple[int, ...]

    def last(self, signal: str) -> float:
        """A signal at the tick before."""
        return self.history[SIGNALS.index(signal)][-1]


class Window(Generic[Value]):
    """The last values of a stream of ticks; a gap of at most 3 repeats the last value, a longer one starts anew."""

    def __init__(self, size: int, last: int = -1, values: Iterable[Value] = ()) -> None:
        self._size = size
        self.last = last
        self.values: deque[Value] = deque(values, maxlen=size)

    def before(self, tick: int) -> tuple[Value, ...] | None:
        """The values of the `size` ticks that end at tick-1, oldest first; None while they are not whole."""
        gap = tick - self.last - 1
        if gap > LONGEST_GAP_TICKS or len(self.values) + gap < self._size or not self.values:
            return None
        return (*self.values, *[self.values[-1]] * gap)[-self._size :] if gap else tuple(self.values)

    def push(self, tick: int, value: Value) -> None:
        """Add the value of a tick later than all before."""
        gap = tick - self.last - 1
        if gap > LONGEST_GAP_TICKS:
            self.values.clear()
        elif gap and self.values:
            self.values.extend([self.values[-1]] * gap)
        self.values.append(value)
        self.last = tick

    def forget(self) -> None:
        """Begin anew."""
        self.values.clear()
        self.last = -1


class History:
    """As a Window of each tick's signals, but kept as the samples' arrays are: a tick's history is cut out of it in one
    piece for each signal."""

    def __init__(self, size: int, last: int = -1, past: Iterable[Iterable[float]] = ((),) * len(SIGNALS)) -> None:
        """past: the values of each signal, oldest first, up to the tick `last`."""
        self._size = size
        self.last = last
        self._signals = [array("f", values) for values in past]

    def __len__(self) -> int:
        return min(len(self._signals[0]), self._size)

    @property
    def past(self) -> Past:
        """What is kept, up to the tick `last`."""
        size = self._size
        return tuple([signal[-size:] for signal in self._signals])

    def before(self, tick: int) -> Past | None:
        """The `size` ticks that end at tick-1; None while they are not whole."""
        gap, kept = tick - self.last - 1, len(self._signals[0])
        if not gap and kept >= self._size:
            return self.past
        if gap > LONGEST_GAP_TICKS or kept + gap < self._size or not kept:
            return None
        return tuple([(signal[-self._size :] + signal[-1:] * gap)[-self._size :] for signal in self._signals])

    def push(self, tick: int, control: Control) -> None:
        """Add a tick later than all before."""
        gap = tick - self.last - 1
        if gap:
            self._bridge(gap)
        for signal, value in zip(self._signals, _signals_of(control)):  # noqa: B905  # as many, and it costs
            signal.append(value)
        self.last = tick
        if len(self._signals[0]) >= _ROOM_HISTORIES * self._size:
            self._signals = list(self.past)

    def forget(self) -> None:
        """Begin anew."""
        for signal in self._signals:
            del signal[:]
        self.last = -1

    def _bridge(self, gap: int) -> None:
        for signal in self._signals:
            if gap > LONGEST_GAP_TICKS:
                del signal[:]
            else:
                signal.extend(signal[-1:] * gap)


@dataclass(slots=True)
class RunCounts:
    """One run's verdicts; with what waits they add up to what was seen (ledger.py). surplus_by: of surplus, by the bin
    that gave them up last, or by what else made them surplus; latencies: of emitted (latency.py)."""

    warm_up: int = 0
    in_bins: int = 0
    emitted: int = 0
    surplus: int = 0
    unmatched: int = 0
    dead_lettered: int = 0
    missing: int = 0
    repeats: int = 0
    expired: int = 0
    surplus_by: dict[str, int] = field(default_factory=dict)
    latencies: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Side(Generic[Value]):
    """One topic's half of a run: what waits for its partner, the highest tick read, whether the run is over there, and
    whether a later one has begun there."""

    waiting: deque[tuple[int, Value | BrokenHalf, int]] = field(default_factory=deque)
    head: int = -1
    closed: bool = False
    passed: bool = False
    late: bool = False
    """Whether one that waits came after a later one: then the first does not have the lowest offset for sure."""

    def first(self, otherwise: int) -> int:
        """The first tick that waits; otherwise: what is said where none does."""
        return self.waiting[0][0] if self.waiting else otherwise

    def insert(self, tick: int, value: Value | BrokenHalf, offset: int) -> bool:
        """Let one wait that comes after later ones; False where it waits already."""
        at = bisect_left(self.waiting, tick, key=itemgetter(0))
        if at < len(self.waiting) and self.waiting[at][0] == tick:
            return False
        self.waiting.insert(at, (tick, value, offset))
        self.late = True
        return True

    def lowest_offset(self) -> int | None:
        """Of what waits."""
        if not self.waiting:
            self.late = False
            return None
        return min(offset for *_, offset in self.waiting) if self.late else self.waiting[0][2]

    def take(self, tick: int) -> Value | BrokenHalf | None:
        return self.waiting.popleft()[1] if self.waiting and self.waiting[0][0] == tick else None

    def find(self, tick: int) -> Value | BrokenHalf | None:
        """What waits for the partner of this tick."""
        if tick > self.head:
            return None
        at = bisect_left(self.waiting, tick, key=itemgetter(0))
        return self.waiting[at][1] if at < len(self.waiting) and self.waiting[at][0] == tick else None


class RunJoin:
    """The join of one run of one collector. heard: when there was something of it last, on the monotonic clock."""

    def __init__(self, history: int, frames: int) -> None:
        self.frames: Side[Pointer] = Side()
        self.controls: Side[Control] = Side()
        self.heard = 0.0
        self.counts = RunCounts()
        self.settled = -1
        self.seen_before = 0
        self.far = -TICKS_AHEAD
        self.history = History(history)
        self.stack: Window[Pointer] = Window(frames)

    @property
    def seen(self) -> int:
        """The highest tick read + 1."""
        return max(self.frames.head + 1, self.controls.head + 1, self.seen_before)

    @property
    def waiting(self) -> int:
        """Ticks that wait for their partner, or in a bin."""
        return self.seen - 1 - self.settled + self.counts.in_bins

    @property
    def closed(self) -> bool:
        """Whether both topics are past this run."""
        return self.frames.closed and self.controls.closed

    @property
    def over(self) -> bool:
        """Whether nothing of it waits any more, and nothing is expected."""
        return self.closed and not self.waiting

    def add(self, side: Side[Value], tick: int, value: Value | BrokenHalf, offset: int, *, again: bool) -> None:
        """One half of a tick. again: it was read before and is read again after a restart, so is no repeat.

        Raises TooFarAhead where it is TICKS_AHEAD beyond all that came of the run; nothing is added then. The next one
        shows whether the run goes on there.
        """
        if tick <= self.settled:
            side.head = max(side.head, tick)
            self.counts.repeats += not again
        elif tick <= side.head:
            self.counts.repeats += not side.insert(tick, value, offset) and not again
        else:
            if tick > side.head + TICKS_AHEAD:
                self._check_jump(tick, again)
            side.waiting.append((tick, value, offset))
            side.head = tick

    def _check_jump(self, tick: int, again: bool) -> None:
        if again and tick < self.seen_before:  # it was taken in before the restart
            return
        newest = max(self.seen - 1, self.settled)
        most = newest + TICKS_AHEAD if newest >= 0 else LAST_FIRST_TICK
        if tick > most and not 0 < tick - self.far <= LONGEST_GAP_TICKS + 1:
            self.far = tick
            told = (
                f"{tick - newest} beyond the newest one of its run, {newest}" if newest >= 0 else "its run's first one"
            )
            raise TooFarAhead(f"tick {tick} is {told}")

    def clashes(self, side: Side[Any], partner: Side[Any], tick: int, time: datetime | None) -> bool:
        """Whether the partner of this tick waits on the other side, and is of another instant."""
        if not partner.waiting or tick <= self.settled or side.find(tick) is not None:  # the first half, or a repeat
            return False
        found = partner.find(tick)
        return found is not None and not isinstance(found, BrokenHalf) and found.time != time

    def settle(self) -> list[Joined]:
        """Pass verdicts on every tick that both topics have passed; returns those that are whole."""
        limit, whole = self._limit(), []
        while self.settled < limit:
            tick = self.settled + 1
            frame, control = self.frames.take(tick), self.controls.take(tick)
            if frame is None and control is None:
                nearest = min(self.frames.first(limit + 1), self.controls.first(limit + 1))
                self.counts.missing += nearest - tick
                self.settled = nearest - 1
                continue
            self.settled = tick
            joined = self._judge(tick, frame, control)
            if joined is not None:
                whole.append(joined)
        return whole

    def _limit(self) -> int:
        """The highest tick that both topics have passed."""
        frames, controls = self.frames, self.controls
        if not frames.closed and not controls.closed:
            return frames.head if frames.head < controls.head else controls.head
        if self.closed:
            return self.seen - 1
        return controls.head if frames.closed else frames.head

    def _judge(
        self, tick: int, frame: Pointer | BrokenHalf | None, control: Control | BrokenHalf | None
    ) -> Joined | None:
        history = self.history.before(tick)
        if isinstance(control, Control):
            self.history.push(tick, control)
        if isinstance(frame, Pointer):
            self.stack.push(tick, frame)
        if isinstance(frame, BrokenHalf) or isinstance(control, BrokenHalf):
            self.counts.dead_lettered += 1
            self._forget_drives_of_others(frame, control)
            return None
        stack = self.stack.before(tick + 1)
        if frame is None or control is None:
            self.counts.unmatched += 1
        elif history is None or stack is None:
            self.counts.warm_up += 1
        else:
            self.counts.in_bins += 1
            return Joined(control, history, tuple([pointer.offset for pointer in stack]))
        return None

    def _forget_drives_of_others(self, *halves: object) -> None:
        """After a clash, what came before may be of two drives."""
        if any(isinstance(half, BrokenHalf) and half.clash for half in halves):
            self.history.forget()
            self.stack.forget()
