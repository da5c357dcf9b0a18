"""Which programs run, under which names, in which worlds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from charles.programs import PROGRAMS
from charles.settings import ConfigError, load
from charles.supervisor.instances import children, instances, plan

EACH = {"collector": 2, "balancer": 1, "trainer": 1, "player": 1}


def test_words_say_how_many_of_what() -> None:
    assert plan(["collector=2", "balancer", "trainer=1", "player"]) == EACH


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            [],
            "name the programs to run, of collector, balancer, trainer, player, recorder, annotator; such as: charles",
        ),
        (
            ["colector"],
            "colector: no such program; choose from: collector, balancer, trainer, player, recorder, annotator",
        ),
        (["collector=0"], "collector=0: the number of collectors must be from 1 to 99"),
        (["collector="], "collector=: the number of collectors must be from 1 to 99"),
        (["player=-1"], "player=-1: the number of players must be from 1 to 99"),
        (["trainer=2"], "trainer=2: the number of trainers must be 1: each model has one trainer"),
        (["recorder=2"], "recorder=2: the number of recorders must be 1: a second one would do the same work"),
        (["player", "player"], "player: named twice; write player=2 to run two"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(words: list[str], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        plan(words)
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)


def test_names_are_stable_and_come_after_the_supervisor_s(tmp_path: Path) -> None:
    names = [child.name for child in children(load(), EACH, "garage", tmp_path)]
    assert names == [f"garage-{name}" for name in ("collector-1", "collector-2", "balancer-1", "trainer-1", "player-1")]
    assert [child.name for child in children(load(), {"player": 2}, "", tmp_path)] == ["player-1", "player-2"]


def test_every_collector_has_worlds_of_its_own_on_every_machine() -> None:
    for prefix in ("", "garage", "attic"):
        seeds = sorted(one.collector.seed for one in instances(load(), "collector", 99, prefix))
        assert all(later - seed >= 1000 for seed, later in pairwise(seeds))
        assert all(0 <= seed <= 990_000 for seed in seeds)  # evaluation has those from 1,000,000 on
    first = {next(instances(load(), "collector", 1, prefix)).collector.seed for prefix in ("", "garage", "attic")}
    assert len(first) == 3


def test_what_somebody_set_for_all_does_not_make_them_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARLES_COLLECTOR__SEED", "7")
    monkeypatch.setenv("charles_collector__name", "everybody")
    for index, child in enumerate(children(load(), {"collector": 2}, "", tmp_path)):
        with monkeypatch.context() as inside:
            inside.delenv("CHARLES_COLLECTOR__SEED")
            inside.delenv("charles_collector__name")
            for name, value in child._environment.items():
                inside.setenv(name, value)
            assert load().collector.name == f"collector-{index + 1}"
            assert load().collector.seed == 7 + index * 10_000


def test_every_program_has_a_section_with_a_name() -> None:
    assert all(getattr(load(), program.name).name for program in PROGRAMS)
