"""`charles command`: sends commands to running programs."""

from __future__ import annotations

from typing import Annotated

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings
from charles.programs import BY_HAND, NAMES


def _targets() -> list[str]:
    return [*NAMES, *BY_HAND, "all"]


def _verbs() -> list[str]:
    from charles.control.link import VERBS

    return [*VERBS]


def command_command(
    target: Annotated[
        str, typer.Argument(help="Target: an instance (player-1), a program (player), or all.", autocompletion=_targets)
    ],
    verb: Annotated[
        str, typer.Argument(help="Command: pause, resume, unstuck, checkpoint, reload or stop.", autocompletion=_verbs)
    ],
    deadline: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Seconds to wait for each answer.")
    ] = 10.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation before stopping everything.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcomes as JSON.")] = False,
) -> None:
    """Send a command to running programs and print each outcome.

    Exit code 1 if a program refused, failed, or did not answer in time.

    Example: charles command trainer checkpoint
    """
    with clear_errors():
        import sys

        from charles.control.command_client import give
        from charles.kafka.clients import require_broker

        ask = (target, verb) == ("all", "stop") and not yes and sys.stdin.isatty()
        if ask and not typer.confirm("Stop every program, on every machine?"):
            raise typer.Exit(1)
        kafka = load_settings().kafka
        require_broker(kafka, 3.0)
        answers = []
        for answer in give(kafka, target, verb, deadline):
            answers.append(answer)
            if not as_json:
                say(f"{answer.instance}: {answer.outcome}", fg=None if answer.done else "red")
        if as_json:
            import json
            from dataclasses import asdict

            say(json.dumps([asdict(answer) | {"done": answer.done} for answer in answers], indent=2))
        if not all(answer.done for answer in answers):
            raise typer.Exit(1)
