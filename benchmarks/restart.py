"""A balancer that is killed and started again, while samples wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace
from benchmarks.waiting import SAMPLES, WaitingFeed, balancer, in_bins, seconds_to_first_sample, until


@contextmanager
def restart(place: BenchPlace) -> Iterator[Contest]:
    """Seconds from kill -9, with the next process started at once, to the first sample."""

    def ours() -> Figures:
        kafka, samples = place.cluster(), place.count(SAMPLES)
        feed = WaitingFeed(kafka)
        feed.fill(samples)
        with balancer(kafka, 1) as killed, ExitStack() as stack:
            until(lambda: in_bins(kafka) == samples, "all samples wait")

            def kill_and_start() -> None:
                killed.kill()
                killed.wait()
                stack.enter_context(balancer(kafka, 1))

            return seconds_to_first_sample(kafka, feed, kill_and_start)

    yield Contest(ours, None)
