"""docker-compose.yml brought up under another name and on free ports, beside whatever runs here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "charles-trial"


class Failed(RuntimeError):
    """What should hold does not."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container of the stack. health: empty for one without a health check; restarts: by Docker, since it was made;
    pid: of its first process, on the host, 0 when it does not run."""

    id: str
    name: str
    service: str
    state: str
    health: str
    exit_code: int
    restarts: int
    pid: int

    @property
    def is_well(self) -> bool:
        """Healthy; or, of what runs once, come to a good end."""
        return self.health == "healthy" or (not self.health and self.state == "exited" and self.exit_code == 0)

    def __str__(self) -> str:
        return f"{self.name} {self.state} {self.health}".rstrip()


class Stack:
    """without: services that are left out, because their image cannot be had here."""

    def __init__(self, without: Sequence[str] = ()) -> None:
        self._ports = {f"{name}_PORT": str(free_port()) for name in ("KAFKA", "GRAFANA", "PROMETHEUS", "REGISTRY")}
        self.services = [one for one in self.compose("config", "--services").split() if one not in without]

    def compose(self, *words: str) -> str:
        """What a command of docker compose prints. Raises Failed, with what it said."""
        return _said(["docker", "compose", "--project-name", PROJECT, *words], self._ports)

    def up(self, *words: str) -> None:
        """Bring all up and wait until they are healthy; one that needs a service which is left out is not held up."""
        self.compose("up", "--detach", "--wait", *words, *self.services)

    def containers(self) -> list[Container]:
        """All of them, also those that have ended."""
        return [_container(one) for one in inspected(self.compose("ps", "--all", "--quiet").split())]

    def charles(self, *words: str) -> tuple[int, Any]:
        """The exit code and the JSON of one of our commands, which reaches the broker through its published port."""
        where = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self._ports['KAFKA_PORT']}"}
        command = [sys.executable, "-m", "charles", *words, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | where, capture_output=True, text=True)
        with suppress(ValueError):
            return done.returncode, json.loads(done.stdout)
        return done.returncode, {}

    def prometheus(self, path: str) -> Any:
        """What Prometheus answers to a question of its API; nothing while it gives no answer."""
        where = f"http://127.0.0.1:{self._ports['PROMETHEUS_PORT']}/api/v1/{path}"
        try:
            return requests.get(where, timeout=10).json()["data"]
        except requests.RequestException:
            return {}

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "60")

    def left(self) -> list[str]:
        """What Docker still has of this stack: containers, volumes, networks."""
        mine = f"label=com.docker.compose.project={PROJECT}"
        listings = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
        return [
            name for words in listings for name in _said(["docker", *words, "--quiet", "--filter", mine]).splitlines()
        ]


def kill(container: Container) -> None:
    """SIGKILL, from the host, for the program in a container: the child of Docker's little init where there is one.

    Raises Failed where the host's processes are out of reach.
    """
    try:
        first = psutil.Process(container.pid)
        program = next(iter(first.children()), first)
        program.kill()
    except psutil.Error as error:
        raise Failed(
            f"{container.name} cannot be killed from here: {error}; run this as root, beside the engine"
        ) from None


def images() -> Iterator[tuple[str, int]]:
    """Our images and their sizes, bytes."""
    for name in ("charles-slim", "charles-full", "charles-kafka"):
        yield name, inspected([name])[0]["Size"]


def memory() -> str:
    """What docker stats says of the memory of all containers here."""
    return _said(["docker", "stats", "--no-stream", "--format", "table {{.Name}}\t{{.MemUsage}}\t{{.MemPerc}}"])


def inspected(names: Sequence[str]) -> list[Any]:
    found: list[Any] = json.loads(_said(["docker", "inspect", *names])) if names else []
    return found


def _container(seen: Any) -> Container:
    state = seen["State"]
    return Container(
        id=seen["Id"],
        name=seen["Name"].lstrip("/"),
        service=seen["Config"]["Labels"]["com.docker.compose.service"],
        state=state["Status"],
        health=state.get("Health", {}).get("Status", ""),
        exit_code=state["ExitCode"],
        restarts=seen["RestartCount"],
        pid=state["Pid"],
    )


def _said(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=ROOT, env=os.environ | (environment or {}), capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    return done.stdout
