"""The whole loop, with the real programs: `charles demo` on a broker of its own."""

from __future__ import annotations

import json
import signal
import sys

import pytest
from PIL import Image

from tests.demos import StartDemo, learning
from tests.patience import PATIENCE_S

GIB = 1 << 30


@pytest.mark.slow
def test_the_loop_learns_accounts_for_every_tick_and_shows_what_it_has_learned(start_demo: StartDemo) -> None:
    running = start_demo("--game", "carracing", "--minutes", "1.5", "--seeds", "1")
    running.until(learning)
    assert running.process.wait(PATIENCE_S) == 0
    ledger = json.loads((running.folder / "ledger.json").read_text())
    assert ledger["adds_up"]
    assert ledger["emitted"] > 0
    scores = json.loads((running.folder / "scores.json").read_text())
    assert scores["game"] == "carracing"
    for picture in ("loss.png", "balance.png", "drive.gif"):
        with Image.open(running.folder / picture) as image:
            image.verify()
    assert (running.folder / "weights.safetensors").stat().st_size > 100_000
    assert max(running.peaks.values()) < 1.5 * GIB
    assert sum(running.peaks.values()) < 6 * GIB
    assert running.survivors() == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_ends_it_with_nothing_left_running(start_demo: StartDemo) -> None:
    running = start_demo("--game", "slalom", "--minutes", "10")
    running.until(lambda alive: {"collector-1", "collector-2", "balancer-1"} <= alive.keys())
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE_S) == 0
    assert running.survivors() == []
