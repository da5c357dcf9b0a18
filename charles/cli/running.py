"""How commands run: settings, logging, and errors as one clear line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from charles.settings import Settings


@contextmanager
def clear_errors() -> Iterator[None]:
    """What a person can mend is told in one line, without a traceback; the exit code is the error's own, or 1."""
    try:
        yield
    except typer.Exit:
        raise  # said on purpose, and a RuntimeError only by descent
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:
        if not _can_be_mended(error):
            raise
        typer.secho(_words(error), fg="red", err=True)
        raise typer.Exit(getattr(error, "exit_code", 1)) from None


def load_settings(**overrides: Any) -> Settings:
    """The settings, with the command line's values on top; None means "not given"."""
    from charles.settings import load

    return load(**overrides)


def start(module: str, **overrides: Any) -> None:
    """Run a program until it ends."""
    import importlib

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with clear_errors():
        importlib.import_module(module).main(load_settings(**overrides))


def _can_be_mended(error: Exception) -> bool:
    """Whether the error is about the world, and says so in its message, rather than about this program."""
    from confluent_kafka import KafkaException

    from charles.settings import ConfigError

    return isinstance(error, OSError | RuntimeError | ConfigError | KafkaException)


def _words(error: Exception) -> str:
    from confluent_kafka import KafkaException

    if isinstance(error, KafkaException):
        return f"the cluster refuses: {error.args[0].str()}"
    return str(error) or type(error).__name__
