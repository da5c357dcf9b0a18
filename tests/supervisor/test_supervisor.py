"""Programs that die are started again; those that were told to end are not; all are ended in order."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from charles.supervisor import program_process as supervisor_child
from tests.supervisor.children import (
    BALANCER,
    COLLECTOR,
    OBEDIENT,
    PLAYER,
    STUBBORN,
    TRAINER,
    Watched,
    child,
    ready,
)


def test_what_dies_is_started_again_after_a_pause_that_grows_and_its_last_words_are_told(tmp_path: Path) -> None:
    one = child(tmp_path, "print('on the road'); raise SystemExit('no fuel')")
    with Watched(one) as supervisor:
        supervisor.until(lambda: len(supervisor.told) == 3)
    assert supervisor.told == [
        f"one died: exit code 1: no fuel; restarting in {pause} s" for pause in ("0.5", "1", "2")
    ]
    assert one.restarts == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals there")
@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("SIGSEGV", "one died: killed by SIGSEGV (a crash in native code): on the road; restarting in 0.5 s"),
        ("SIGKILL", "one died: killed by SIGKILL: on the road; restarting in 0.5 s"),
    ],
)
def test_what_killed_it_is_named(tmp_path: Path, end: str, told: str) -> None:
    code = f"import os, signal; print('on the road', flush=True); os.kill(os.getpid(), signal.{end})"
    with Watched(child(tmp_path, code)) as supervisor:
        supervisor.until(lambda: supervisor.told)
    assert supervisor.told[0] == told


@pytest.mark.parametrize(
    ("code", "told", "gave_up"),
    [
        ("pass", "one ended as intended: exit code 0", False),
        ("exit(3)", "one gave up its place: exit code 3", True),
    ],
)
def test_who_was_told_to_end_or_was_replaced_stays_ended(tmp_path: Path, code: str, told: str, gave_up: bool) -> None:
    with Watched(child(tmp_path, code)) as supervisor:
        assert supervisor.busy
        supervisor.until(lambda: not supervisor.busy)
    assert supervisor.told == [told]
    assert supervisor.gave_up == gave_up


def test_a_program_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    one = child(tmp_path, OBEDIENT)
    command, one._command = one._command, [str(tmp_path / "nothing")]
    with Watched(one) as supervisor:
        supervisor.until(lambda: supervisor.told)
        one._command = command
        supervisor.until(lambda: ready(one))
    assert supervisor.told[0].startswith("one died: it cannot be started: ")


def test_programs_end_in_the_order_of_the_table_each_after_the_ones_before_it(tmp_path: Path) -> None:
    order = tmp_path / "order"
    slow = OBEDIENT + f"import time; time.sleep(0.3); open({str(order)!r}, 'a').write(__name__ and NAME)"
    names = {PLAYER: "p", TRAINER: "t", BALANCER: "b", COLLECTOR: "c"}
    children = [child(tmp_path, f"NAME = {name!r}\n{slow}", program, name) for program, name in names.items()]
    with Watched(*children) as supervisor:
        supervisor.until(lambda: all(map(ready, children)))
    assert order.read_text() == "cbtp"
    assert supervisor.told == []


def test_while_some_end_the_others_are_kept_running(tmp_path: Path) -> None:
    dies_once = f"""
import pathlib
once = pathlib.Path({str(tmp_path / "once")!r})
stops = {str(tmp_path / "stops")!r}
import time
if not once.exists():
    once.touch()
    while not pathlib.Path(stops).exists():
        time.sleep(0.01)
    exit(1)
{OBEDIENT}"""
    collector = child(tmp_path, OBEDIENT + f"open({str(tmp_path / 'stops')!r}, 'w'); import time; time.sleep(2)")
    trainer = child(tmp_path, dies_once, TRAINER, "two")
    with Watched(collector, trainer) as supervisor:
        supervisor.until(lambda: ready(collector) and (tmp_path / "once").exists())
        supervisor.end(["collector"])
        assert trainer.restarts == 1
        assert trainer.running
        assert not collector.running


def test_who_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    one = child(tmp_path, STUBBORN, patience_s=0.2)
    with Watched(one) as supervisor:
        supervisor.until(lambda: ready(one))
    assert supervisor.told == ["one did not stop in time and was killed"]
    assert not one.running


@pytest.mark.timeout(30)
@pytest.mark.parametrize("signals", [2, 3])
def test_a_second_signal_hurries_and_a_third_waits_for_nobody(tmp_path: Path, signals: int) -> None:
    children = [child(tmp_path, STUBBORN, COLLECTOR, "c"), child(tmp_path, STUBBORN, TRAINER, "t")]
    with Watched(*children) as supervisor:
        supervisor.until(lambda: all(map(ready, children)))
        supervisor.signal(signals)
    assert supervisor.told == [f"{name} did not stop in time and was killed" for name in "ct"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has classes, and no numbers")
def test_a_program_that_takes_all_it_gets_comes_last_with_all_its_threads_once_it_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_child, "UP_S", 0.5)
    prints = """
import os, threading, time
def tell():
    while True:
        print(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), flush=True)
        time.sleep(0.05)
threading.Thread(target=tell, daemon=True).start()
"""
    trainer, player = child(tmp_path, prints + OBEDIENT, TRAINER, "t"), child(tmp_path, prints + OBEDIENT, PLAYER, "p")
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with Watched(trainer, player) as supervisor:
        supervisor.until(lambda: trainer.log.last_words("t") == "10")
    assert ("t", str(usual)) in supervisor.lines
    assert ("p", "10") not in supervisor.lines


def test_what_goes_wrong_at_the_end_is_told(tmp_path: Path) -> None:
    one = child(tmp_path, OBEDIENT + "raise SystemExit('the last checkpoint is lost')")
    with Watched(one) as supervisor:
        supervisor.until(lambda: ready(one))
    assert supervisor.told == ["one ended: exit code 1: the last checkpoint is lost"]


def test_logs_are_forwarded_line_by_line_to_the_very_last_one(tmp_path: Path) -> None:
    one = child(tmp_path, OBEDIENT + "print('goodbye')")
    with Watched(one) as supervisor:
        supervisor.until(lambda: ready(one))
    assert supervisor.lines == [("one", "ready"), ("one", "goodbye")]
