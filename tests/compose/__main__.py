"""Brings docker-compose.yml up, kills what runs in it, one after the other, and takes it down again. Needs Docker, and
to be root beside its engine: what runs in a container is killed from the host.

    python -m tests.compose --without grafana

It has a name and ports of its own, so that it disturbs nothing that runs here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from tests.compose import trial
from tests.compose.stack import Failed, Stack


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.compose", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--without", action="append", default=[], metavar="SERVICE", help="leave a service out")
    asked = parser.parse_args()
    console = Console(highlight=False)
    try:
        with _taken_down(Stack(asked.without), console) as stack:
            for line in trial.all_of(stack):
                console.print(line, markup=False, soft_wrap=True)
    except Failed as problem:
        sys.exit(f"FAIL {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _taken_down(stack: Stack, console: Console) -> Iterator[Stack]:
    """The stack, and nothing of it afterwards; its logs where something failed. Raises Failed for what is left."""
    stack.down()  # what a trial that was killed itself may have left
    try:
        yield stack
    except Failed:
        console.print(stack.compose("logs", "--tail", "10"), markup=False, soft_wrap=True)
        console.print(stack.compose("ps", "--all"), markup=False, soft_wrap=True)
        raise
    finally:
        stack.down()
    if left := stack.left():
        raise Failed(f"down left {', '.join(left)}")
    console.print("down: nothing is left")


if __name__ == "__main__":
    main()
