"""The history of a sample is what was before its tick, and nothing else: in every version, whatever happens."""

from __future__ import annotations

import random
import struct
from collections import defaultdict
from collections.abc import Callable

import pytest

from charles import topics
from charles.balancing.join import SIGNALS
from charles.events import Control, Moment, Sample
from charles.labels.bins import Version, scale_of
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.programs import heard, running
from tests.stream_jobs.balancer.feeding import Feed, Ledgers, Pedals, check_ledger_against_topics, ledgers_until

COLLECTORS = ("one", "two", "three", "four")
RUNS = ("20260101T000000-test", "20260101T000500-test")
TICKS = 700
HISTORY = 10
PER_PEDAL = ["acceleration", "braking", "steering"]
LOCAL = {"commit_seconds": 0.05}
CONFIGS = {
    "v1": {"outputs": PER_PEDAL, "balance": {"leave_out": ["acceleration=1-4 braking=1-4"]}},
    "v2": {"outputs": PER_PEDAL, "balance": {}},
    "v3": {"balance": {"bins": 5}},
    "v4": {"balance": {"bins": 5}},
}


def planted(version: Version, rng: random.Random) -> Pedals:
    """A value that fills every bin now and then, and that hardly ever comes twice where a bin is wider than a point."""
    pedal, steering = scale_of(version, 0, 5), scale_of(version, -1, 5)
    used, turned = (_inside(scale.starts, scale.high, rng) for scale in (pedal, steering))
    return (used, 0.0, turned) if rng.random() < 0.5 else (0.0, used, turned)


def _inside(starts: tuple[float, ...], high: float, rng: random.Random) -> float:
    number = rng.randrange(len(starts))
    end = starts[number + 1] if number + 1 < len(starts) else high
    return starts[number] + rng.random() * (end - starts[number]) * 0.999 if starts[number] else 0.0


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4"])
def test_no_sample_s_history_holds_the_action_of_its_own_tick(kafka: Kafka, feed: Feed, version: Version) -> None:
    config = CONFIGS[version]
    config = config | {"balance": config["balance"] | {"version": version, "history": HISTORY, "silence_seconds": 5.0}}
    steps = [range(start, start + TICKS // 5) for start in range(0, TICKS, TICKS // 5)]

    def send(run: int, step: int) -> None:
        """Each run's speeds say their tick, and which run it is."""
        for collector in COLLECTORS:
            drive = lambda rng: planted(version, rng)  # noqa: E731
            feed.send(collector, steps[step], run=RUNS[run], mark=10_000 * run, drive=drive)

    with running("balance", kafka, config=config, balancer=LOCAL | {"name": "first"}) as first:
        send(0, 0)
        ledgers_until(kafka, all_settled(0, steps[0]))
        with running("balance", kafka, balancer=LOCAL | {"name": "second"}):
            heard(kafka, lambda status: status.instance == "second" and status.state == "running")
            send(0, 1)
            ledgers_until(kafka, all_settled(0, steps[1]))
            send(0, 2)
        send(0, 3)  # the second one is gone, and its partitions go back
        ledgers_until(kafka, all_settled(0, steps[3]))
        first.kill()
        first.wait()
    send(0, 4)
    with running("balance", kafka, balancer=LOCAL | {"name": "first"}):
        send(1, 0)
        ledgers_until(kafka, all_settled(1, steps[0]))
    with running("balance", kafka, balancer=LOCAL | {"name": "first"}):
        for step in range(1, len(steps)):
            send(1, step)
        ledgers_until(kafka, all_settled(1, steps[-1]))

    check_ledger_against_topics(kafka, len(COLLECTORS) * len(RUNS) * TICKS)
    samples = events(kafka, topics.BALANCED, Sample)
    kinds = defaultdict(set)
    for sample in samples:
        assert sample.balancing == version
        check_history(sample, feed.sent)
        kinds[sample.run].add(sample.set_output)
    wanted = {"v1": {"joint"}, "v2": set(PER_PEDAL)}.get(version, {"acceleration_braking", "steering"})
    assert kinds == dict.fromkeys(RUNS, wanted)
    assert len(samples) > 500


def all_settled(run: int, step: range) -> Callable[[Ledgers], bool]:
    def done(found: Ledgers) -> bool:
        return all(
            (collector, RUNS[run]) in found and found[collector, RUNS[run]].settled >= step[-1]
            for collector in COLLECTORS
        )

    return done


def check_history(sample: Sample, sent: dict[Moment, Control]) -> None:
    """It is exactly what was sent of the ticks before, and none of it is of its own tick or a later one."""
    now = sent[sample.moment]
    assert (sample.speed, sample.steering, sample.acceleration) == (now.speed, now.steering, now.acceleration)
    before = [sent[sample.collector, sample.run, tick] for tick in range(sample.tick - HISTORY, sample.tick)]
    for signal in SIGNALS:
        assert list(getattr(sample, f"history_{signal}")) == [single(getattr(past, signal)) for past in before]
    assert max(sample.history_speed) < sample.speed


def single(value: float) -> float:
    """As a float of 32 bits, which a history's values are."""
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found
