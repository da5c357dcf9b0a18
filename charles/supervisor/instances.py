"""Which programs a supervisor runs: their names, their settings, and how they are started."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charles.base.shutdown import SUPERVISED
from charles.config import ConfigError
from charles.programs import NAMES, PROGRAMS, Program
from charles.settings import Settings, environment
from charles.supervisor.logfile import LogFile
from charles.supervisor.program_process import ProgramProcess

_WORLDS_EACH = 10_000
_LAST_SEED = 990_000
_LAST_PORT = 65_535

Plan = Mapping[str, int]
"""How many instances of each program."""


class NoPrograms(ConfigError):
    """Nobody said what to run."""

    exit_code = 2


def plan(words: Sequence[str]) -> Plan:
    """What `collector=2 balancer` means. Raises ConfigError, which says what there is."""
    if not words:
        raise NoPrograms(f"name the programs to run, of {', '.join(NAMES)}; such as: charles run collector=2 balancer")
    wanted: dict[str, int] = {}
    for word in words:
        name, equals, count = word.partition("=")
        program = next((program for program in PROGRAMS if program.name == name), None)
        if program is None:
            raise ConfigError(f"{name}: no such program; choose from: {', '.join(NAMES)}")
        if name in wanted:
            raise ConfigError(f"{name}: named twice; write {name}=2 to run two")
        wanted[name] = _count(program, count) if equals else 1
    return wanted


def children(settings: Settings, plan: Plan, prefix: str, folder: Path) -> list[ProgramProcess]:
    """The programs of the plan, in the order of the table. prefix: of their names; folder: of their logs.

    Raises ConfigError where they need more ports than there are, OSError where no log can be written there.
    """
    return [_child(program, own, folder) for program, own in planned(settings, plan, prefix)]


def planned(settings: Settings, plan: Plan, prefix: str) -> list[tuple[Program, Settings]]:
    """The programs of the plan, each with the settings of its own; for metrics the ports from the settings' one on.

    Raises ConfigError where these are not enough.
    """
    programs = [
        (program, own)
        for program in PROGRAMS
        for own in instances(settings, program.name, plan.get(program.name, 0), prefix)
    ]
    first = settings.metrics.port
    if first is None:
        return programs
    if first + len(programs) - 1 > _LAST_PORT:
        raise ConfigError(
            f"metrics.port: {len(programs)} programs need that many ports, and {first} is too high for that"
        )
    return [
        (program, own.model_copy(update={"metrics": own.metrics.model_copy(update={"port": first + index})}))
        for index, (program, own) in enumerate(programs)
    ]


def instances(settings: Settings, program: str, count: int, prefix: str = "") -> Iterator[Settings]:
    """The settings of each of several instances: a name, and worlds, of its own.

    Worlds: seeds so far apart that no two drive through the same ones, also under another prefix (by its checksum).
    """
    section = getattr(settings, program)
    for index in range(count):
        own: dict[str, Any] = {"name": f"{prefix and prefix + '-'}{program}-{index + 1}"}
        if hasattr(section, "seed"):
            own["seed"] = (section.seed + index * _WORLDS_EACH + zlib.crc32(prefix.encode())) % _LAST_SEED
        yield settings.model_copy(update={program: section.model_copy(update=own)})


def _child(program: Program, settings: Settings, folder: Path) -> ProgramProcess:
    name = getattr(settings, program.name).name
    # What else the environment says of settings is in them already, and would come before them.
    kept = ("CHARLES_",) if program.name == "annotator" else ("CHARLES_", "GRAFANA_")
    inherited = {key: value for key, value in os.environ.items() if not key.upper().startswith(kept)}
    own = {SUPERVISED: "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "charles", program.verb]
    return ProgramProcess(
        program, name, command, inherited | environment(settings, program.name) | own, LogFile(folder / f"{name}.log")
    )


def _count(program: Program, text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= program.most:
        return int(text)
    alone = "each model has one trainer" if program.name == "trainer" else "a second one would do the same work"
    accepted = f"from 1 to {program.most}" if program.most > 1 else f"1: {alone}"
    raise ConfigError(f"{program.name}={text}: the number of {program.name}s must be {accepted}")
