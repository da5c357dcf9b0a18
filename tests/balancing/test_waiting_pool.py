"""What waits in the bins: why it leaves them, and how long it may stay."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from charles import config
from charles.balancing.frame_store import FrameStore
from charles.balancing.join import OTHER_SHAPE, SIGNALS, TOO_OLD, Joined
from charles.balancing.run_state import Tick, TickId
from charles.balancing.waiting_pool import WaitingPool
from charles.config import Config
from charles.events import now
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from stream_jobs.balancer.topic_frames import TopicFrames
from tests.samples import HISTORY, sample

STEERING = config.changed(Config(), ["outputs=steering", "balance.bins=3", "balance.bin_capacity=2"])
RUN = ("collector-1", "run-1")


def pool(of: Config = STEERING) -> WaitingPool:
    """Its pictures are in memory, so nobody asks the broker."""
    frames = FrameStore(TopicFrames(Kafka(), SchemaStore(Kafka())), 1 << 20)
    for number in range(100):
        frames.add((0, number), b"picture")
    return WaitingPool(of, 7, frames)


def tick_id(number: int, partition: int = 0) -> TickId:
    return partition, *RUN, number


def tick(number: int, steering: float = 0.0, since: datetime | None = None) -> Tick:
    driven = sample(tick=number, steering=steering)
    past = (array("f", [0.0] * HISTORY),) * len(SIGNALS)
    return Tick(Joined(driven, past, (number,)), since or now())


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets minutes pass; the wall's clock knows nothing of it."""
    passed = [0.0]
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed[0])

    def wait(minutes: float) -> None:
        passed[0] += 60 * minutes

    return wait


def test_a_full_bin_s_surplus_says_which_bin_gave_it_up() -> None:
    waits = pool()
    verdicts = [waits.add(tick_id(number), tick(number)) for number in range(4)]
    assert verdicts == [[], [], [(tick_id(0), "steering 0")], [(tick_id(1), "steering 0")]]
    assert waits.waiting(0, RUN) == len(waits) == 2


def test_what_the_configuration_leaves_out_says_so() -> None:
    v1 = config.changed(STEERING, ["balance.version=v1", 'balance.leave_out=["steering=0"]'])
    assert pool(v1).add(tick_id(0), tick(0, -1.0)) == [(tick_id(0), "left out")]


def test_a_tick_of_another_shape_is_surplus_for_that() -> None:
    longer = config.changed(STEERING, ["balance.history=20"])
    assert pool(longer).restore({tick_id(0): tick(0)}) == [(tick_id(0), OTHER_SHAPE)]


def test_a_whole_set_is_emitted_and_waits_no_more() -> None:
    waits = pool()
    for number, steering in enumerate((-0.5, 0.0, 0.5)):
        waits.add(tick_id(number), tick(number, steering))
    assert waits.emit() == [(tick_id(number), None) for number in range(3)]
    assert waits.emitted == [tick_id(number) for number in range(3)]
    assert [filling.sets for filling in waits.filling()] == [1]
    assert waits.waiting(0, RUN) == len(waits) == 0


def test_a_tick_that_waited_for_too_long_is_surplus_and_no_other_one(later: Callable[[float], None]) -> None:
    waits = pool()
    waits.add(tick_id(0), tick(0, -0.5))
    later(20)
    waits.add(tick_id(1), tick(1, 0.5))
    assert waits.give_up_old() == []
    later(11)
    assert waits.give_up_old() == [(tick_id(0), TOO_OLD)]
    changes = waits.taken_changes()
    assert changes == {tick_id(1): tick(1, 0.5, changes[tick_id(1)].since)}  # type: ignore[union-attr]
    later(30)
    assert waits.give_up_old() == [(tick_id(1), TOO_OLD)]
    assert waits.taken_changes() == {tick_id(1): None}
    assert waits.taken_changes() == {}
    assert waits.emit() == []


def test_how_long_a_tick_has_waited_is_kept_over_restarts(later: Callable[[float], None]) -> None:
    waits, then = pool(), now() - timedelta(minutes=29)
    waits.restore({tick_id(number): tick(number, 0.5 * number - 0.5, then) for number in range(2)})
    waits.restore({tick_id(5, partition=1): tick(5, 0.0, then - timedelta(minutes=5))})
    assert waits.give_up_old() == [(tick_id(5, partition=1), TOO_OLD)]
    later(2)
    assert waits.give_up_old() == [(tick_id(0), TOO_OLD), (tick_id(1), TOO_OLD)]


def test_a_clock_that_jumped_back_makes_no_tick_older_and_none_stay_for_ever(later: Callable[[float], None]) -> None:
    waits = pool()
    waits.restore({tick_id(0): tick(0, 0.0, now() + timedelta(days=1))})
    waits.add(tick_id(1), tick(1, 0.0, now() - timedelta(days=1)))
    assert waits.give_up_old() == []
    later(31)
    assert {gone for gone, _ in waits.give_up_old()} == {tick_id(0), tick_id(1)}


def test_a_tick_waits_in_the_bin_of_the_change_from_the_tick_before_where_changes_are_predicted() -> None:
    of = config.changed(Config(), ["outputs=steering:delta,acceleration_braking:delta"])
    waits = pool(of)
    past = [array("f", [0.0] * (HISTORY - 1) + [last]) for last in (0.5, 0.25, 0.2, 0.0, 0.0, 0.0)]
    driven = sample(tick=0, steering=0.3, acceleration=0.5, braking=0.25)
    waits.add(tick_id(0), Tick(Joined(driven, tuple(past), (0,)), now()))
    filled = {
        filling.kind.name: [cell for cell, count in filling.waiting.items() if count] for filling in waits.filling()
    }
    names = {filling.kind.name: filling.kind for filling in waits.filling()}
    assert {kind: [names[kind].cell_name(cell) for cell in cells] for kind, cells in filled.items()} == {
        "steering": ["steering:delta +0.1"],
        "acceleration_braking": ["acceleration_braking:delta 0"],
    }
