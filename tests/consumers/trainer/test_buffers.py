"""The buffers: never above their capacity, no sample drawn too often, and every sample accounted for."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.trainer.buffers import BufferedSample, Buffers

OUTPUTS = ("acceleration_braking", "steering")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(OUTPUTS)),
        st.tuples(st.just("draw"), st.integers(1, 3)),
        st.tuples(st.just("expire"), st.integers(0, 60)),
        st.tuples(st.just("bad"), st.integers(0, 5)),
        st.tuples(st.just("unreadable"), st.none()),
    ),
    max_size=120,
)


def held(offset: int, output: str, uses: int) -> BufferedSample:
    return BufferedSample(offset, "collector-1", "run", offset, (b"jpeg",), (0.0, 0.0, 0.0), (0.0, 0.0), output, uses)


@given(steps, st.integers(1, 8), st.integers(1, 3), st.integers(0, 9))
@settings(deadline=None, max_examples=300)
def test_every_sample_that_came_is_in_exactly_one_count(
    steps: list[tuple[str, object]], capacity: int, uses: int, seed: int
) -> None:
    buffers = Buffers(OUTPUTS, capacity, 0.5, uses)
    rng = np.random.default_rng(seed)
    drawn: Counter[int] = Counter()
    batch: list[BufferedSample] = []
    for offset, (what, argument) in enumerate(steps):
        if what == "add":
            buffers.add(held(offset, str(argument), uses))
        elif what == "unreadable":
            buffers.reject_unread()
        elif what == "expire":
            buffers.expire(int(str(argument)))
        elif what == "draw" and all(len(b) >= int(str(argument)) for b in buffers.by_kind.values()):
            batch = buffers.draw(int(str(argument)), rng)
            assert len({sample.offset for sample in batch}) == len(batch)
            drawn.update(sample.offset for sample in batch)
        elif what == "bad" and batch:
            bad = batch[int(str(argument)) % len(batch)]
            other = buffers.draw_instead(bad, batch, rng)
            if other is not None:
                assert other not in batch
                assert other.kind == bad.kind
                drawn[other.offset] += 1
        counts = buffers.counts
        assert counts.read == counts.rejected + counts.expired + counts.surplus + counts.drawn + buffers.buffered
        assert all(len(buffer) <= capacity for buffer in buffers.by_kind.values())
    assert not drawn or max(drawn.values()) <= uses


def test_a_full_buffer_loses_its_oldest() -> None:
    buffers = Buffers(OUTPUTS, 2, 1.0, 1)
    for offset in range(3):
        buffers.add(held(offset, "steering", 1))
    assert [sample.offset for sample in buffers.by_kind["steering"]] == [1, 2]
    assert buffers.counts.surplus == 1


def test_drawing_begins_when_all_are_full_and_goes_on_while_they_are_full_enough() -> None:
    buffers = Buffers(OUTPUTS, 10, 0.8, 1)
    rng = np.random.default_rng(1)
    for offset in range(19):
        buffers.add(held(offset, OUTPUTS[offset % 2], 1))
        assert not buffers.ready
    buffers.add(held(19, OUTPUTS[1], 1))
    assert buffers.ready
    buffers.draw(2, rng)
    assert buffers.ready
    buffers.draw(1, rng)
    assert not buffers.ready
    for offset in (20, 21):
        buffers.add(held(offset, OUTPUTS[offset % 2], 1))
    assert buffers.ready


@given(st.integers(0, 99), st.lists(st.integers(0, 1), min_size=12, max_size=40))
def test_a_restored_buffer_draws_what_the_lost_one_would_have_drawn(seed: int, outputs: list[int]) -> None:
    def fresh() -> Buffers:
        return Buffers(OUTPUTS, 5, 0.5, 2)

    first = fresh()
    for offset, output in enumerate(outputs):
        first.add(held(offset, OUTPUTS[output], 2))
        if all(first.by_kind.values()) and all(len(buffer) > 2 for buffer in first.by_kind.values()):
            first.draw(1, np.random.default_rng(offset))
    second = fresh()
    for name, buffer in first.by_kind.items():
        copies = [held(sample.offset, name, sample.remaining) for sample in buffer]
        second.restore(name, copies)
    each = min(len(buffer) for buffer in first.by_kind.values())
    one, other = first.draw(each, np.random.default_rng(seed)), second.draw(each, np.random.default_rng(seed))
    assert [sample.offset for sample in one] == [sample.offset for sample in other]
    for name in OUTPUTS:
        oldest, restored = first.by_kind[name].oldest, second.by_kind[name].oldest
        assert (oldest and oldest.offset) == (restored and restored.offset)


def test_what_the_log_has_lost_is_expired_and_what_no_longer_fits_is_surplus() -> None:
    buffers = Buffers(OUTPUTS, 2, 0.5, 1)
    buffers.restore("steering", [held(4, "steering", 1), None, held(2, "steering", 1), held(3, "steering", 1)])
    assert [sample.offset for sample in buffers.by_kind["steering"]] == [4, 3]
    assert (buffers.counts.expired, buffers.counts.surplus) == (1, 1)
