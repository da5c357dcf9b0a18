"""Where a program's own settings come from, and what a wrong one says. Pure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from charles.settings import ConfigError, environment, load


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("CHARLES_") or name == "KAFKA_BOOTSTRAP_SERVERS":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def toml(text: str) -> None:
    Path("charles.toml").write_text(text, encoding="utf-8")


def test_arguments_go_before_the_environment_before_the_file_before_the_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load().collector.seed == 1
    toml("[collector]\nseed = 8\nmemory_mb = 100\nname = 'garage'\n")
    assert load().collector.seed == 8
    monkeypatch.setenv("CHARLES_COLLECTOR__SEED", "16")
    monkeypatch.setenv("CHARLES_COLLECTOR__MEMORY_MB", "200")
    assert load().collector.seed == 16
    mixed = load(collector={"seed": 64}).collector
    assert (mixed.seed, mixed.memory_mb, mixed.name, mixed.game) == (64, 200, "garage", None)


def test_an_argument_that_was_not_given_changes_nothing() -> None:
    toml('[kafka]\nprefix = "mine"\n')
    assert load(kafka={"prefix": None}).kafka.prefix == "mine"


def test_kafka_bootstrap_servers_goes_before_the_default_only() -> None:
    code = "from charles.settings import load; print(load().kafka.bootstrap_servers)"
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "there:1"}

    def servers() -> str:
        """Of a program of its own: the variable is read when a program starts."""
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        ).stdout.strip()

    assert servers() == "there:1"
    toml('[kafka]\nbootstrap_servers = "file:1"\n')
    assert servers() == "file:1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"collector": {"memory_mb": "many"}}, ["collector.memory_mb", "valid integer", "'many'"]),
        (
            {"kafka": {"prefix": "a b"}},
            ["kafka.prefix", "pattern", "'a b'", "prefix of topics, groups and transactional ids"],
        ),
        ({"collector": {"pace": "fast"}}, ["collector.pace", "'real' or 'max'", "'fast'"]),
        ({"collector": {"seed": 1_000_000}}, ["collector.seed", "less than 1000000"]),
        ({"collector": {"sead": 1}}, ["collector.sead: no such setting", "collector accepts:", "seed"]),
        ({"colector": {"seed": 1}}, ["colector: no such setting", "charles accepts: kafka, ", "collector"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_accepts(given: dict[str, dict[str, object]], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(**given)
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_file_and_a_wrong_variable_say_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLES_PLAYER__PUBLISH_HZ", "31")
    with pytest.raises(ConfigError, match=r"player\.publish_hz.*less than or equal to 30"):
        load()
    monkeypatch.setenv("CHARLES_PLAYER__PUBLISH_HZ", "30")
    monkeypatch.setenv("CHARLES_PLEYER__PUBLISH_HZ", "30")
    with pytest.raises(ConfigError, match=r"pleyer: no such setting; charles accepts: .*player"):
        load()
    monkeypatch.delenv("CHARLES_PLEYER__PUBLISH_HZ")
    toml("[player\n")
    with pytest.raises(ConfigError, match=r"charles\.toml is not valid TOML"):
        load()


def test_what_the_whole_pipeline_agrees_on_is_no_programs_own_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLES_TRAIN__BUFFER", "100")
    with pytest.raises(
        ConfigError, match=r"train\.buffer is .* the whole pipeline: change it with `charles config set train\.buffer="
    ):
        load()
    monkeypatch.delenv("CHARLES_TRAIN__BUFFER")
    toml("[balance]\nbins = 11\n")
    with pytest.raises(ConfigError, match=r"`charles config set balance\.bins="):
        load()
    toml("epoch = 7\n")
    with pytest.raises(ConfigError, match="epoch: no such setting"):
        load()


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(player={"seed": -1}, demo={"collectors": 0})
    assert len(str(caught.value).splitlines()) == 2


def test_a_started_program_gets_the_very_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    toml("[player]\nseed = 8\n")
    settings = load(kafka={"prefix": "x", "properties": {"security.protocol": "SSL"}}, collector={"seed": 5})
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    toml("[player]\nseed = 2\n")
    assert load() == settings
