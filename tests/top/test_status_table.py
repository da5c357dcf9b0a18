"""The table of `charles status`."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from charles.events import now
from charles.top.status_table import status_table
from tests.top.pipeline import member, trainer


def lines(width: int) -> list[str]:
    programs = [
        member(epoch=3, command="pause-1f", outcome="done"),
        trainer(note="batch 321; player-1 drives with 300 [/b] (12 s old)", lag=1234),
        member("player", ago_s=7),
    ]
    console = Console(width=width, file=StringIO())
    with console.capture() as captured:
        console.print(status_table(programs, now(), width, patience_s=5.0))
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [80, 110, 200])
def test_it_fits_and_nothing_of_importance_is_missing(width: int) -> None:
    found = lines(width)
    text = " ".join(" ".join(found).split())
    assert max(map(len, found)) <= width
    for words in (
        "● running",
        "● silent 7 s",
        "pause-1f: done",
        "pilot@321",
        "1,234",
        "drives with 300 [/b] (12 s old)",
    ):
        assert words in text


def test_a_wide_terminal_has_one_row_for_each_program() -> None:
    assert [line.split()[0] for line in lines(200)] == ["program", "collector-1", "trainer-1", "player-1"]
    assert "here" in lines(200)[1]
