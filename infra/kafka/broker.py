"""A real single-node Apache Kafka on loopback, started and stopped from Python.

broker = LocalBroker(Path("data/kafka"))
bootstrap = broker.start()      # "127.0.0.1:9092"; returns once a client gets its answers
broker.stop()
"""

from __future__ import annotations

import atexit
import os
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from infra.kafka import BrokerError, Progress, jmx_agent, logs, no_progress
from infra.kafka import broker_process as processes
from infra.kafka.data_folder import cluster_id, disk_is_full, prepare
from infra.kafka.disk_watchdog import DiskWatchdog, is_full
from infra.kafka.find_runtime import cache_folder, find_runtime
from infra.kafka.owner_watchdog import OwnerWatchdog
from infra.kafka.ports import LOOPBACK, free_port, require_free
from infra.kafka.runtime import Runtime

READY_S = 120.0
"""A start after kill -9 reads through the unflushed segments: 12 s were seen for 5.7 GB."""
STOP_S = 20.0


@dataclass(frozen=True)
class BrokerStatus:
    """What is known of the broker of a data folder; what only a running one has is None otherwise."""

    running: bool
    ready: bool
    """A client's request is answered."""
    pid: int | None
    port: int | None
    bootstrap: str | None
    version: str | None
    """Kafka's."""
    cluster_id: str | None
    rss_bytes: int | None
    disk_bytes: int
    data: Path
    log: Path


