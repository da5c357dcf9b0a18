"""How a program is told to stop, in processes of their own: signals and standard input belong to a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from charles.stopping import SUPERVISED

PROGRAM = """
from charles.stopping import Stop
stop = Stop()
print("ready", flush=True)
while not stop(60):
    pass
print("ended by itself", flush=True)
"""

STUBBORN = """
from charles.stopping import Stop
import time
stop = Stop()
print("ready", flush=True)
stop(60)
print("told", flush=True)
time.sleep(60)
"""


def start(code: str, *, supervised: bool = False) -> subprocess.Popen[str]:
    environment = {**os.environ, **({SUPERVISED: "1"} if supervised else {})}
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_loop_at_once(number: signal.Signals) -> None:
    process = start(PROGRAM)
    process.send_signal(number)
    assert process.communicate(timeout=10)[0] == "ended by itself\n"
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
def test_a_second_ctrl_c_ends_a_program_that_does_not_listen() -> None:
    process = start(STUBBORN)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT


def test_a_supervisor_that_closes_its_input_ends_it() -> None:
    process = start(PROGRAM, supervised=True)
    assert process.communicate(timeout=10)[0] == "ended by itself\n"
    assert process.returncode == 0
