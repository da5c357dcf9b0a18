"""How commands say what went wrong."""

from __future__ import annotations

import pytest
import typer

from charles.cli.running import clear_errors


def test_an_exit_that_was_meant_says_nothing_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, clear_errors():
        raise typer.Exit(1)
    assert exit_.value.exit_code == 1
    assert capsys.readouterr() == ("", "")
