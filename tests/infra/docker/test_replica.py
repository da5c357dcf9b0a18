"""Names and worlds of the containers of one service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from charles.base.typed_sections import ConfigError
from charles.programs import PROGRAMS
from charles.settings import Settings, load
from infra.docker.replica import instance, number_in
from tests.patience import PATIENCE_S

COLLECTOR, TRAINER = (
    next(program for program in PROGRAMS if program.name == name) for name in ("collector", "trainer")
)


def test_the_number_stands_at_the_end_of_a_containers_name() -> None:
    assert number_in("charles-collector-3") == 3
    assert number_in("my-2nd-try-collector-12") == 12
    assert number_in("charles_collector_1") == 1  # older ones of compose


@pytest.mark.parametrize("name", ["garage", "collector-0", "collector-1b", "3f373463d454", ""])
def test_a_container_that_compose_did_not_number_is_told_so(name: str) -> None:
    with pytest.raises(ConfigError, match="does not end with a number"):
        number_in(name)


def test_each_container_has_a_name_and_worlds_of_its_own_and_has_them_again() -> None:
    first, second = (instance(Settings(), COLLECTOR, number).collector for number in (1, 2))
    assert (first.name, second.name) == ("collector-1", "collector-2")
    assert first.seed != second.seed
    assert instance(Settings(), COLLECTOR, 2).collector == second


def test_another_service_of_the_same_program_has_other_names_and_worlds() -> None:
    other = instance(load(run={"name": "carracing"}), COLLECTOR, 1).collector
    assert other.name == "carracing-collector-1"
    assert other.seed != instance(Settings(), COLLECTOR, 1).collector.seed


def test_a_second_trainer_is_refused() -> None:
    assert instance(Settings(), TRAINER, 1).trainer.name == "trainer-1"
    with pytest.raises(ConfigError, match="trainer 2: only 1 can run; do not scale this service"):
        instance(Settings(), TRAINER, 2)


@pytest.mark.skipif(not Path("/usr/bin/getent").exists(), reason="there is no getent here, as in every container")
def test_outside_a_container_it_says_what_it_is_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.docker.replica", "collector"], capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 1
    assert "compose" in done.stderr
    assert "Traceback" not in done.stderr
