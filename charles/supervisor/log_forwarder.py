"""Lines of programs on the terminal, each with its program's name in a colour of its own."""

from __future__ import annotations

import logging
from itertools import cycle

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from charles.base.logs import Lines

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")


class LogForwarder:
    """Writes to standard error, as logs do: it never raises, whatever becomes of it."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._coloured = ColorSystem.STANDARD if Console(stderr=True).color_system else None
        self._colours = cycle(_COLOURS)
        self._styles: dict[str, Style] = {}

    def forward(self, name: str, line: str) -> None:
        """A line of this program."""
        if name not in self._styles:
            self._styles[name] = Style.parse(next(self._colours))
        self._lines.handle(logging.makeLogRecord({"msg": named(name, line, self._styles[name], self._coloured)}))


def named(name: str, line: str, style: Style, colours: ColorSystem | None) -> str:
    """The line with the name coloured where it stands in it, or before it; one as JSON is left as it is."""
    if line.startswith("{"):
        return line
    if name not in line.split()[:2]:
        line = f"{name} {line}"
    return line.replace(name, style.render(name, color_system=colours), 1)
