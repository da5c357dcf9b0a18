"""Which verdict each tick gets, and what its history holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.balancing.join import BrokenHalf, History, Joined, Pointer, RunJoin, TooFarAhead, Window
from charles.base.limits import LAST_TICK, TICKS_AHEAD
from charles.events import Control, now

HISTORY = 5


def control(tick: int) -> Control:
    """A control that says its own tick, so that a leak of it into the history shows."""
    return Control("c", "r", tick, now(), 0.0, 0.0, 0.0, float(tick % 10**6), 0, 0, 0, 0, 0, 0)


class Feed:
    """Feeds one run, one half at a time, and collects what becomes whole."""

    def __init__(self, frames: int = 1) -> None:
        self.join = RunJoin(HISTORY, frames)
        self.joined: list[Joined] = []

    def frame(self, tick: int, *, broken: bool = False) -> None:
        self.join.add(self.join.frames, tick, BrokenHalf() if broken else Pointer(1000 + tick), tick, again=False)
        self.joined += self.join.settle()

    def control(self, tick: int, *, broken: bool = False) -> None:
        self.join.add(self.join.controls, tick, BrokenHalf() if broken else control(tick), tick, again=False)
        self.joined += self.join.settle()

    def both(self, *ticks: int) -> None:
        for tick in ticks:
            self.frame(tick)
            self.control(tick)

    def end(self) -> None:
        self.join.frames.closed = self.join.controls.closed = True
        self.joined += self.join.settle()

    def ticks(self) -> list[int]:
        return [joined.control.tick for joined in self.joined]

    def speeds(self, tick: int) -> list[float]:
        """What the history of this tick says: the ticks it was made of."""
        (joined,) = (joined for joined in self.joined if joined.control.tick == tick)
        return joined.history[3].tolist()


def adds_up(join: RunJoin) -> bool:
    counts = join.counts
    verdicts = counts.warm_up + counts.in_bins + counts.unmatched + counts.dead_lettered + counts.missing
    return join.seen == verdicts + join.seen - 1 - join.settled


def test_the_history_ends_at_the_tick_before() -> None:
    feed = Feed()
    feed.both(*range(20))
    assert feed.ticks() == list(range(HISTORY, 20))
    assert all(feed.speeds(tick) == list(range(tick - HISTORY, tick)) for tick in feed.ticks())
    assert feed.join.counts.warm_up == HISTORY


def test_a_short_gap_repeats_the_last_control() -> None:
    feed = Feed()
    feed.both(*range(10), *range(13, 20))
    assert feed.speeds(13) == [8, 9, 9, 9, 9]
    assert feed.speeds(14) == [9, 9, 9, 9, 13]
    assert feed.join.counts.missing == 3


def test_a_long_gap_warms_up_again() -> None:
    feed = Feed()
    feed.both(*range(10), *range(14, 25))
    assert feed.ticks() == [*range(HISTORY, 10), *range(14 + HISTORY, 25)]
    assert feed.join.counts.missing == 4


def test_controls_that_fail_one_by_one_make_a_long_gap_too() -> None:
    feed = Feed()
    feed.both(*range(10))
    for tick in range(10, 14):
        feed.frame(tick)
    feed.both(14)
    assert 14 not in feed.ticks()
    assert feed.join.counts.unmatched == 4


def test_frames_are_stacked_oldest_first() -> None:
    feed = Feed(frames=3)
    feed.both(*range(10), *range(11, 14))
    offsets = {joined.control.tick: [offset - 1000 for offset in joined.frames] for joined in feed.joined}
    assert offsets[8] == [6, 7, 8]
    assert offsets[11] == [9, 9, 11]


def test_a_half_waits_until_the_other_topic_has_passed_it() -> None:
    feed = Feed()
    feed.both(*range(10))
    feed.frame(10)
    feed.frame(11)
    assert feed.join.waiting == feed.join.counts.in_bins + 2
    feed.control(11)
    assert feed.join.counts.unmatched == 1
    assert 11 in feed.ticks()


def test_a_broken_half_makes_the_tick_dead_lettered_whatever_the_other_half_is() -> None:
    feed = Feed()
    feed.both(*range(10))
    feed.frame(10, broken=True)
    feed.control(10)
    feed.control(11, broken=True)
    feed.both(12)
    assert feed.join.counts.dead_lettered == 2
    assert feed.speeds(12) == [7, 8, 9, 10, 10]


def test_a_repeated_record_counts_beside_the_sum_and_joins_nothing() -> None:
    feed = Feed()
    feed.both(*range(10), 3, 4)
    assert feed.join.counts.repeats == 4
    assert feed.ticks() == list(range(HISTORY, 10))
    assert adds_up(feed.join)


def test_the_end_of_a_run_settles_what_waits() -> None:
    feed = Feed()
    feed.both(*range(10))
    feed.control(10)
    feed.control(12)
    feed.end()
    assert feed.join.waiting == feed.join.counts.in_bins
    assert feed.join.counts.unmatched == 2
    assert feed.join.counts.missing == 1


HALF = st.sampled_from(["whole", "frame", "control", "broken frame", "broken control", "none"])


@given(st.lists(HALF, max_size=120), st.randoms())
def test_every_tick_gets_one_verdict_in_whatever_order_the_topics_come(halves: list[str], random: object) -> None:
    feed = Feed()
    frames = [(tick, half) for tick, half in enumerate(halves) if half != "control" and half != "none"]
    controls = [(tick, half) for tick, half in enumerate(halves) if half != "frame" and half != "none"]
    while frames or controls:
        if frames and (not controls or random.random() < 0.5):  # type: ignore[attr-defined]
            tick, half = frames.pop(0)
            feed.frame(tick, broken=half == "broken frame")
        else:
            tick, half = controls.pop(0)
            feed.control(tick, broken=half == "broken control")
        assert adds_up(feed.join)
    feed.end()
    counts = feed.join.counts
    present = [half for half in halves if half != "none"]
    assert feed.join.waiting == counts.in_bins == len(feed.joined)
    assert counts.dead_lettered == sum(half.startswith("broken") for half in present)
    assert counts.unmatched == sum(half in ("frame", "control") for half in present)
    assert counts.missing == feed.join.seen - len(present)
    assert adds_up(feed.join)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=40), st.integers(1, 8))
def test_a_window_never_holds_a_value_of_the_tick_it_is_asked_for(gaps: list[int], size: int) -> None:
    window: Window[int] = Window(size)
    tick = -1
    for gap in gaps:
        tick += gap
        before = window.before(tick)
        assert before is None or (len(before) == size and all(value < tick for value in before))
        window.push(tick, tick)


def test_a_clash_of_two_drives_is_dead_lettered_and_the_history_begins_anew() -> None:
    feed = Feed()
    feed.both(*range(10))
    feed.frame(10)
    feed.join.add(feed.join.controls, 10, BrokenHalf(clash=True), 10, again=False)
    feed.joined += feed.join.settle()
    feed.both(*range(11, 20))
    assert feed.join.counts.dead_lettered == 1
    assert feed.ticks() == [*range(HISTORY, 10), *range(11 + HISTORY, 20)]
    assert feed.speeds(11 + HISTORY) == list(range(11, 11 + HISTORY))


@given(st.permutations(range(6)), st.booleans())
def test_halves_clash_when_their_times_differ_and_only_then(order: list[int], same: bool) -> None:
    """One half of each of six ticks waits; their partners come, of the same instant or of another one."""
    join, then = RunJoin(HISTORY, 1), now()
    for tick in sorted(order):
        join.add(join.frames, tick, Pointer(tick, then), tick, again=False)
    time = then if same else then + timedelta(microseconds=1)
    for tick in order:
        assert join.clashes(join.controls, join.frames, tick, time) is not same
    assert not join.clashes(join.controls, join.frames, 6, time)
    assert not join.clashes(join.frames, join.controls, 5, time), "a repeat of what waits itself"


@given(st.lists(st.integers(1, 6), min_size=1, max_size=200), st.integers(1, 8))
def test_a_history_is_a_window_of_each_signal(gaps: list[int], size: int) -> None:
    history, window = History(size), Window[int](size)
    tick = -1
    for gap in gaps:
        tick += gap
        before, expected = history.before(tick), window.before(tick)
        assert (before and before[3].tolist()) == (expected and list(expected))
        history.push(tick, control(tick))
        window.push(tick, tick)
        assert history.past[3].tolist() == list(window.values)
        assert len(history) == len(window.values)


@pytest.mark.parametrize("junk", [10 + TICKS_AHEAD, 2**40, LAST_TICK])
def test_a_tick_far_ahead_settles_nothing_and_its_run_goes_on(junk: int) -> None:
    feed = Feed()
    feed.both(*range(10))
    for add in (feed.frame, feed.control):
        with pytest.raises(TooFarAhead, match=f"tick {junk} is {junk - 9} beyond the newest one"):
            add(junk)
    feed.both(*range(10, 20))
    assert feed.ticks() == list(range(HISTORY, 20))
    assert (feed.join.seen, feed.join.counts.missing) == (20, 0)


def test_where_the_next_tick_goes_on_far_ahead_the_run_does() -> None:
    feed = Feed()
    feed.both(*range(10))
    far = 20_000
    with pytest.raises(TooFarAhead):
        feed.frame(far)
    feed.frame(far + 1)
    feed.both(*range(far + 2, far + 10))
    feed.end()
    assert adds_up(feed.join)
    assert feed.ticks() == [*range(HISTORY, 10), *range(far + 2 + HISTORY, far + 10)]


def test_a_run_may_begin_anywhere() -> None:
    feed = Feed()
    feed.both(*range(10**6, 10**6 + 10))
    assert feed.ticks() == list(range(10**6 + HISTORY, 10**6 + 10))


def test_swapped_neighbours_are_joined_while_they_wait() -> None:
    feed = Feed()
    feed.both(*range(10))
    for tick in (11, 10, 13, 12, 12):
        feed.frame(tick)
    for tick in range(10, 14):
        feed.control(tick)
    assert feed.ticks() == list(range(HISTORY, 14))
    assert (feed.join.counts.missing, feed.join.counts.unmatched, feed.join.counts.repeats) == (0, 0, 1)
