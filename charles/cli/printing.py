"""What commands print: tables, and lines."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

_FILE_WIDTH = 200


def table_console() -> Console:
    """As wide as the terminal. Without a terminal: wide enough for any table, unless a width is given."""
    from charles.base.terminal import TextConsole

    _show_what_can_be_shown()
    found = TextConsole()
    return found if found.is_terminal or "COLUMNS" in os.environ else TextConsole(width=_FILE_WIDTH)


def say(words: str, *, err: bool = False, fg: str | None = None, bold: bool = False) -> None:
    """Print a line, or several. err: to standard error; fg: its colour. Names from outside do nothing in it."""
    from charles.base.names import plain_lines

    _show_what_can_be_shown()
    typer.secho(plain_lines(words.expandtabs()), err=err, fg=fg, bold=bold)


def _show_what_can_be_shown() -> None:
    """A question mark stands for what this terminal or file has no letter for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
