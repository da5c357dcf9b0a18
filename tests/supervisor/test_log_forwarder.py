"""Lines of several programs on one terminal."""

from __future__ import annotations

import pytest
from rich.color import ColorSystem
from rich.style import Style

from charles.supervisor.log_forwarder import LogForwarder, named

RED = Style(color="red")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("12:00:00 one info     ready", "12:00:00 one info     ready"),
        ("Segmentation fault", "one Segmentation fault"),
        ('{"instance": "one"}', '{"instance": "one"}'),
    ],
)
def test_every_line_says_whose_it_is_once(line: str, shown: str) -> None:
    assert named("one", line, RED, None) == shown


def test_the_name_has_its_colour_on_a_terminal() -> None:
    assert named("one", "12:00:00 one info", RED, ColorSystem.STANDARD) == "12:00:00 \x1b[31mone\x1b[0m info"


def test_there_are_no_colours_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    LogForwarder().forward("one", "ready")
    assert capsys.readouterr().err == "one ready\n"