class LocalBroker:
    """The broker of one data folder; at most one runs there, whoever started it.

    data: the folder, made when missing. port: of the clients' listener, on loopback.
    heap_mb: the most that Java's heap may take, MiB. metrics_port: where it offers Prometheus its figures, on loopback.
    """

    def __init__(self, data: Path, port: int = 9092, heap_mb: int = 512, metrics_port: int | None = None) -> None:
        self.data = data.resolve()
        self.port = port
        self.heap_mb = heap_mb
        self.metrics_port = metrics_port
        self.log_path = self.data / "broker.log"
        self._child: Popen[bytes] | None = None
        self._guard: DiskWatchdog | None = None
        self._leash: OwnerWatchdog | None = None
        self._log_start = 0

    @property
    def started_here(self) -> bool:
        """Whether this object started the broker that runs, rather than found it running."""
        return self._child is not None and self._child.poll() is None

    @property
    def bootstrap(self) -> str:
        """The address for clients' bootstrap.servers."""
        return f"{LOOPBACK}:{self.port}"

    def start(self, progress: Progress = no_progress, *, detached: bool = True) -> str:
        """Start the broker, wait until it answers, and return its bootstrap servers.

        One that already runs in the folder on this port is left as it is. progress is told of downloads and of
        other work that only a first start has. detached: it outlives this process; otherwise it ends with it at the
        latest, or a few seconds later when this process is killed.
        Raises BrokerError, and leaves nothing running, where it does not come up.
        """
        if self._runs_already():
            return self.bootstrap
        self._let_go()
        require_free(self.port)
        if self.metrics_port is not None:
            require_free(self.metrics_port, "--metrics-port")
        runtime = find_runtime(progress)
        measures = self._measured(progress)
        try:
            processes.claim(self.data, self.port, runtime.version)
            try:
                self._child = self._launch(runtime, measures, detached)
            except BaseException:
                processes.release(self.data)
                raise
        except OSError as error:
            raise BrokerError(f"cannot start a broker in {self.data}: {error}") from error
        self._guard = DiskWatchdog(self._child.pid, self.data, detached=detached)
        if not detached:
            self._leash = OwnerWatchdog(self._child.pid)
            atexit.register(self.stop)
        self._wait(self._child)
        return self.bootstrap

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Stop the folder's broker, whoever started it, and return once it is gone; False where none ran.

        One that has not ended by itself after timeout_s is killed, which loses nothing that was acknowledged.
        """
        found = processes.running(self.data)
        if found and found.broker:
            processes.end(found.pid, timeout_s)
            processes.release(self.data)
        self._let_go()
        return found is not None and found.broker

    def why_it_died(self) -> str:
        """One line for the user about a broker that is gone without having been stopped, from its log."""
        if is_full(self.data):  # it may have had no room to say so
            return disk_is_full(self.data)
        if self._guard and self._guard.ended_it:
            return logs.FULL_DISK_MEANING.format(data=self.data)
        if self._child is not None and self._child.poll() == -9:
            return "it was killed (signal 9), by a user or because the system was out of memory"
        return logs.why_it_died(self.log_path, self._log_start, self._output)

    def status(self) -> BrokerStatus:
        """What can be told of the broker now, asking a running one for an answer within two seconds."""
        found = processes.running(self.data)
        process = found.process() if found and found.broker else None
        running = found if process else None
        bootstrap = f"{LOOPBACK}:{running.port}" if running else None
        return BrokerStatus(
            running=running is not None,
            ready=bootstrap is not None and processes.answers(bootstrap, timeout_s=2),
            pid=running.pid if running else None,
            port=running.port if running else None,
            bootstrap=bootstrap,
            version=running.version if running else None,
            cluster_id=cluster_id(self.data),
            rss_bytes=process.memory_info().rss if process else None,
            disk_bytes=_disk_bytes(self.data),
            data=self.data,
            log=self.log_path,
        )

    def _runs_already(self) -> bool:
        """Whether a broker runs in the folder and answers; one that is just dying (kill -9) does not."""
        found = processes.running(self.data)
        if found is None or not found.broker:
            return False
        if found.port != self.port:
            raise BrokerError(f"the broker of {self.data} is already running on port {found.port} (pid {found.pid})")
        if processes.wait_until_ready(self.bootstrap, lambda: found.process() is not None, READY_S):
            return True
        if found.process() is not None:
            raise BrokerError(
                f"the broker of {self.data} is running (pid {found.pid}) but does not answer: stop it first"
            )
        return False

    def _measured(self, progress: Progress) -> tuple[str, ...]:
        """Java's options for the figures, if they are wanted."""
        if self.metrics_port is None:
            return ()
        return (jmx_agent.option(self.metrics_port, cache_folder() / "jars", progress),)

    def _launch(self, runtime: Runtime, measures: tuple[str, ...], detached: bool) -> Popen[bytes]:
        properties = prepare(runtime, self.data, self.port, free_port())
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        options = (f"-Xmx{self.heap_mb}m", *measures)
        command = runtime.command("kafka.Kafka", str(properties), jvm=options, log=self.log_path)
        broker = processes.spawn(command, self._output, detached=detached)
        try:
            processes.hand_over(self.data, broker.pid, self.port, runtime.version)
        except BaseException:
            broker.kill()
            broker.wait()
            raise
        return broker

    def _wait(self, broker: Popen[bytes]) -> None:
        """Return when the broker answers; otherwise take it away and say why."""
        ready = False
        try:
            ready = processes.wait_until_ready(self.bootstrap, lambda: broker.poll() is None, READY_S)
            if not ready:
                reason = self.why_it_died() if broker.poll() is not None else f"no answer within {READY_S:g} s"
                raise BrokerError(f"the broker did not start: {reason} (log: {self.log_path})")
        finally:
            # Also when Ctrl-C ends the waiting.
            if not ready:
                broker.kill()
                processes.release(self.data)
                self._let_go()

    def _let_go(self) -> None:
        """Forget the broker that this object started, which has ended."""
        atexit.unregister(self.stop)
        if self._child:
            self._child.wait()
            self._child = None
        if self._guard:
            self._guard.release()
            self._guard = None
        if self._leash:
            self._leash.release()
            self._leash = None

    @property
    def _output(self) -> Path:
        return self.data / "broker.out"


def _disk_bytes(folder: Path) -> int:
    """Bytes that folder takes on the disk, without files that go away while they are counted."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                stat = (Path(parent) / name).stat()
            except FileNotFoundError:
                continue
            # Kafka makes its indexes full-size and fills them later: their blocks count, where the system tells.
            blocks: int | None = getattr(stat, "st_blocks", None)
            total += stat.st_size if blocks is None else blocks * 512
    return total
