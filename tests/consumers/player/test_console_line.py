"""What the player prints, measures, and counts as one run."""

from __future__ import annotations

import io

import pytest

from charles.config import Unstuck
from charles.games.game import Action, Axis, Controller, Observation, Picture, Telemetry
from charles.pacing import Rate
from consumers.player.console_line import ConsoleLine, line
from consumers.player.run import PlayerRun, TickTiming

UNSTUCK = Unstuck(distance=2.0, seconds=1.0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at(x: float, over: bool = False) -> Observation:
    return Observation(Picture, Telemetry(1.0, 0.0, x, 0.0, 0.0, 0.0, 0.0), over=over)  # type: ignore[arg-type]


def test_the_line_is_the_originals_controller_then_raw_prediction() -> None:
    axis = Axis(offset=0.25, positive=0.75, negative=0.75)
    raw = Action(steering=-0.0593, acceleration_braking=0.4146)
    controller = Controller(axis.to_controller(raw.steering), axis.to_controller(raw.acceleration_braking))
    expected = "acc/brk: 0.5610(0.4146) str: -0.2945(-0.0593) FPS: 30.0 PPS: 812"
    assert line(controller, raw, 30.04, 812.3) == expected


def test_a_terminal_s_line_is_rewritten_and_a_log_s_is_not_repeated_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    terminal, file = Terminal(), io.StringIO()
    for out in (terminal, file):
        console = ConsoleLine(out)
        for _ in range(3):
            console.show(Controller(0.0, 0.0), Action(0.0, 0.0), Rate(), TickTiming())
    assert terminal.getvalue().startswith("\racc")
    assert terminal.getvalue().count("acc") == 1
    assert file.getvalue() == ""
    assert [record.getMessage()[:3] for record in caplog.records] == ["acc"]


def test_a_run_ends_when_the_game_is_over_or_the_car_is_stuck() -> None:
    run = PlayerRun(at(0.0), UNSTUCK)
    assert not any(run.ends(at(float(x))) for x in range(100))
    assert run.metres == 99
    stands = [run.ends(at(99.0)) for _ in range(31)]
    assert stands.index(True) == pytest.approx(29, abs=1)
    assert PlayerRun(at(0.0), UNSTUCK).ends(at(1.0, over=True))
    assert PlayerRun(at(0.0), UNSTUCK).id < PlayerRun(at(0.0), UNSTUCK).id


def test_the_delay_is_in_whole_ticks_of_30_hz() -> None:
    timing = TickTiming()
    for _ in range(99):
        timing.add(0.002)
    timing.add(0.5)
    assert timing.figures()["delay_ticks"] == 0
    for _ in range(20):
        timing.add(0.040)
    assert timing.figures()["delay_ticks"] == 1
    assert timing.figures()["predict_ms_p50"] == pytest.approx(2)
