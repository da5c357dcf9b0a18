"""What commands print: tables, and lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

_FILE_WIDTH = 200


def table_console() -> Console:
    """As wide as the terminal. Without a terminal: wide enough for any table, unless a width is given."""
    from charles.base.terminal import TextConsole

    found = TextConsole()
    return found if found.is_terminal or "COLUMNS" in os.environ else TextConsole(width=_FILE_WIDTH)


def say(words: str, *, err: bool = False, fg: str | None = None) -> None:
    """Print a line, or several. err: to standard error; fg: its colour. Names from outside do nothing in it."""
    from charles.base.names import plain

    typer.secho("\n".join(map(plain, words.expandtabs().split("\n"))), err=err, fg=fg)
