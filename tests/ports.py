"""Ports on loopback that no other worker of the test run is given."""

from __future__ import annotations

import itertools
import os
import random
import socket
from contextlib import ExitStack, suppress

from infra.kafka.ports import LOOPBACK

_FIRST, _EACH = 12_000, 1_000
"""Below the ports that systems give to outgoing connections (Linux: from 32768), which could take that of a broker that
a test has killed and is about to start again."""
_WORKERS = 20


def _count() -> itertools.cycle[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    own = range(_FIRST + worker * _EACH, _FIRST + (worker + 1) * _EACH)
    begin = random.randrange(_EACH)  # another test run may be at work on this machine
    return itertools.cycle([*own[begin:], *own[:begin]])


_ports = _count()


def free_port() -> int:
    """A port on loopback that nobody listens on, and that is given to nobody else soon."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """The first of so many such ports in a row."""
    while True:
        first = next(_ports)
        with suppress(OSError), ExitStack() as stack:
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind((LOOPBACK, port))
            for _ in range(count - 1):
                next(_ports)
            return first
