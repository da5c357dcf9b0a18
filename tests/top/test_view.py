"""What the live view shows, and that it fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console, RenderableType
from rich.text import Text

from charles.control.members import Incident, Member
from charles.events import DeadLetter, now
from charles.settings import Kafka
from charles.top.pipeline_view import PipelineSight, PipelineView
from charles.top.view import plain_line, screen, sentence, view
from tests.top.pipeline import died, ledger, member, sight, trainer

BALANCER = member(
    "balancer",
    note="rarest bins steering [-1, -0.9): 0",
    starving=["acceleration_braking [-0.8, -0.7)", "steering [-1, -0.9)"],
    lag=42,
    figures={
        "sets": 7,
        "sets_acceleration_braking": 3,
        "sets_steering": 4,
        "scarcest_acceleration_braking": 0.015,
        "scarcest_steering": 0.011,
    },
)
PACE = {"balancer-1": {"acceleration_braking": "a set every 12 s", "steering": "a set every 8.1 s"}}
PLAYER = member("player", model="pilot", batch=300, note="drives with batch 300", figures={"age_s": 12.0})
LETTER = DeadLetter("charles.frames", 0, 1, now(), "a picture of 0 bytes", "balancer", None, {}, b"", 1, "00")
EVERYTHING = sight(
    member("collector", figures={"late": 3}),
    member("collector", 2),
    BALANCER,
    trainer(),
    PLAYER,
    member("supervisor", note="5 of 5 programs run"),
    ledgers=[ledger(surplus=400, emitted=600), ledger("collector-2", 2000)],
    losses={"pilot": [1 / batch for batch in range(1, 500)]},
    pace=PACE,
    dead_letters=[LETTER],
    incidents=[
        died(f"exit code -9, {time} batches; the last line of a log may be long: {'x ' * 60}") for time in range(9)
    ],
)


def drawn(shown: RenderableType, width: int = 160, height: int = 60) -> str:
    console = Console(width=width, height=height, force_terminal=True, color_system=None, file=StringIO())
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


def lines(seen: PipelineSight, width: int = 160, height: int = 60) -> list[str]:
    return drawn(screen(seen), width, height).splitlines()


def row(seen: PipelineSight, name: str, width: int = 160) -> str:
    """The line of a program in the table, which is the first that names it."""
    return next(line for line in lines(seen, width) if name in line)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 25), (100, 30), (120, 24), (140, 45), (220, 60)])
def test_everything_fits_into_a_terminal(width: int, height: int) -> None:
    found = lines(EVERYTHING, width, height)
    assert len(found) <= height
    assert max(map(len, found)) <= width
    text = "\n".join(found)
    for word in ("collector-2", "player-1", "died", "loss 0.0312", "a set every 12 s", "dead letters", "adds up"):
        assert word in text


def test_a_terminal_with_room_has_frames_and_a_small_one_has_none() -> None:
    assert "╭" in "".join(lines(EVERYTHING, 80, 50))
    assert "╭" not in "".join(lines(EVERYTHING, 80, 24))


def test_on_a_terminal_that_is_much_too_small_what_broke_comes_before_what_is_fine() -> None:
    text = "\n".join(lines(EVERYTHING, 80, 12))
    assert text.index("exit code -9") < text.index("learning") < text.index("adds up")


def test_a_crash_is_seen_with_its_last_error_line() -> None:
    dead = member(state="died", note="exit code 1: ModuleNotFoundError: no module named gymnasium")
    found = row(sight(dead), "collector-1")
    assert "● died" in found
    assert "ModuleNotFoundError" in found
    assert "30.0/s" not in found


def test_a_silent_program_is_said_to_be_silent_and_for_how_long() -> None:
    assert "● silent 3 s" in row(sight(member(ago_s=3.1)), "collector-1")
    assert "● running" in row(sight(member(ago_s=1.5)), "collector-1")
    assert "● starting" in row(sight(member(ago_s=15, state="starting")), "collector-1")


def test_what_stopped_as_it_should_is_soon_forgotten_but_not_what_died() -> None:
    found = "\n".join(lines(sight(member(ago_s=30, state="stopped"), member("player", ago_s=30, state="died"))))
    assert "collector-1" not in found
    assert "player-1" in found


def test_two_processes_of_one_name_are_told() -> None:
    one = member()
    other = ("there", 200), (one.heard - timedelta(seconds=2), one.heard)
    twice = replace(one, lives={("here", 101): (one.heard - timedelta(seconds=3), one.heard), other[0]: other[1]})
    assert "2 processes run under this name: 101 on here, 200 on there" in row(sight(twice), "collector-1")


def test_a_program_of_another_version_says_so() -> None:
    found = row(sight(member(), member(number=2), member("player", version="0.1.9")), "player-1")
    assert "version 0.1.9, others 0.2.0" in found


def test_who_drives_with_which_checkpoint_and_how_old_it_is() -> None:
    assert "300 published, player-1 drives with 300 (12 s old)" in "\n".join(lines(EVERYTHING))


def test_why_a_set_takes_long() -> None:
    text = "\n".join(lines(EVERYTHING))
    assert "acceleration_braking: a set every 12 s, held up by [-0.8, -0.7) (1.5 % of the ticks)" in text
    assert "steering: a set every 8.1 s, held up by [-1, -0.9) (1.1 % of the ticks)" in text


def test_a_balancer_whose_ledger_does_not_add_up_says_so_in_red() -> None:
    broken = member("balancer", figures={"broken_ledgers": 2})
    assert "2 LEDGERS DO NOT ADD UP" in row(sight(broken), "balancer-1")


def test_what_has_ended_neither_learns_nor_drives_nor_holds_anything_up() -> None:
    ended = [replace(one, status=replace(one.status, state="stopped")) for one in (BALANCER, trainer(), PLAYER)]
    text = "\n".join(lines(sight(*ended, pace=PACE)))
    assert "no trainer is running" in text
    for word in ("checkpoint", "drives with 300 (", "a set every"):
        assert word not in text


def test_a_ledger_that_does_not_add_up_cannot_be_overlooked() -> None:
    for width in (80, 160):
        assert "DOES NOT ADD UP" in "\n".join(lines(sight(trainer(), ledgers=[ledger(surplus=1)]), width))


def test_a_broker_that_is_away_is_said_to_be_away() -> None:
    away = sight(member(), away_s=12.3)
    assert "the broker has not answered for 12 s" in lines(away, 80)[0]
    assert "the broker has not answered for 12 s" in sentence(away)


def test_what_programs_say_is_shown_as_they_say_it() -> None:
    said = "KeyError: [/b] [red]x"
    for seen in (sight(member(state="failed", note=said)), sight(incidents=[died(said)])):
        assert said in "\n".join(lines(seen))


def test_it_is_told_what_happened_and_when() -> None:
    at = now().astimezone()
    restarted = Incident(at, "player-1", "restarted", "process 5 before, 6 now, without a shutdown message")
    assert f"{at:%H:%M:%S} player-1 restarted: process 5 before" in "\n".join(lines(sight(incidents=[restarted])))


def test_one_line_says_the_most_important_of_each_program() -> None:
    silent = member("collector", 2, ago_s=4.2)
    line = sentence(sight(member(), silent, trainer(), PLAYER))
    assert "\n" not in line
    assert "| collector-1 30.0/s | collector-2 silent 4 s | trainer-1 batch number: 321 steering: 60/84 loss" in line


def members_of(*names: str) -> list[Member]:
    return [member(name.rpartition("-")[0], int(name.rpartition("-")[2])) for name in names]


def test_programs_stand_in_the_order_of_the_pipeline() -> None:
    found = "\n".join(lines(sight(*members_of("player-1", "trainer-1", "collector-2", "balancer-1", "collector-1"))))
    order = [found.index(name) for name in ("collector-1", "collector-2", "balancer-1", "trainer-1", "player-1")]
    assert order == sorted(order)


def test_an_empty_cluster_says_what_to_do(kafka: Kafka) -> None:
    watch = PipelineView(kafka)
    head = Text("four minutes to go")
    found = drawn(view(watch, head=head, news=["the broker died and is back"]))
    assert found.startswith("four minutes to go")
    assert "the broker died and is back" in found
    assert "charles demo" in found
    assert "no program is running" in plain_line(watch)
    watch.close()
