"""How commands run: settings, logging, and errors shown as one line."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import typer

from charles.base import logs
from charles.cli.printing import say
from charles.programs import MODULES, PROGRAMS

if TYPE_CHECKING:
    from charles.settings import Settings


log = logging.getLogger(__name__)


@contextmanager
def clear_errors(tell: Callable[[str], None] | None = None) -> Iterator[None]:
    """Errors that a person can fix are shown as one line, without a traceback; the exit code is the error's own, or 1.

    tell: prints the line; None: to standard error. Unforeseen errors are logged with their traceback.
    """
    try:
        yield
    except typer.Exit:
        raise  # said on purpose, and a RuntimeError only by descent
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:  # whoever read it has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(1) from None
    except Exception as error:
        if _can_be_mended(error):
            (tell or _tell)(_words(error))
        else:
            logs.failed(error)
        raise typer.Exit(getattr(error, "exit_code", 1)) from None


def load_settings(**overrides: Any) -> Settings:
    """The settings, with the command line's values on top; None means "not given". Warnings are logged
    as these settings say."""
    from charles.settings import load

    _spare_loopback()
    settings = load(**overrides)
    logs.set_up(settings.logs, settings.redactor, "charles", "charles", least=logging.WARNING)
    return settings


def _spare_loopback() -> None:
    """Whatever proxy the environment names, what is on this machine is asked without it."""
    for variable in ("NO_PROXY", "no_proxy"):
        spared = [name for name in os.environ.get(variable, "").split(",") if name.strip()]
        os.environ[variable] = ",".join(dict.fromkeys([*spared, "127.0.0.1", "localhost", "::1"]))


def start(verb: str, **overrides: Any) -> None:
    """Run the program that a command starts until it ends. What becomes of it stands in its log."""
    from charles.base.shutdown import listen_to_supervisor

    listen_to_supervisor()
    with clear_errors():
        settings = load_settings(**overrides)
    program = next(program.name for program in PROGRAMS if program.verb == verb)
    logs.set_up(settings.logs, settings.redactor, program, getattr(settings, program).name)
    _begin_journal(settings, program)
    with clear_errors(log.error), metrics_offered(settings, program):
        main_of(verb)(settings)


def _begin_journal(settings: Settings, program: str) -> None:
    """Note which record the program reads, so that one that ends it twice is found."""
    from charles.base.names import file_name
    from charles.kafka.process_state import process
    from charles.kafka.reading_journal import ReadingJournal

    instance = getattr(settings, program).name
    whose = file_name(f"{settings.kafka.prefix} {program} {instance}").replace("%20", " ")
    process.journal = ReadingJournal(settings.run.journals / f"{whose}.journal")


@contextmanager
def metrics_offered(settings: Settings, program: str) -> Iterator[None]:
    """Let Prometheus read the program's metrics while this lasts, if settings.metrics names a port."""
    from charles.kafka.process_state import process
    from charles.metrics.http_server import served
    from charles.metrics.librdkafka_stats import EVERY_S

    with served(settings.metrics.host, settings.metrics.port, program, settings.kafka.prefix) as page:
        if page is not None:
            process.status_sinks.append(page.status)
            process.status_sinks.append(lambda _status: process.poll_measured())  # librdkafka speaks out of a poll
            process.tell_statistics(page.librdkafka, EVERY_S)
        yield


def run_by_hand(command: str, *arguments: Any, overrides: dict[str, dict[str, Any]], **wanted: Any) -> None:
    """Run a piece of work that ends by itself and sets up its own log."""
    from charles.base.shutdown import listen_to_supervisor

    listen_to_supervisor()
    with clear_errors():
        main_of(command)(load_settings(**overrides), *arguments, **wanted)


def main_of(command: str) -> Callable[..., Any]:
    """The main() that a command starts; the table of programs names its module, which nothing here imports."""
    import importlib

    return cast(Callable[..., Any], importlib.import_module(MODULES[command]).main)


def _tell(words: str) -> None:
    say(logs.redacted(words), fg="red", err=True)


def _can_be_mended(error: Exception) -> bool:
    """Whether the error is about the world, and says so in its message, rather than about this program."""
    from confluent_kafka import KafkaException

    from charles.settings import ConfigError

    if isinstance(error, ConfigError | KafkaException):
        return True
    if type(error).__module__.partition(".")[0] in logs.OURS and isinstance(error, RuntimeError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return True
    return isinstance(error, OSError | RuntimeError) and _raised_by_us(error)


def _raised_by_us(error: Exception) -> bool:
    """Whether it came out of our code, or of Python's own under it. What somebody's game or a library raises is not
    about the world, and needs its traceback."""
    import sysconfig
    import traceback
    from pathlib import Path

    standard, here = sysconfig.get_paths()["stdlib"], Path(__file__).parents[2]
    for frame, _line in reversed([*traceback.walk_tb(error.__traceback__)]):
        file = frame.f_code.co_filename
        if file.startswith("<") or (file.startswith(standard) and "site-packages" not in file):
            continue
        return any(Path(file).is_relative_to(here / room) for room in logs.OURS)
    return True


def _words(error: Exception) -> str:
    from confluent_kafka import KafkaException

    if isinstance(error, KafkaException):
        return f"the cluster refuses: {error.args[0].str()}"
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
