"""`charles bench`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from charles.cli import app
from tests.patience import PATIENCE_S


def test_an_unknown_name_is_one_clear_line() -> None:
    told = CliRunner().invoke(app, ["bench", "speed"])
    assert told.exit_code == 1
    assert len(told.stderr.splitlines()) == 1
    assert "there are: publish, " in told.stderr


@pytest.mark.slow
def test_json_is_all_that_comes_on_standard_output() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "charles", "bench", "batches", "--rounds", "1", "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    (result,) = json.loads(told.stdout)
    assert result["name"] == "batches"
    assert result["rounds"] == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that ends at Ctrl-C's place")
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    # Where the tests run in the background of a shell, Ctrl-C is ignored, and so it would be by what they start.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    bench = subprocess.Popen(
        [sys.executable, "-m", "charles", "bench", "checkpoint"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        process_group=0,
    )
    signal.signal(signal.SIGINT, inherited)
    process = psutil.Process(bench.pid)
    deadline = time.monotonic() + PATIENCE_S
    while not list(tmp_path.rglob("follower.log")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    children = process.children(recursive=True)
    os.killpg(bench.pid, signal.SIGINT)
    _, errors = bench.communicate(timeout=PATIENCE_S)
    assert bench.returncode == 130
    assert b"Traceback" not in errors
    assert children
    assert not psutil.wait_procs(children, timeout=10)[1]
    assert not list(tmp_path.iterdir())
