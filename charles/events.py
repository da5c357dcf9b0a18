"""The events: Avro records as frozen dataclasses. schemas/*.avsc is the contract; a dataclass's fields are its fields.

A dataclass refuses values outside the contract's ranges with a ValueError, when it is made for writing and when it
is read. Encoding and decoding is in codec.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import TypeVar, dataclass_transform

from charles.base.headers import Moment
from charles.base.limits import (
    ANGLE,
    DISTANCE,
    LAST_TICK,
    NAME_BYTES,
    PICTURE_PIXELS,
    PICTURE_SIDE,
    PLACE,
    SPEED,
)

_Event = TypeVar("_Event")


@dataclass_transform(frozen_default=True)
def _comes_by_the_thousand(event: type[_Event]) -> type[_Event]:
    """A dataclass that only type checkers treat as frozen: creating a really frozen one takes twice as long."""
    return dataclass(slots=True, unsafe_hash=True)(event)


def now() -> datetime:
    """The present, as events say it: UTC."""
    return datetime.now(UTC)


def _within(low: float, high: float, **values: float) -> None:
    for name, value in values.items():
        if not low <= value <= high:  # false for NaN too
            raise ValueError(f"{name} must be in [{low:g}, {high:g}], not {value}")


class _OfATick:
    """Common fields of every event of a tick."""

    __slots__ = ()
    collector: str
    run: str
    tick: int

    def _check_moment(self) -> None:
        if not 0 <= self.tick <= LAST_TICK:
            raise ValueError(f"tick must be in [0, {LAST_TICK}], not {self.tick}")
        # No letter has less than a byte: only long names are encoded to see.
        if len(self.collector) + len(self.run) > NAME_BYTES // 4:
            for name, value in (("collector", self.collector), ("run", self.run)):
                if (size := len(value.encode())) > NAME_BYTES:
                    raise ValueError(f"{name} must have at most {NAME_BYTES} bytes, not {size}: {value[:20]!r} ...")

    @property
    def moment(self) -> Moment:
        """(collector, run, tick), its permanent key."""
        return self.collector, self.run, self.tick


class _Driven(_OfATick):
    """Common fields of every event with an action."""

    __slots__ = ()
    acceleration: float
    braking: float
    steering: float
    speed: float
    purpose_distance: float
    purpose_bearing: float

    @property
    def acceleration_braking(self) -> float:
        """In [-1, 1], above 0 accelerates."""
        return self.acceleration - self.braking

    def _check_measured(self) -> None:
        if not (
            -SPEED <= self.speed <= SPEED
            and -DISTANCE <= self.purpose_distance <= DISTANCE
            and -ANGLE <= self.purpose_bearing <= ANGLE
        ):
            _within(-SPEED, SPEED, speed=self.speed)
            _within(-ANGLE, ANGLE, purpose_bearing=self.purpose_bearing)
            _within(-DISTANCE, DISTANCE, purpose_distance=self.purpose_distance)

    def _check_action(self) -> None:
        # Events come by the thousand: the words are looked for only where something is wrong.
        if not (0 <= self.acceleration <= 1 and 0 <= self.braking <= 1 and -1 <= self.steering <= 1):
            _within(0, 1, acceleration=self.acceleration, braking=self.braking)
            _within(-1, 1, steering=self.steering)


@_comes_by_the_thousand
class Frame(_OfATick):
    collector: str
    run: str
    tick: int
    time: datetime
    picture: bytes
    width: int
    height: int
    late: int
    dropped: int

    def __post_init__(self) -> None:
        self._check_moment()
        width, height = self.width, self.height
        if not (0 <= width <= PICTURE_SIDE and 0 <= height <= PICTURE_SIDE and width * height <= PICTURE_PIXELS):
            raise ValueError(f"its picture cannot be {width}x{height}")


@_comes_by_the_thousand
class Control(_Driven):
    collector: str
    run: str
    tick: int
    time: datetime
    acceleration: float
    braking: float
    steering: float
    speed: float
    yaw_rate: float
    x: float
    y: float
    heading: float
    purpose_distance: float
    purpose_bearing: float

    def __post_init__(self) -> None:
        self._check_moment()
        self._check_action()
        self._check_measured()
        if not (-PLACE <= self.x <= PLACE and -PLACE <= self.y <= PLACE and -PLACE <= self.yaw_rate <= PLACE):
            _within(-PLACE, PLACE, x=self.x, y=self.y, yaw_rate=self.yaw_rate)
        if not -PLACE <= self.heading <= PLACE:
            _within(-PLACE, PLACE, heading=self.heading)


@_comes_by_the_thousand
class Sample(_Driven):
    collector: str
    run: str
    tick: int
    time: datetime
    set_id: str
    set_output: str
    set_bin: int
    frames: list[bytes]
    speed: float
    purpose_distance: float
    purpose_bearing: float
    history_acceleration: Sequence[float]
    history_braking: Sequence[float]
    history_steering: Sequence[float]
    history_speed: Sequence[float]
    history_purpose_distance: Sequence[float]
    history_purpose_bearing: Sequence[float]
    acceleration: float
    braking: float
    steering: float
    epoch: int = -1
    balancing: str = "v3"

    def __post_init__(self) -> None:
        self._check_moment()
        self._check_action()
        self._check_measured()

    def last(self, signal: str) -> float:
        """A signal at the tick before."""
        past: Sequence[float] = getattr(self, f"history_{signal}")
        return past[-1]


@dataclass(frozen=True, slots=True)
class Waiting:
    sample: bytes
    frame_offsets: list[int]
    since: datetime | None = None


TERMS = ("warm_up", "waiting", "emitted", "surplus", "unmatched", "dead_lettered", "missing")
"""The outcomes of a tick, as RunLedger counts them; every tick has exactly one."""


@dataclass(frozen=True, slots=True)
class RunLedger:
    collector: str
    run: str
    time: datetime
    seen: int
    settled: int
    in_bins: int
    warm_up: int
    emitted: int
    surplus: int
    unmatched: int
    dead_lettered: int
    missing: int
    repeats: int
    expired: int
    late: int
    dropped: int
    history_last: int
    history_acceleration: Sequence[float]
    history_braking: Sequence[float]
    history_steering: Sequence[float]
    history_speed: Sequence[float]
    history_purpose_distance: Sequence[float]
    history_purpose_bearing: Sequence[float]
    stack_last: int
    stack_offsets: list[int]
    surplus_by: dict[str, int] = field(default_factory=dict)
    latencies: list[int] = field(default_factory=list)
    frames_read: int = 0
    controls_read: int = 0

    @property
    def waiting(self) -> int:
        """Ticks that wait for their other half, or in a bin."""
        return self.seen - 1 - self.settled + self.in_bins

    @property
    def accounted(self) -> int:
        """The sum of the terms; equals `seen` if no tick was lost."""
        return sum(getattr(self, term) for term in TERMS)

    @property
    def in_words(self) -> str:
        """The terms beside what was seen."""
        terms = " + ".join(f"{getattr(self, term)} {term.replace('_', '-')}" for term in TERMS)
        return f"{self.seen} seen, but {self.accounted} = {terms}"

    @property
    def adds_up(self) -> bool:
        """Whether the terms add up, and the causes of surplus too; older ledgers have no causes."""
        return self.accounted == self.seen and (not self.surplus_by or sum(self.surplus_by.values()) == self.surplus)


@dataclass(frozen=True, slots=True)
class WeightChunk:
    model: str
    artefact: str
    index: int
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Span:
    collector: str
    run: str
    first_tick: int
    last_tick: int
    samples: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    model: str
    line: str
    kind: str
    batch: int
    artefact: str
    architecture: str
    picture_width: int
    picture_height: int
    time: datetime
    first_offset: int
    chunks: int
    size: int
    sha256: str
    code: str
    spans: list[Span]
    parents: list[str]
    outputs: list[str] = field(default_factory=lambda: ["acceleration_braking", "steering"])
    frames: int = 1
    epoch: int = -1
    recording: str = ""


@dataclass(frozen=True, slots=True)
class TrainingStep:
    model: str
    batch: int
    time: datetime
    loss: float
    losses: dict[str, float]
    errors: dict[str, float]
    learning_rate: float
    seconds: float
    buffers: dict[str, int]
    capacity: int
    accuracies: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DrivingFrame:
    player: str
    run: str
    tick: int
    time: datetime
    picture: bytes
    model: str
    batch: int
    speed: float
    predicted_acceleration_braking: float
    predicted_steering: float
    controller_acceleration_braking: float
    controller_steering: float
    fps: float
    pps: float


@dataclass(frozen=True, slots=True)
class Status:
    program: str
    instance: str
    time: datetime
    state: str
    host: str
    pid: int
    version: str
    rate: float
    lag: int
    memory: int
    note: str
    figures: dict[str, float] = field(default_factory=dict)
    epoch: int = -1
    model: str = ""
    batch: int = -1
    starving: list[str] = field(default_factory=list)
    command: str = ""
    outcome: str = ""

    def __post_init__(self) -> None:
        """What is no number is left out: nobody can count with it, and the rest of a heartbeat is as good as ever."""
        if not all(map(isfinite, (self.rate, *self.figures.values()))):
            object.__setattr__(
                self, "figures", {name: value for name, value in self.figures.items() if isfinite(value)}
            )
            object.__setattr__(self, "rate", self.rate if isfinite(self.rate) else 0.0)


@dataclass(frozen=True, slots=True)
class ConfigChange:
    scope: str
    time: datetime
    author: str
    replaces: int
    document: str


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    target: str
    verb: str
    time: datetime
    deadline: datetime
    author: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    topic: str
    partition: int
    offset: int
    time: datetime
    reason: str
    program: str
    key: bytes | None
    headers: dict[str, bytes]
    value: bytes
    size: int
    sha256: str


Event = (
    Frame
    | Control
    | Sample
    | Waiting
    | RunLedger
    | WeightChunk
    | Checkpoint
    | TrainingStep
    | DrivingFrame
    | Status
    | ConfigChange
    | Command
    | DeadLetter
)
