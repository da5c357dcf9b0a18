"""What a trainer reads of a recording: every sample in its order, as often as asked for, and again where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from charles.avro.codec import Unreadable
from charles.config import Config
from charles.settings import load
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.offline.recorded_samples import Numbered
from consumers.trainer.offline.recording_feed import RecordedFeed
from consumers.trainer.sample_intake import SampleShape
from tests.consumers.trainer.balanced import HEIGHT, WIDTH, sample

NUMBERS = range(0, 100, 2)
"""As offsets between which the ends of transactions lie."""


class Made:
    """Samples of these numbers. bad: one that cannot be read; breaks: reading fails before this one."""

    def __init__(self, bad: int = -1, breaks: int = -1) -> None:
        self.share = 0.5
        self._bad = bad
        self._breaks = breaks

    def read(self, first: int) -> Iterator[Numbered]:
        for number in NUMBERS:
            if number == self._breaks:
                raise RuntimeError("the disk is gone")
            if number >= first:
                yield number, Unreadable("torn") if number == self._bad else sample(number)

    def picture(self) -> bytes:
        return sample(0).frames[0]


def feed(made: Made, passes: int | None = 1, told: list[str] | None = None) -> RecordedFeed:
    words = [] if told is None else told
    shape = SampleShape.of(load(), (WIDTH, HEIGHT))
    return RecordedFeed(made, shape, lambda what, why: words.append(f"{what}: {why}"), passes, lambda: False)


def buffers(capacity: int = 1_000) -> Buffers:
    return Buffers(tuple(kind.name for kind in Config().set_kinds), capacity, 0.5, 1)


def ticks(into: Buffers) -> list[int]:
    held = [one for buffer in into.by_kind.values() for one in buffer]
    return [one.tick for one in sorted(held, key=lambda one: one.offset)]


def taken(from_feed: RecordedFeed, count: int = 10_000) -> Buffers:
    into = buffers()
    while not from_feed.ended and into.counts.read < count:
        from_feed.take(into, lambda: into.counts.read < count)
    return into


def test_all_samples_come_in_their_order_and_then_the_feed_has_ended() -> None:
    with closing(feed(Made())) as one:
        one.start()
        into = taken(one)
    assert ticks(into) == [number % 500 for number in NUMBERS]
    assert (one.ended, one.share) == (True, 0.5)


def test_in_every_pass_a_sample_has_another_number() -> None:
    with closing(feed(Made(), passes=3)) as one:
        one.start()
        into = taken(one)
    assert ticks(into) == list(NUMBERS) * 3
    assert len({held.offset for buffer in into.by_kind.values() for held in buffer}) == 3 * len(NUMBERS)


def test_without_a_limit_of_passes_it_never_ends() -> None:
    with closing(feed(Made(), passes=None)) as one:
        one.start()
        assert taken(one, 500).counts.read == 500
        assert not one.ended


@pytest.mark.parametrize("stopped_after", [0, 1, 49, 50, 51, 77])
def test_what_was_held_is_read_again_and_the_rest_follows(stopped_after: int) -> None:
    with closing(feed(Made(), passes=2)) as one:
        one.start()
        before = taken(one, stopped_after) if stopped_after else buffers()
    held = {held.offset for buffer in before.by_kind.values() for held in buffer if held.tick % 3 == 0}
    with closing(feed(Made(), passes=2)) as other:
        other.position = one.position
        found = other.refill(held, min(held, default=other.position), lambda _: True)
        other.start()
        after = taken(other)
    assert {number: again.tick for number, again in found.items() if isinstance(again, BufferedSample)} == {
        each.offset: each.tick for buffer in before.by_kind.values() for each in buffer if each.offset in held
    }
    assert ticks(before) + ticks(after) == list(NUMBERS) * 2


def test_what_cannot_be_read_is_counted_and_told() -> None:
    told: list[str] = []
    with closing(feed(Made(bad=6), told=told)) as one:
        one.start()
        into = taken(one)
    assert (into.counts.read, into.counts.rejected, into.buffered) == (len(NUMBERS), 1, len(NUMBERS) - 1)
    assert told == ["sample 6: torn"]


def test_what_goes_wrong_with_reading_is_raised_where_the_samples_are_taken() -> None:
    with closing(feed(Made(breaks=40))) as one:
        one.start()
        with pytest.raises(RuntimeError, match="the disk is gone"):
            taken(one)
