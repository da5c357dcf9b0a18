"""Ends a broker whose disk is full: `python -m infra.kafka.disk_watchdog PID FOLDER`, beside every broker.

A Kafka that cannot write to its log ends by itself, and its next start mends what was half written. But where it is the
indexes that have no room, which are mapped into memory, it lives on with broken ones, and refuses what it is sent even
when there is room again. So none is left to write to the last bytes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from infra.kafka.broker_process import new_group

LEAST_FREE_BYTES = 32 << 20
"""Bytes that must be free."""
_LOOK_S = 0.5
_ENDED_EXIT_CODE = 3
"""The exit code after it has ended a broker."""


class DiskWatchdog:
    """The process that watches over a broker's disk. It ends with the broker."""

    def __init__(self, broker_pid: int, folder: Path, *, detached: bool) -> None:
        """detached: it goes on when this process, or the terminal, ends."""
        command = [sys.executable, "-m", "infra.kafka.disk_watchdog", str(broker_pid), str(folder)]
        nowhere = subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, **new_group(detached=detached)
        )

    @property
    def ended_it(self) -> bool:
        """Whether it found the disk full and has ended the broker."""
        return self._process.poll() == _ENDED_EXIT_CODE

    def release(self) -> None:
        """The broker has ended."""
        self._process.kill()
        self._process.wait()


def is_full(folder: Path) -> bool:
    """Whether the folder's disk is too full for a broker to live on it."""
    return shutil.disk_usage(folder).free < LEAST_FREE_BYTES


def main() -> None:
    """Look until the process of the first argument ends; kill it once the disk of the second one's folder is full."""
    import psutil

    try:
        broker = psutil.Process(int(sys.argv[1]))
        while broker.is_running() and broker.status() != psutil.STATUS_ZOMBIE:
            if is_full(Path(sys.argv[2])):
                broker.kill()  # not a farewell: it would note that all is in order, and nothing would be mended
                sys.exit(_ENDED_EXIT_CODE)
            time.sleep(_LOOK_S)
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    main()
