"""The broker as an operating-system process that other processes can find, ask and stop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.kafka import BrokerError

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True)
class RunningBroker:
    """Who holds a data folder, as written in its broker.json: a broker, or the process that is starting one."""

    pid: int
    created: float
    """When the process was made, seconds since 1970: tells it from a later one with the same pid."""
    broker: bool
    port: int
    version: str

    def process(self) -> psutil.Process | None:
        """The living process, or None where it is gone and its pid free or somebody else's."""
        import psutil

        try:
            process = psutil.Process(self.pid)
            # The clock may be set while a broker runs, which moves the times of all processes.
            same = abs(process.create_time() - self.created) < 2 or (self.broker and "kafka.Kafka" in process.cmdline())
            return process if same and not _dead(process) else None
        except psutil.NoSuchProcess:
            return None


def running(data: Path) -> RunningBroker | None:
    """Who holds the folder now; a note that a dead process left behind counts for nothing."""
    try:
        noted = RunningBroker(**json.loads(_note(data).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return noted if noted.process() else None


def claim(data: Path, port: int, version: str) -> None:
    """Note that this process is about to start a broker in the folder; at most one process can.

    Raises BrokerError when another one has.
    """
    data.mkdir(parents=True, exist_ok=True)
    if running(data) is None:
        _note(data).unlink(missing_ok=True)
    try:
        with _note(data).open("x", encoding="utf-8") as file:
            file.write(_to_json(_describe(os.getpid(), broker=False, port=port, version=version)))
    except FileExistsError as error:
        raise BrokerError(f"another process is already starting a broker in {data}") from error


def hand_over(data: Path, pid: int, port: int, version: str) -> None:
    """Turn this process's claim into the note of the broker with this pid."""
    draft = _note(data).with_suffix(".json.new")
    draft.write_text(_to_json(_describe(pid, broker=True, port=port, version=version)), encoding="utf-8")
    draft.replace(_note(data))


def release(data: Path) -> None:
    """Remove the note."""
    _note(data).unlink(missing_ok=True)


def spawn(command: list[str], output: Path, *, detached: bool) -> subprocess.Popen[bytes]:
    """Start command with its output in a file, out of reach of the terminal's Ctrl-C.

    detached: it goes on when this process, or the terminal, ends.
    """
    with output.open("wb") as file:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, **new_group(detached=detached)
        )


def new_group(*, detached: bool = False) -> dict[str, Any]:
    """Popen's arguments for a process that the terminal's Ctrl-C does not reach; detached: nor its hang-up."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | (subprocess.DETACHED_PROCESS if detached else 0)
        return {"creationflags": flags}
    return {"start_new_session": True} if detached else {"process_group": 0}


def end(pid: int, timeout_s: float) -> None:
    """End a process: asked to, and killed after timeout_s. Returns once it is gone."""
    import psutil

    try:
        process = psutil.Process(pid)
        process.terminate()
        if not _gone_within(process, timeout_s):
            process.kill()
            _gone_within(process, timeout_s)
    except psutil.NoSuchProcess:
        pass


def wait_until_ready(bootstrap: str, alive: Callable[[], bool], timeout_s: float) -> bool:
    """Wait until a client can list the topics; False where the broker died first or took longer than timeout_s."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and alive():
        if answers(bootstrap, timeout_s=0.25):
            return True
    return False


def answers(bootstrap: str, timeout_s: float) -> bool:
    """Whether a client's list of topics comes within timeout_s."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    # Refused connections are what is being waited out here: no log line for each of them.
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 100})
    try:
        return bool(client.list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return False


def _gone_within(process: psutil.Process, timeout_s: float) -> bool:
    # Not psutil's wait(): for a broker that another process started, it waits until that one, or init, buries it.
    deadline = time.monotonic() + timeout_s
    while not _dead(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _dead(process: psutil.Process) -> bool:
    import psutil

    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _note(data: Path) -> Path:
    return data / "broker.json"


def _describe(pid: int, *, broker: bool, port: int, version: str) -> RunningBroker:
    import psutil

    return RunningBroker(pid, psutil.Process(pid).create_time(), broker, port, version)


def _to_json(note: RunningBroker) -> str:
    return json.dumps(asdict(note)) + "\n"
