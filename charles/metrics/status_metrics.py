"""A heartbeat's other outlet: what every program tells on the topic `status`, its page tells too."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from charles.events import Status
from charles.metrics.mirrored_counters import MirroredCounters
from charles.metrics.table import ProgramMetrics

STATES = ("starting", "waiting", "running", "paused", "starting over", "stopped", "failed")


class StatusMetrics:
    """Takes in each Status of this process, and adds what only its page has: processor time and the disk."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._following = MirroredCounters()
        ProgramMetrics.started.set(self._process.create_time())

    def __call__(self, status: Status) -> None:
        ProgramMetrics.info.labels(status.instance, status.version).set(1)
        for state in STATES:
            ProgramMetrics.state.labels(state).set(state == status.state)
        ProgramMetrics.heartbeat.set(status.time.timestamp())
        ProgramMetrics.epoch.set(status.epoch)
        ProgramMetrics.memory.set(status.memory)
        used = self._process.cpu_times()
        self._following.to(ProgramMetrics.cpu, used.user + used.system)
        disk = shutil.disk_usage(Path.cwd())
        ProgramMetrics.disk_free.set(disk.free)
        ProgramMetrics.disk_size.set(disk.total)
