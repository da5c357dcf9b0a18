from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from charles.label_checks import Driven, FindingKind, findings
from charles.label_checks.run_data import Floats
from charles.pacing import HZ
from tests.label_checks import plants
from tests.label_checks.drives import recorded

GAMES = ("city", "carracing")
NEAR = 5 * HZ
"""Ticks by which the edge of a span may be missed."""
Plant = Callable[[Driven], dict[str, Floats]]
PLANTS: list[tuple[Plant, FindingKind]] = [
    (plants.inverted, FindingKind.STEERING_INVERTED),
    (plants.inverted_pedals, FindingKind.PEDALS_INVERTED),
    (plants.swapped, FindingKind.SWAPPED),
    (plants.late, FindingKind.SHIFTED),
    (plants.early, FindingKind.SHIFTED),
    (plants.constant_throttle, FindingKind.CONSTANT),
    (plants.constant_steering, FindingKind.CONSTANT),
    (plants.saturated, FindingKind.SATURATED),
]
named = pytest.mark.parametrize(("plant", "kind"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
in_both_games = pytest.mark.parametrize("long_run", GAMES, indirect=True)


def kinds(run: Driven) -> set[FindingKind]:
    return {found.kind for found in findings(run)}


@pytest.mark.parametrize("game", GAMES)
def test_good_driving_is_passed_in_silence(game: str, drives: dict[str, list[Driven]]) -> None:
    """Bursts of noise, crashes, respawns and standing included."""
    assert [found for run in drives[game] for found in findings(run)] == []


@pytest.mark.parametrize("game", GAMES)
def test_so_are_the_short_runs_of_collectors_that_change_worlds(game: str) -> None:
    runs = recorded(game, 21, 2)
    assert len(runs) >= 2
    assert [found for run in runs for found in findings(run)] == []


@pytest.mark.parametrize("game", GAMES)
def test_so_is_driving_that_nobody_disturbs(game: str) -> None:
    runs = recorded(game, 31, 1.5, world_minutes=2, disturbed=False)
    assert [found for run in runs for found in findings(run)] == []


@in_both_games
@named
def test_junk_in_a_whole_run_is_named(long_run: Driven, plant: Plant, kind: FindingKind) -> None:
    run = plants.planted(long_run, 0, len(long_run) - 1, **plant(long_run))
    found = [each for each in findings(run) if each.kind is kind]
    assert found
    covered = sum(each.last_tick - each.first_tick for each in found)
    assert covered > 0.7 * len(run)


@in_both_games
@named
def test_a_minute_of_junk_is_named_with_its_span(long_run: Driven, plant: Plant, kind: FindingKind) -> None:
    first = len(long_run) // 3
    last = first + 60 * HZ
    run = plants.planted(long_run, first, last, **plant(long_run))
    found = [each for each in findings(run) if each.kind is kind]
    begins, ends = min(each.first_tick for each in found), max(each.last_tick for each in found)
    assert (begins, ends) == (pytest.approx(run.tick[first], abs=NEAR), pytest.approx(run.tick[last], abs=NEAR))
    assert {(each.collector, each.run) for each in found} == {(run.collector, run.run)}


@in_both_games
@pytest.mark.parametrize("ticks", [-9, -5, 3, 5, 9])
def test_a_shift_is_measured(long_run: Driven, ticks: int) -> None:
    first, last = len(long_run) // 3, len(long_run) - 1
    run = plants.planted(long_run, first, last, **plants.late(long_run, ticks))
    (found,) = findings(run)
    assert found.measure == pytest.approx(ticks, abs=1)
    assert f"too {'late' if ticks > 0 else 'early'}" in found.words


@in_both_games
@pytest.mark.parametrize("ticks", [-40, 20, 55])
def test_so_is_a_shift_of_a_whole_run_by_up_to_two_seconds(long_run: Driven, ticks: int) -> None:
    run = plants.planted(long_run, 0, len(long_run) - 1, **plants.late(long_run, ticks))
    (found,) = findings(run)
    assert found.kind is FindingKind.SHIFTED
    assert found.measure == pytest.approx(ticks, abs=1)


@in_both_games
def test_labels_of_another_moment_explain_nothing(long_run: Driven) -> None:
    run = plants.planted(long_run, 0, len(long_run) - 1, **plants.unrelated(long_run))
    assert FindingKind.STEERING_UNEXPLAINING in kinds(run)


@in_both_games
def test_every_finding_is_one_line(long_run: Driven) -> None:
    for plant, _ in PLANTS:
        for found in findings(plants.planted(long_run, 0, len(long_run) - 1, **plant(long_run))):
            assert found.words
            assert "\n" not in found.words


@in_both_games
def test_lost_ticks_change_no_judgment(long_run: Driven) -> None:
    """A few here and there are bridged; a longer gap parts what is judged."""
    kept = np.ones(len(long_run), bool)
    kept[::90] = False
    kept[1000:1040] = False
    thinned = long_run.rows(np.flatnonzero(kept))
    assert findings(thinned) == []
    late = plants.planted(long_run, 0, len(long_run) - 1, **plants.late(long_run)).rows(np.flatnonzero(kept))
    assert kinds(late) == {FindingKind.SHIFTED}


def test_a_car_that_stands_says_nothing(drives: dict[str, list[Driven]]) -> None:
    run = drives["city"][-1]
    names = ("speed", "yaw_rate", "x", "y", "heading", "steering", "acceleration", "braking")
    still = dict.fromkeys(names, np.zeros(len(run)))
    assert findings(plants.planted(run, 0, len(run) - 1, **still)) == []


def test_a_run_that_is_too_short_has_no_findings(drives: dict[str, list[Driven]]) -> None:
    run = drives["city"][-1]
    for rows in (0, 1, 2, 40):
        assert findings(run.rows(slice(0, rows))) == []
