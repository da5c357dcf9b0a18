"""`charles config`, as a person uses it, on a real broker."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from charles.cli import app
from charles.kafka.clients import admin
from charles.settings import Kafka


@pytest.fixture
def config(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("CHARLES_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("CHARLES_KAFKA__PREFIX", kafka.prefix)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["config", *arguments])

    return run


def test_what_was_set_is_shown_beside_its_default(config) -> None:
    told = config("set", "balance.bins=11", "play.swap=at once")
    assert told.exit_code == 0
    assert "balance.bins: 21 -> 11" in told.output
    shown = config("show", "balance").output
    (line,) = [line.split() for line in shown.splitlines() if line.startswith("balance.bins ")]
    assert line == ["balance.bins", "11", "21"]
    assert "play.swap" not in shown


def test_json_has_the_epoch_and_every_field(config) -> None:
    config("set", "balance.bins=11")
    shown = json.loads(config("show", "--json").output)
    assert (shown["epoch"], shown["fields"]["balance.bins"], shown["fields"]["train.batch"]) == (0, 11, 32)


def test_the_history_says_what_changed_and_an_old_epoch_can_be_shown(config) -> None:
    assert "the defaults apply" in config("history").output
    config("set", "balance.bins=11")
    config("set", "balance.bins=5", "train.batch=64")
    first, second = json.loads(config("history", "--json").output)
    assert first["fields"] == {"balance.bins": {"old": 21, "new": 11}}
    assert set(second["fields"]) == {"balance.bins", "train.batch"}
    assert json.loads(config("show", "--epoch", "0", "--json").output)["fields"]["balance.bins"] == 11
    assert json.loads(config("diff", "0", "--json").output)["fields"] == second["fields"]
    assert "balance.bins: 21 -> 5" in config("diff").output


def test_what_holds_already_is_not_set_again(config) -> None:
    assert "Nothing to change" in config("set", "balance.bins=21").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "balance.bins=4"], "balance.bins: must be odd, not 4"),
        (["set", "bins=5"], "bins: no such setting; charles accepts: game, outputs"),
        (["show", "bins"], "bins: no such field or section; choose from: game, outputs"),
        (["show", "--epoch", "7"], "there is no epoch 7; choose from: -1"),
    ],
)
def test_a_mistake_is_one_clear_line(config, arguments: list[str], words: str) -> None:
    told = config(*arguments)
    assert told.exit_code == 1
    assert told.output.startswith(words)
    assert len(told.output.splitlines()) == 1


def test_a_game_that_is_not_installed_here_is_set_with_a_word_of_warning(config) -> None:
    told = config("set", "game=citty")
    assert told.exit_code == 0
    assert "no game 'citty' is installed here; installed: carracing, city" in told.output


@pytest.mark.parametrize("command", ["show", "history", "diff", "show train --json"])
def test_to_look_creates_nothing(broker: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLES_KAFKA__BOOTSTRAP_SERVERS", broker)
    monkeypatch.setenv("CHARLES_KAFKA__PREFIX", "mistyped")
    told = CliRunner().invoke(app, ["config", *command.split()])
    assert told.exit_code == 0, told.output
    assert "There are no topics mistyped.* at" in told.output
    topics = admin(Kafka(bootstrap_servers=broker)).list_topics(timeout=10).topics
    assert not [topic for topic in topics if topic.startswith("mistyped")]
