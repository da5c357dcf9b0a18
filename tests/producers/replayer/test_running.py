"""A replay that runs, as a process of its own: killed, told what to do, looked at on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from charles import topics
from charles.control.command_client import give
from charles.events import Control
from charles.recordings.format.reader import Recording
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.producers.replayer.driven import ALL, BEGAN, drive, recorded, recording, there
from tests.producers.replayer.processes import Start, ended, held, rests, until


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two collectors for a minute and a half."""
    return recording(tmp_path_factory.mktemp("recordings") / "monday", list(drive(2700)))


@pytest.mark.slow
def test_a_killed_replay_is_refused_and_then_resumed_without_a_gap_or_a_repeat(
    long: Recording, target: Kafka, start: Start
) -> None:
    for kill in range(3):
        before = held(target)
        process = start(long, "--speed", "8", *(["--resume"] if kill else []))
        until(lambda floor=before: held(target) > floor + 50)
        process.kill()
        process.wait()
    code, _, err = ended(start(long, "--speed", "max"))
    assert code == 1
    assert "and runs must be unique" in err
    assert "(--resume)" in err
    code, out, err = ended(start(long, "--speed", "max", "--resume"))
    assert (code, err.count("not acknowledged")) == (0, 0)
    for topic in ALL:
        assert there(target, topic) == recorded(long, topic)
    assert f"replayed into {target.prefix}.*" in out


def test_ctrl_c_says_how_far_it_came_and_how_to_go_on(long: Recording, target: Kafka, start: Start) -> None:
    process = start(long)
    until(lambda: held(target) > 20)
    process.send_signal(signal.SIGINT)
    code, out, _ = ended(process)
    assert code == 0
    assert re.search(
        rf"stopped at {BEGAN:%Y-%m-%d}T20:05:\d\d\.\d{{3}}Z; add --resume to the same command to continue from there",
        out,
    )
    counts = {topic: int(count) for topic, count in re.findall(r"(\w+) ([\d,]+)(?=[,;])", out) if topic == "controls"}
    assert counts == {"controls": held(target)}


@pytest.mark.slow
def test_it_is_paused_resumed_and_stopped_by_commands(long: Recording, target: Kafka, start: Start) -> None:
    process = start(long)
    until(lambda: held(target) > 20)
    assert [answer.outcome for answer in give(target, "replayer", "pause", 20)] == ["done"]
    until(lambda: rests(target))
    paused = held(target)
    assert [answer.outcome for answer in give(target, "replayer-1", "resume", 20)] == ["done"]
    until(lambda: held(target) > paused + 20)
    assert [answer.outcome for answer in give(target, "replayer", "reload", 20)] == ["done"]
    going = held(target)
    until(lambda: held(target) > going + 20)
    assert [answer.done for answer in give(target, "all", "stop", 20)] == [True]
    code, out, _ = ended(process)
    assert code == 0
    assert "stopped at" in out


def test_a_loop_gives_each_round_runs_of_its_own(tmp_path: Path, target: Kafka, start: Start) -> None:
    source = recording(tmp_path / "short", list(drive(40)))
    process = start(source, "--loop", "--new-run", "--speed", "max", "--json")
    until(lambda: held(target) > 4 * 80)
    process.send_signal(signal.SIGTERM)
    code, out, _ = ended(process)
    assert code == 0
    assert '"complete": false' in out
    by_run: dict[str, list[tuple[str, int]]] = {}
    for control in events(target, topics.CONTROLS, Control):
        by_run.setdefault(control.run, []).append((control.collector, control.tick))
    rounds = [sorted(ticks) for ticks in by_run.values()]
    whole = sorted((collector, tick) for collector in ("attic", "garage") for tick in range(40))
    assert rounds.count(whole) >= len(rounds) - 1 >= 3


class Terminal:
    """The other end of a terminal: types, and sees what is shown."""

    def __init__(self) -> None:
        self._own, self.theirs = pty.openpty()
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def sees(self, pattern: str) -> bool:
        """Whether this was shown since the last time that something was looked for and found."""
        while select.select([self._own], [], [], 0)[0]:
            self.seen += os.read(self._own, 65536).decode(errors="replace")
        found = re.search(pattern, self.seen)
        if found:
            self.seen = self.seen[found.end() :]
        return bool(found)

    def close(self) -> None:
        os.close(self._own)
        os.close(self.theirs)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal()
    yield one
    one.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
def test_keys_pause_seek_and_stop(long: Recording, target: Kafka, start: Start, terminal: Terminal) -> None:
    process = start(long, stdin=terminal.theirs, stderr=terminal.theirs, start_new_session=True)
    until(lambda: terminal.sees("space: pause"))
    until(lambda: terminal.sees(r"0:00:01 of 0:01:29  \d+ records/s  [\d.]+ [KM]iB/s  \d:\d\d:\d\d left  \d+ late"))
    terminal.type("\x1b[D")
    until(lambda: terminal.sees("seeking back needs --new-run"))
    terminal.type("\x1b[C")
    until(lambda: terminal.sees("0:00:1[0-9] of 0:01:29"))
    terminal.type(" ")
    until(lambda: terminal.sees("paused"))
    until(lambda: rests(target))
    paused = held(target)
    terminal.type(" ")
    until(lambda: held(target) > paused + 60)
    terminal.type("q")
    code, out, _ = ended(process)
    assert code == 0
    assert f"stopped at {BEGAN:%Y-%m-%d}T20:05:" in out
    ticks = {control.tick for control in events(target, topics.CONTROLS, Control)}
    assert 0 in ticks
    assert len(ticks) < max(ticks) - 250  # ten seconds were left out


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
def test_back_in_new_runs_is_another_run(long: Recording, target: Kafka, start: Start, terminal: Terminal) -> None:
    process = start(long, "--new-run", stdin=terminal.theirs, stderr=terminal.theirs, start_new_session=True)
    until(lambda: held(target) > 100)
    terminal.type("\x1b[D")
    until(lambda: len({control.run for control in events(target, topics.CONTROLS, Control)}) == 2)
    terminal.type("q")
    assert ended(process)[0] == 0
    moments = [control.moment for control in events(target, topics.CONTROLS, Control)]
    assert len(moments) == len(set(moments))
    assert sum(tick == 0 for _, _, tick in moments) == 4
