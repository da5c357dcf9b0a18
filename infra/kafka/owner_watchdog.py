"""Ends a broker when its owner process is gone, however that went: `python -m infra.kafka.owner_watchdog PID`.

The owner holds the other end of this process's stdin. The system closes it with the owner, also after kill -9. The
broker lives a moment longer, so that the owner's other programs can write what they have.
"""

from __future__ import annotations

import subprocess
import sys
import time

from infra.kafka.broker_process import end, new_group

OUTLIVES_S = 4.0
END_S = 3.0


class OwnerWatchdog:
    """What an owner holds while its broker shall not outlive it."""

    def __init__(self, broker_pid: int) -> None:
        command = [sys.executable, "-m", "infra.kafka.owner_watchdog", str(broker_pid)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, **new_group())

    def release(self) -> None:
        """Let go of a broker that has ended: its number may soon be another process's."""
        self._process.kill()
        self._process.communicate()


def main() -> None:
    """Wait for the end of stdin, then, OUTLIVES_S later, end the process of the first argument."""
    import psutil

    try:
        broker = psutil.Process(int(sys.argv[1]))
    except psutil.NoSuchProcess:
        return
    sys.stdin.buffer.read()
    time.sleep(OUTLIVES_S)
    # is_running() tells the broker from a later process with its number.
    if broker.is_running():
        end(broker.pid, END_S)


if __name__ == "__main__":
    main()
