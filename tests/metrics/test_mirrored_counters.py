"""Counters that follow counts which others keep."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from charles.metrics.mirrored_counters import MirroredCounters


def test_a_counter_rises_as_the_count_does_and_never_falls() -> None:
    registry = CollectorRegistry()
    counter, following = Counter("ticks", "Ticks.", registry=registry), MirroredCounters()
    seen = []
    for count in (3, 3, 5, 1, 4):  # it began anew after 5
        following.to(counter, count)
        seen.append(registry.get_sample_value("ticks_total"))
    assert seen == [3, 3, 5, 6, 9]


def test_each_set_of_labels_and_each_counter_is_followed_by_itself() -> None:
    registry, following = CollectorRegistry(), MirroredCounters()
    ticks = Counter("ticks", "Ticks.", ("collector",), registry=registry)
    sets = Counter("sets", "Sets.", ("collector",), registry=registry)
    following.to(ticks, 5, "one")
    following.to(ticks, 2, "two")
    following.to(sets, 1, "one")
    following.to(ticks, 6, "one")
    assert registry.get_sample_value("ticks_total", {"collector": "one"}) == 6
    assert registry.get_sample_value("ticks_total", {"collector": "two"}) == 2
    assert registry.get_sample_value("sets_total", {"collector": "one"}) == 1
