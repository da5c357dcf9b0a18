"""How a program is told to stop, in processes of their own: signals and standard input belong to a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from charles.base.shutdown import SUPERVISED

PROGRAM = """
from charles.base.shutdown import Stop
stop = Stop()
print("ready", flush=True)
while not stop(60):
    pass
print("ended by itself", flush=True)
"""

STUBBORN = """
from charles.base import shutdown
import time
shutdown.FOR_GOOD_S = 0.5
stop = shutdown.Stop()
print("ready", flush=True)
stop(60)
print("told", flush=True)
time.sleep(60)
"""

COUNTING = """
from charles.base.shutdown import Stop
import time
stop = Stop(second_ends=False)
print("ready", flush=True)
while stop.signals < 3:
    time.sleep(0.01)
    print(stop.signals, flush=True)
"""

SLOW_TO_START = """
from charles.base import shutdown
import time
shutdown.FOR_GOOD_S = 0.5
shutdown.listen_to_supervisor()
print("ready", flush=True)
time.sleep(60)
"""

SLOW_TO_END = """
from charles.base import shutdown
import time
shutdown.FOR_GOOD_S = 0.5
stop = shutdown.Stop()
print("ready", flush=True)
stop(60)
time.sleep(1.5)
print("ended by itself", flush=True)
"""

LATE = """
from charles.base.shutdown import Stop, listen_to_supervisor
import time
listen_to_supervisor()
print("ready", flush=True)
time.sleep(0.5)
print("told already" if Stop()(10) else "deaf", flush=True)
"""


def start(code: str, *, supervised: bool = False) -> subprocess.Popen[str]:
    environment = {**os.environ, **({SUPERVISED: "1"} if supervised else {})}
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def tell(process: subprocess.Popen[str]) -> None:
    """As a supervisor does: it holds on to the program's standard input afterwards."""
    assert process.stdin is not None
    process.stdin.write("stop\n")
    process.stdin.flush()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
def test_a_closed_terminal_ends_it_in_order_unless_somebody_wants_it_to_stay() -> None:
    for ignored in (False, True):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)  # its child has the same
        try:
            process = start(PROGRAM, supervised=False)
        finally:
            signal.signal(signal.SIGHUP, before)
        process.send_signal(signal.SIGHUP)
        if ignored:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.communicate() == ("ended by itself\n", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("supervised", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_loop_at_once(number: signal.Signals, supervised: bool) -> None:
    process = start(PROGRAM, supervised=supervised)
    process.send_signal(number)
    assert process.wait(10) == 0
    assert process.communicate() == ("ended by itself\n", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
def test_a_second_ctrl_c_ends_a_program_that_does_not_listen() -> None:
    process = start(STUBBORN)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
def test_a_supervisor_counts_how_often_it_was_told() -> None:
    process = start(COUNTING)
    assert process.stdout is not None
    for count in range(3):
        while process.stdout.readline() != f"{count}\n":
            pass
        process.send_signal(signal.SIGINT if count else signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_supervisor_s_word_ends_it() -> None:
    process = start(PROGRAM, supervised=True)
    tell(process)
    assert process.wait(10) == 0
    assert process.communicate() == ("ended by itself\n", "")


def test_who_was_told_may_take_its_time() -> None:
    process = start(SLOW_TO_END, supervised=True)
    tell(process)
    assert process.wait(10) == 0


def test_a_supervisor_that_is_gone_ends_it() -> None:
    process = start(PROGRAM, supervised=True)
    assert process.communicate(timeout=10)[0] == "ended by itself\n"
    assert process.returncode == 0


@pytest.mark.parametrize("code", [STUBBORN, SLOW_TO_START])
def test_when_the_supervisor_is_gone_it_is_ended_for_good_whatever_it_is_doing(code: str) -> None:
    process = start(code, supervised=True)
    _said, where = process.communicate(timeout=10)
    assert process.returncode != 0
    assert "Timeout" in where
    assert "in <module>" in where


def test_a_supervisor_that_goes_while_it_ends_its_programs_leaves_none() -> None:
    process = start(STUBBORN, supervised=True)
    tell(process)
    process.communicate(timeout=10)
    assert process.returncode != 0


def test_what_was_told_before_the_program_could_listen_counts() -> None:
    process = start(LATE, supervised=True)
    tell(process)
    assert process.wait(20) == 0
    assert process.communicate()[0] == "told already\n"
