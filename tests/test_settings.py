"""Where settings come from, and what a wrong one says. Pure."""

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
    assert load().train.batch == 32
    toml("[train]\nbatch = 8\nbuffer = 100\nkeep_full = 0.5\n")
    assert load().train.batch == 8
    monkeypatch.setenv("CHARLES_TRAIN__BATCH", "16")
    monkeypatch.setenv("CHARLES_TRAIN__BUFFER", "200")
    assert load().train.batch == 16
    mixed = load(train={"batch": 64}).train
    assert (mixed.batch, mixed.buffer, mixed.keep_full, mixed.learning_rate) == (64, 200, 0.5, 5e-4)


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
        ({"train": {"batch": "many"}}, ["train.batch", "valid integer", "'many'"]),
        ({"train": {"batch": 3}}, ["train.batch", "multiple of 2", "3"]),
        ({"kafka": {"prefix": "a b"}}, ["kafka.prefix", "pattern", "'a b'", "of topics, groups and transactions"]),
        ({"collect": {"pace": "fast"}}, ["collect.pace", "'real' or 'max'", "'fast'"]),
        ({"collect": {"seed": 1_000_000}}, ["collect.seed", "less than 1000000"]),
        ({"collect": {"sead": 1}}, ["collect.sead: no such setting", "collect accepts:", "seed"]),
        ({"colect": {"seed": 1}}, ["colect: no such setting", "charles accepts: kafka, ", "collect"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_accepts(given: dict[str, dict[str, object]], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(**given)
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_file_and_a_wrong_variable_say_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLES_PLAY__PUBLISH_HZ", "31")
    with pytest.raises(ConfigError, match=r"play\.publish_hz.*less than or equal to 30"):
        load()
    monkeypatch.delenv("CHARLES_PLAY__PUBLISH_HZ")
    toml("[train\n")
    with pytest.raises(ConfigError, match=r"charles\.toml is not TOML"):
        load()


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(train={"batch": 0}, demo={"collectors": 0})
    assert len(str(caught.value).splitlines()) == 2


def test_a_started_program_gets_the_very_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    toml("[train]\nbatch = 8\n")
    settings = load(kafka={"prefix": "x", "properties": {"security.protocol": "SSL"}}, collect={"seed": 5})
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    toml("[train]\nbatch = 2\n")
    assert load() == settings
