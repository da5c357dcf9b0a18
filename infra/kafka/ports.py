"""Ports on loopback."""

from __future__ import annotations

import os
import socket
import time

from infra.kafka import BrokerError

LOOPBACK = "127.0.0.1"
DYING_S = 2.0
"""A killed broker's port is held until the last of its threads has ended."""


def free_port() -> int:
    """A port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def require_free(port: int, option: str = "--port") -> None:
    """Raise BrokerError, naming who has it where the system tells, when a listener holds the port. option: that chooses
    another one."""
    deadline = time.monotonic() + DYING_S
    while True:
        try:
            _bind(port)
        except PermissionError as error:
            raise BrokerError(f"this user may not use port {port}: choose one above 1023") from error
        except OSError as error:
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"port {port} is in use{_holder(port)}: stop that program, or choose another {option}"
                ) from error
            time.sleep(0.05)
        else:
            return


def _bind(port: int) -> None:
    with socket.socket() as probe:
        if os.name == "posix":
            # As Java does: connections of a broker that died a moment ago do not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))


def _holder(port: int) -> str:
    """' by NAME (pid N)', or nothing where the system does not tell."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return ""
