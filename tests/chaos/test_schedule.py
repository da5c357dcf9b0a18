"""The schedule of the chaos follows from its seed."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.schedule import Deed, plan


@settings(deadline=None)
@given(st.integers(0, 1_000_000), st.integers(4, 200))
def test_there_are_as_many_kills_as_asked_for_and_something_of_everything(seed: int, kills: int) -> None:
    planned = plan(seed, kills, 4.0)
    acts = planned.acts
    assert sum(act.deed.kills for act in acts) == kills
    assert {act.deed for act in acts} == set(Deed)
    assert all(0 < act.after_s <= 8 for act in acts)
    versions = [planned.version, *(act.version for act in acts if act.deed is Deed.CHANGE_BALANCING)]
    assert sorted(versions) == ["v1", "v2", "v3", "v4"]
    assert planned == plan(seed, kills, 4.0)


def test_of_a_hundred_kills_ten_hit_the_broker() -> None:
    deeds = Counter(act.deed for act in plan(1, 100, 4.0).acts)
    assert deeds[Deed.KILL_BROKER] == 10
    assert deeds[Deed.KILL_COLLECTOR] == 42
    assert plan(1, 100, 4.0) != plan(2, 100, 4.0)
