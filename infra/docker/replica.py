"""Starts a program as one of the containers of a compose service: `python -m infra.docker.replica collector`.

Compose numbers a service's containers from 1 on, and one that is started again or made anew keeps its number. It stands
in the container's name, PROJECT-collector-3, which inside the container only Docker's name server knows. So the program
in it is collector-3, in worlds of its own, whenever it runs.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from typing import NoReturn

import typer

from charles.base.typed_sections import ConfigError
from charles.cli.run_command import clear_errors, load_settings
from charles.programs import PROGRAMS, Program
from charles.settings import Settings, environment
from charles.supervisor.instances import instances


def main(name: str) -> None:
    """Become the program, in this very process."""
    with clear_errors():
        become(next(program for program in PROGRAMS if program.name == name))


def become(program: Program) -> NoReturn:
    """Raises ConfigError."""
    settings = instance(load_settings(), program, number_in(container_name()))
    command = [sys.executable, "-m", "charles", program.verb]
    # What the environment says of settings is in them already, and would come before them.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CHARLES_")}
    os.execve(command[0], command, inherited | environment(settings))  # noqa: S606 (it becomes the program, no child)


def instance(settings: Settings, program: Program, number: int) -> Settings:
    """The settings of the service's container of this number. Raises ConfigError for one too many."""
    if number > program.most:
        raise ConfigError(f"{program.name} {number}: only {program.most} can run; do not scale this service")
    *_, own = instances(settings, program.name, number, settings.run.name)
    return own


def number_in(container: str) -> int:
    """The number at the end of a container's name. Raises ConfigError where there is none."""
    found = re.search(r"[-_]([1-9]\d*)$", container)
    if found is None:
        raise ConfigError(
            f"the container name {container!r} does not end with a number: remove container_name so that compose adds "
            f"one"
        )
    return int(found[1])


def container_name() -> str:
    """The name of the container that this process is in. Raises ConfigError."""
    address = socket.gethostbyname(socket.gethostname())
    # Not gethostbyaddr(): it would find the container's id, in /etc/hosts.
    answer = subprocess.run(
        ["/usr/bin/getent", "-s", "hosts:dns", "hosts", address], capture_output=True, text=True
    ).stdout
    if not answer.strip():
        raise ConfigError(f"no name server knows {address}: run this only in containers of a compose service")
    return answer.split()[1].partition(".")[0]


if __name__ == "__main__":
    typer.run(main)
