"""`charles top`: the live view of a running pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from charles.base.shutdown import Stop
    from charles.top.pipeline_view import PipelineView

_DRAW_S = 0.25
_PLAIN_S = 5.0
_CATCH_UP_S = 10.0
_ALL_ROWS = 1000


def top_command(
    once: Annotated[bool, typer.Option("--once", help="Print one view and exit.")] = False,
) -> None:
    """Show a live view of a running pipeline: programs, rates, training and crashes. Ctrl-C ends it.

    If the output is not a terminal, prints one line every five seconds.

    Example: charles top
    """
    with clear_errors():
        from contextlib import closing

        from charles.base.shutdown import Stop
        from charles.base.terminal import TextConsole
        from charles.kafka.clients import require_broker
        from charles.top.pipeline_view import PipelineView

        kafka = load_settings().kafka
        require_broker(kafka, 3.0)
        console, stop = TextConsole(), Stop()
        with closing(PipelineView(kafka)) as watch:
            _catch_up(watch, stop)
            if once:
                _print_once(watch)
            elif console.is_terminal:
                _draw(watch, console, stop)
            else:
                _print_lines(watch, stop)


def _catch_up(watch: PipelineView, stop: Stop) -> None:
    """Read what is there, but wait no longer than a person would."""
    import time

    deadline = time.monotonic() + _CATCH_UP_S
    while not watch.caught_up and not stop() and time.monotonic() < deadline:
        watch.read(0.05)


def _print_once(watch: PipelineView) -> None:
    from charles.base.terminal import TextConsole
    from charles.top.view import view

    TextConsole(height=_ALL_ROWS).print(view(watch))


def _draw(watch: PipelineView, console: Console, stop: Stop) -> None:
    from rich.live import Live

    from charles.top.view import view

    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not stop():
            live.update(view(watch), refresh=True)
            _read(watch, stop, _DRAW_S)


def _print_lines(watch: PipelineView, stop: Stop) -> None:
    from charles.top.view import plain_line

    while not stop():
        say(plain_line(watch))
        _read(watch, stop, _PLAIN_S)


def _read(watch: PipelineView, stop: Stop, seconds: float) -> None:
    import time

    until = time.monotonic() + seconds
    while not stop() and (left := until - time.monotonic()) > 0:
        watch.read(min(left, _DRAW_S))
