"""The judge of the chaos finds what must not be: a run is balanced by hand, rightly, and then one thing goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from charles.config import Config
from charles.events import RunLedger, Sample, now
from tests.chaos import judging, moments
from tests.chaos.acknowledged import CONTROL, FRAME
from tests.chaos.evidence import Evidence, Raw
from tests.chaos.recount import HISTORY, SIGNALS, Past, expected

RUN = ("collector-1", "0001-0000")
CONFIG = Config.model_validate({"outputs": ["steering"], "balance": {"bins": 5}})
EPOCH = 4
TICKS = 300


def sample(tick: int, past: Past) -> Sample:
    planted = moments.values(*RUN, tick)
    histories: dict[str, Any] = dict(
        zip([f"history_{signal}" for signal in SIGNALS], past.before(tick).tolist(), strict=True)
    )
    values: dict[str, Any] = {signal: getattr(planted, signal) for signal in SIGNALS}
    made = Sample(
        collector=RUN[0],
        run=RUN[1],
        tick=tick,
        time=now(),
        set_id="",
        set_output="steering",
        set_bin=-1,
        frames=[moments.picture(*RUN, tick)],
        epoch=EPOCH,
        balancing="v3",
        **values,
        **histories,
    )
    (output,) = CONFIG.predicted
    return replace(made, set_bin=output.scale.bin_of(made.steering))


def one_set(raw: Raw, past: Past) -> list[Sample]:
    whole = [sample(tick, past) for tick in sorted(expected(raw, past).whole)]
    return [replace(next(each for each in whole if each.set_bin == index), set_id="s") for index in range(5)]


def ledger(raw: Raw, past: Past, emitted: int) -> RunLedger:
    """One that adds up; what was not emitted was surplus."""
    right = expected(raw, past)
    counts = {
        "seen": right.seen,
        "settled": right.seen - 1,
        "warm_up": right.warm_up,
        "emitted": emitted,
        "surplus": len(right.whole) - emitted,
        "unmatched": right.unmatched,
        "dead_lettered": right.dead_lettered,
        "missing": right.missing,
    }
    empty: dict[str, Any] = {
        field.name: {"list": [], "dict": {}}.get(str(field.type).partition("[")[0], 0) for field in fields(RunLedger)
    }
    return RunLedger(**empty | {"collector": RUN[0], "run": RUN[1], "time": now()} | counts)


@pytest.fixture
def raw() -> Raw:
    """Frames and controls of a run of which tick 100 has no control, tick 110 a frame that cannot be read, and tick 120
    nothing."""
    ticks = set(range(TICKS)) - {120}
    return Raw(frames=set(ticks), controls=ticks - {100}, broken={110})


@pytest.fixture
def past(raw: Raw) -> Past:
    return Past(RUN, raw.controls)


@pytest.fixture
def samples(raw: Raw, past: Past) -> list[Sample]:
    return one_set(raw, past)


@pytest.fixture
def evidence(raw: Raw, past: Past) -> Evidence:
    return Evidence({RUN: raw}, {RUN: ledger(raw, past, 5)}, Counter(), Counter({(*RUN, 110): 1}), {EPOCH: CONFIG})


def broken_promises(evidence: Evidence, samples: list[Sample], gone: int | None = None) -> set[str]:
    """gone: the control of this tick was acknowledged too."""
    halves = [(half, (*RUN, 50)) for half in (FRAME, CONTROL)]
    halves += [(CONTROL, (*RUN, gone))] if gone is not None else []
    verdict = judging.judge(evidence, samples, halves)
    assert verdict.acknowledged == 1
    return {promise for promise, kept, _ in verdict.lines() if not kept}


def test_what_is_right_passes(evidence: Evidence, samples: list[Sample]) -> None:
    assert broken_promises(evidence, samples) == set()


def test_the_history_repeats_the_last_control_over_a_small_gap(past: Past) -> None:
    assert past.before(121)[SIGNALS.index("speed")].tolist() == [*range(61, 100), 99, *range(101, 120), 119]


def test_a_history_that_ends_at_its_own_tick_is_found(evidence: Evidence, samples: list[Sample]) -> None:
    first = samples[0]
    leaked = [*first.history_steering[1:], first.steering]
    assert broken_promises(evidence, [replace(first, history_steering=leaked), *samples[1:]]) == {judging.HISTORIES}


def test_a_history_of_another_run_is_found(evidence: Evidence, samples: list[Sample], raw: Raw) -> None:
    other = Past((RUN[0], "0001-0001"), raw.controls).before(samples[2].tick)
    mixed = replace(samples[2], history_purpose_distance=other[SIGNALS.index("purpose_distance")].tolist())
    assert broken_promises(evidence, [*samples[:2], mixed, *samples[3:]]) == {judging.HISTORIES}


def test_a_sample_too_early_for_a_history_is_found(evidence: Evidence, samples: list[Sample]) -> None:
    assert judging.HISTORIES in broken_promises(evidence, [replace(samples[0], tick=HISTORY - 1), *samples[1:]])


@pytest.mark.parametrize(
    ("damaged", "problem"),
    [
        (lambda picture: picture[:500] + picture[600:], "is torn"),
        (lambda picture: picture[:500] + bytes(524), "is torn"),
        (lambda _picture: b"", "is torn"),
        (lambda _picture: moments.picture(*RUN, 7), "is the one of collector-1 0001-0000 7"),
    ],
)
def test_a_picture_that_is_torn_or_another_ticks_is_found(
    evidence: Evidence, samples: list[Sample], damaged: Callable[[bytes], bytes], problem: str
) -> None:
    picture = damaged(samples[0].frames[0])
    assert moments.strange(picture, samples[0].moment) == problem
    assert broken_promises(evidence, [replace(samples[0], frames=[picture]), *samples[1:]]) == {judging.PICTURES}


def test_a_sample_that_comes_twice_is_found(evidence: Evidence, samples: list[Sample]) -> None:
    assert broken_promises(evidence, [*samples, samples[0]]) == {judging.NO_SAMPLE_TWICE, judging.SETS}
    again = [replace(each, set_id="t") for each in samples]
    assert broken_promises(evidence, samples + again) == {judging.NO_SAMPLE_TWICE}


def test_labels_of_another_tick_and_broken_sets_are_found(evidence: Evidence, samples: list[Sample]) -> None:
    odd = replace(samples[0], speed=samples[0].speed + 1)
    assert broken_promises(evidence, [odd, *samples[1:]]) == {judging.LABELS}
    assert judging.SETS in broken_promises(evidence, samples[:-1])
    assert judging.SETS in broken_promises(evidence, [replace(samples[0], set_bin=1), *samples[1:]])
    assert judging.SETS in broken_promises(evidence, [replace(each, balancing="v1") for each in samples])
    assert judging.SETS in broken_promises(evidence, [replace(samples[0], epoch=3), *samples[1:]])
    assert judging.SETS in broken_promises(evidence, [samples[1], samples[0], *samples[2:]])


def test_a_lost_sample_is_found(evidence: Evidence) -> None:
    assert broken_promises(evidence, []) == {judging.RECOUNTED}


@pytest.mark.parametrize("term", ["warm_up", "surplus", "unmatched", "dead_lettered", "missing"])
def test_a_ledger_that_adds_up_and_is_wrong_all_the_same_is_found(
    evidence: Evidence, samples: list[Sample], term: str
) -> None:
    right = evidence.ledgers[RUN]
    other = "surplus" if term != "surplus" else "warm_up"
    moved: dict[str, Any] = {term: getattr(right, term) + 1, other: getattr(right, other) - 1}
    evidence.ledgers[RUN] = replace(right, **moved)
    assert broken_promises(evidence, samples) == {judging.RECOUNTED}


def test_a_ledger_that_does_not_add_up_or_is_not_there_is_found(evidence: Evidence, samples: list[Sample]) -> None:
    evidence.ledgers[RUN] = replace(evidence.ledgers[RUN], warm_up=0)
    assert broken_promises(evidence, samples) == {judging.ADDS_UP, judging.RECOUNTED}
    del evidence.ledgers[RUN]
    assert broken_promises(evidence, samples) == {judging.RECOUNTED, judging.ACKNOWLEDGED}


def test_an_acknowledged_half_that_is_gone_is_found(evidence: Evidence, samples: list[Sample]) -> None:
    assert broken_promises(evidence, samples, gone=100) == {judging.ACKNOWLEDGED}


def test_a_dead_letter_too_many_or_too_few_is_found(evidence: Evidence, samples: list[Sample]) -> None:
    for letters in (Counter({(*RUN, 110): 2}), Counter()):
        assert broken_promises(replace(evidence, dead_letters=letters), samples) == {judging.DEAD_LETTERS}


def test_a_tick_that_was_emitted_and_waits_is_found(evidence: Evidence, samples: list[Sample]) -> None:
    right = evidence.ledgers[RUN]
    evidence.ledgers[RUN] = replace(right, in_bins=1, surplus=right.surplus - 1)
    evidence.waiting[samples[0].moment] += 1
    assert broken_promises(evidence, samples) == {judging.RECOUNTED}
