"""python -m charles: the `charles` command."""

from charles.cli import app

app()
