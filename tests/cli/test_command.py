"""`charles command`, with programs that obey."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from charles import topics
from charles.cli import app
from charles.control.link import VERBS
from charles.programs import BY_HAND, NAMES
from charles.settings import Kafka
from tests.cli.commands import charles, environment
from tests.patience import PATIENCE_S
from tests.programs import heard, running
from tests.top.pipeline import publish, status


def state(kafka: Kafka, wanted: str, pid: int = 0) -> None:
    heard(kafka, lambda status: status.state == wanted and pid in (0, status.pid))


def test_a_program_pauses_goes_on_starts_over_and_stops(kafka: Kafka) -> None:
    with running("balance", kafka) as process:
        state(kafka, "running")
        for target, verb, then in (
            ("balancer-1", "pause", "paused"),
            ("balancer", "resume", "running"),
            ("all", "reload", "starting over"),
        ):
            told = charles(kafka, "command", target, verb)
            assert (told.returncode, told.stdout) == (0, "balancer-1: done\n")
            state(kafka, then)
        told = charles(kafka, "command", "balancer", "stop")
        assert (told.returncode, told.stdout) == (0, "balancer-1: done: stopping\n")
        assert process.wait(PATIENCE_S) == 0


def test_a_command_that_a_program_does_not_know_is_refused(kafka: Kafka) -> None:
    with running("balance", kafka):
        state(kafka, "running")
        told = charles(kafka, "command", "balancer-1", "checkpoint", "--json")
    (answer,) = json.loads(told.stdout)
    assert told.returncode == 1
    assert answer["outcome"] == "refused: a balancer accepts only pause, resume, reload, stop"
    assert not answer["done"]


@pytest.mark.slow
def test_what_cannot_be_done_before_the_deadline_has_failed(kafka: Kafka) -> None:
    with running("collect", kafka, {"game": "carracing"}):
        state(kafka, "running")
        assert charles(kafka, "command", "collector-1", "pause").returncode == 0
        late = charles(kafka, "command", "collector-1", "unstuck", "--deadline", "5")
        assert charles(kafka, "command", "collector-1", "resume").returncode == 0
        done = charles(kafka, "command", "collector-1", "unstuck")
    assert (late.returncode, late.stdout) == (1, "collector-1: failed: it could not be done in time\n")
    assert (done.returncode, done.stdout) == (0, "collector-1: done\n")


@pytest.mark.skipif(sys.platform == "win32", reason="it cannot hold a process")
def test_a_program_that_hangs_does_not_answer(kafka: Kafka) -> None:
    with running("balance", kafka) as process:
        state(kafka, "running")
        process.send_signal(signal.SIGSTOP)
        told = charles(kafka, "command", "all", "pause", "--deadline", "1")
        process.send_signal(signal.SIGCONT)
    assert (told.returncode, told.stdout) == (1, "balancer-1: no answer came in time\n")


def test_an_unknown_verb_is_one_line_that_names_the_others(kafka: Kafka) -> None:
    told = charles(kafka, "command", "all", "jump")
    assert told.returncode == 1
    assert told.stderr == f"jump: no such command; choose from: {', '.join(VERBS)}\n"


def test_a_target_that_nobody_answers_to_is_one_line_that_names_who_does(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(), status("player"), status("trainer", state="stopped"))
    told = charles(kafka, "command", "trainer", "checkpoint")
    assert told.returncode == 1
    assert (
        told.stderr
        == "no running program is named trainer; choose from: collector, player, collector-1, player-1, all\n"
    )


def test_where_nothing_runs_there_is_nobody_to_tell(kafka: Kafka) -> None:
    told = charles(kafka, "command", "all", "pause")
    assert (told.returncode, told.stderr) == (1, "no program is running; start one first\n")


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_on_a_terminal_it_asks_before_everything_is_stopped(kafka: Kafka, answer: str, code: int) -> None:
    import pty

    keyboard, terminal = pty.openpty()
    with running("balance", kafka) as process:
        state(kafka, "running")
        os.write(keyboard, f"{answer}\n".encode())
        told = subprocess.run(
            [sys.executable, "-m", "charles", "command", "all", "stop"],
            env=environment(kafka),
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if answer == "n":
            assert process.poll() is None
    assert "Stop every program" in told.stdout
    assert told.returncode == code
    os.close(keyboard)
    os.close(terminal)


def test_its_help_names_every_verb() -> None:
    told = CliRunner().invoke(app, ["command", "--help"], env={"COLUMNS": "200"}).output
    assert all(verb in told for verb in VERBS)


@pytest.mark.parametrize(
    ("given", "expected"), [("", [*NAMES, *BY_HAND, "all"]), ("all ", VERBS), ("all re", ["resume", "reload"])]
)
def test_the_shell_completes_targets_and_verbs(given: str, expected: list[str]) -> None:
    env = {"_CHARLES_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"charles command {given}"}
    told = CliRunner().invoke(app, [], prog_name="charles", env=env).output
    for word in expected:
        assert f'"{word}"' in told
    assert told.count('"') == 2 * len(expected)
