"""When runs and worlds begin. Without a broker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from charles.config import Collect, Config
from charles.events import now
from charles.games.game import Observation
from producers.collector.drive_session import CRASH_PATIENCE_S, DriveSession
from tests.producers.collector.tiny_game import Script, TinyGame, standing

WHOLE_WORLD = 120.0


def drive_on(
    script: Script, ticks: int, world_minutes: float = WHOLE_WORLD
) -> tuple[list[tuple[str, int]], list[TinyGame], DriveSession]:
    """(run, tick) of every tick, the games that were opened, and the drive."""
    games: list[TinyGame] = []

    def open_game(seed: int) -> TinyGame:
        games.append(TinyGame(seed, script))
        return games[-1]

    drive = DriveSession(open_game, 40, Config(collect=Collect(world_minutes=world_minutes)))
    moments = []
    for _ in range(ticks):
        drive.observe()
        moments.append((drive.run, drive.tick))
        drive.game.act(drive.game.mapping.to_controller(drive.game.drive()))
        drive.advance()
    return moments, games, drive


def ticks_of_runs(moments: list[tuple[str, int]]) -> list[list[int]]:
    runs = list(dict.fromkeys(run for run, _ in moments))
    assert runs == sorted(runs)
    return [[tick for of, tick in moments if of == run] for run in runs]


def test_a_new_run_begins_at_tick_0_where_the_game_is_over() -> None:
    moments, games, _ = drive_on(lambda tick, seen: replace(seen, over=tick == 100), 250)
    assert ticks_of_runs(moments) == [list(range(100)), list(range(150))]
    assert games[0].respawns == [100]


def test_a_new_world_is_the_next_seed_and_a_new_run() -> None:
    moments, games, drive = drive_on(lambda _, seen: seen, 200, world_minutes=90 / 1800)
    assert [game.seed for game in games] == [40, 41, 42]
    assert [game.closed for game in games] == [True, True, False]
    assert ticks_of_runs(moments) == [list(range(90)), list(range(90)), list(range(20))]
    assert drive.runs == 3


def test_a_car_that_stands_for_five_seconds_is_put_somewhere_else() -> None:
    _, games, drive = drive_on(lambda tick, seen: standing(seen) if tick < 200 else seen, 400)
    assert games[0].respawns == [150]
    assert drive.crashes == 0


def test_a_car_that_crashed_and_does_not_get_away_has_less_time() -> None:
    def script(tick: int, seen: Observation) -> Observation:
        return replace(standing(seen, x=33), crashed=tick % 2 == 0) if 100 <= tick < 300 else seen

    _, games, drive = drive_on(script, 101 + round(CRASH_PATIENCE_S * 30))
    assert games[0].respawns == [100 + round(CRASH_PATIENCE_S * 30)]
    assert drive.crashes == 1


def test_a_car_that_crashed_and_drives_on_is_left_alone() -> None:
    _, games, drive = drive_on(lambda tick, seen: replace(seen, crashed=tick in (50, 200)), 400)
    assert games[0].respawns == []
    assert drive.crashes == 2


def test_run_names_are_unique_and_sort_by_time() -> None:
    moments, _, _ = drive_on(lambda _, seen: replace(seen, over=True), 500)
    runs = [run for run, _ in moments]
    assert len(set(runs)) == 500
    assert runs == sorted(runs)


def test_a_clock_that_is_set_back_confuses_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    set_back = iter([*[timedelta()] * 3, *[timedelta(hours=1)] * 3, *[timedelta(days=400)] * 1000])
    monkeypatch.setattr("producers.collector.drive_session.now", lambda: now() - next(set_back))
    moments, _, _ = drive_on(lambda tick, seen: replace(seen, over=tick % 50 == 49), 400)
    runs = ticks_of_runs(moments)  # which sees to it that later ones sort after earlier ones
    assert len(runs) == 9
    assert all(ticks == list(range(len(ticks))) for ticks in runs)
