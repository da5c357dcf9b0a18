"""How commands and programs say what went wrong."""

from __future__ import annotations

import json

import pytest
import typer

import producers.collector
from charles.cli.run_command import clear_errors, load_settings, start
from charles.kafka.clients import BrokerUnavailable


def test_an_exit_that_was_meant_says_nothing_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, clear_errors():
        raise typer.Exit(1)
    assert exit_.value.exit_code == 1
    assert capsys.readouterr() == ("", "")


def test_what_a_person_can_mend_is_one_line_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARLES_KAFKA__PROPERTIES", '{"sasl.password": "hunter2!"}')
    load_settings()
    with pytest.raises(typer.Exit) as exit_, clear_errors():
        raise BrokerUnavailable("the broker refuses hunter2!")
    assert exit_.value.exit_code == 1
    assert capsys.readouterr().err == "the broker refuses ***\n"


def test_what_a_command_never_foresaw_ends_with_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    load_settings()
    with pytest.raises(typer.Exit) as exit_, clear_errors():
        raise ValueError("boom")
    lines = capsys.readouterr().err.splitlines()
    assert exit_.value.exit_code == 1
    assert lines[0].startswith("Traceback")
    assert lines[-1].endswith("charles critical failed: ValueError: boom")


def test_what_a_game_of_somebody_else_s_raises_is_told_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    load_settings()
    for error in (NotImplementedError(), OSError("no such device"), RuntimeError("the engine died")):
        with pytest.raises(typer.Exit), clear_errors():
            raise error
        lines = capsys.readouterr().err.splitlines()
        assert lines[0].startswith("Traceback")
        assert type(error).__name__ in lines[-1]


@pytest.mark.parametrize("form", ["human", "json"])
@pytest.mark.parametrize(
    ("error", "says"),
    [(ValueError("boom"), "failed: ValueError: boom"), (BrokerUnavailable("no broker"), "no broker")],
)
def test_the_last_line_of_a_program_s_log_says_why_it_ended(
    form: str, error: Exception, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def main(_settings: object) -> None:
        raise error

    monkeypatch.setattr(producers.collector, "main", main)
    with pytest.raises(typer.Exit) as exit_:
        start("collect", collector={"name": "c9"}, logs={"format": form})
    *before, last = capsys.readouterr().err.splitlines()
    assert exit_.value.exit_code == 1
    assert bool(before) == (form == "human" and isinstance(error, ValueError))
    if form == "json":
        event = json.loads(last)
        assert (event["program"], event["instance"], event["message"]) == ("collector", "c9", says)
        assert ("traceback" in event) == isinstance(error, ValueError)
    else:
        assert " c9 " in last
        assert last.endswith(says)
