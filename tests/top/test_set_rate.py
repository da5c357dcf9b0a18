"""How long a set takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from charles.top.set_rate import SetPace, held_up, sets_by_kind
from tests.top.pipeline import status

START = datetime(2030, 1, 1, tzinfo=UTC)


def told(*marks: tuple[float, int]) -> str:
    """What is said after these counts, each at so many seconds."""
    pace = SetPace()
    for second, sets in marks:
        pace.take(sets, START + timedelta(seconds=second))
    return pace.words()


def test_the_pace_is_that_of_the_last_two_minutes() -> None:
    assert told((0, 0), (400, 1000), (430, 1002), (460, 1005)) == "a set every 12 s"


def test_fast_sets_are_told_more_finely() -> None:
    assert told((0, 0), (10, 8)) == "a set every 1.2 s"


def test_where_none_comes_it_says_for_how_long_it_has_looked() -> None:
    assert told((0, 7), (20, 7), (40, 7)) == "no set for 40 s"


def test_a_balancer_that_starts_over_counts_anew() -> None:
    assert told((0, 500), (60, 505), (61, 0), (71, 1)) == "a set every 10 s"


def test_one_heartbeat_says_nothing_yet() -> None:
    assert told((0, 5)) == ""


def test_what_holds_up_a_kind_of_set_is_the_first_of_its_starving_bins() -> None:
    figures = {"sets": 5, "sets_steering": 2, "sets_acceleration": 3, "scarcest_steering": 0.004}
    balancer = status(
        "balancer", figures=figures, starving=["acceleration 1", "steering:delta +0.3", "steering:delta 0"]
    )
    assert sets_by_kind(balancer) == {"steering": 2, "acceleration": 3}
    assert held_up(balancer, "steering") == "held up by +0.3 (0.4 % of the ticks)"
    assert held_up(balancer, "braking") == ""


def test_a_combination_is_named_whole() -> None:
    balancer = status("balancer", starving=["acceleration 0 braking 1 steering -1"], figures={"sets_joint": 1})
    assert held_up(balancer, "joint") == "held up by acceleration 0 braking 1 steering -1 (0 % of the ticks)"
