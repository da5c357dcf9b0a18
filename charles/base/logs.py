"""Logs on standard error: one line per event, for people or as JSON for machines, without secrets.

    21:05:03 balancer-1 warning  restarting from the last transaction
    {"time": "2026-01-31T20:05:03.120Z", "level": "warning", "program": "balancer", "instance": "balancer-1", ...}

Nothing here ever raises: a full disk or a closed pipe loses log lines but does not stop the program.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import threading
import time
from contextlib import suppress
from typing import Any, Protocol, TextIO

from charles.base.names import plain
from charles.base.redaction import Redactor
from charles.base.time_format import iso, local_clock, of_ms

OURS = ("charles", "producers", "stream_jobs", "consumers", "infra")
_COLOURS = {"debug": "2", "warning": "33", "error": "31", "critical": "1;31"}
_NOT_FIELDS = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
_ELSEWHERE_S = 5.0

log = logging.getLogger(__name__)
_bound: dict[str, Any] = {}
_redactor = Redactor()


class LogSettings(Protocol):
    """settings.logs. format: human or json; level: debug, info, warning or error, of what is ours."""

    @property
    def format(self) -> str: ...

    @property
    def level(self) -> str: ...


def set_up(wanted: LogSettings, redactor: Redactor, program: str, instance: str, least: int = logging.DEBUG) -> None:
    """Set up the log of this process, without the redactor's secrets.

    least: minimum level of events, whatever the settings say.
    """
    global _redactor
    _redactor = redactor
    _bound.clear()
    root, level = logging.getLogger(), max(getattr(logging, wanted.level.upper()), least)
    for handler in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(handler)
    handler = Lines()
    handler.setFormatter(Json(program, instance) if wanted.format == "json" else Human(instance))
    root.addHandler(handler)
    root.setLevel(max(level, logging.INFO))  # libraries have much to say to their own authors
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed


def bind(**fields: Any) -> None:
    """Add these fields, such as run, to every event from now on."""
    _bound.update(fields)


def redacted(text: str) -> str:
    """The text without the secrets of the settings."""
    return _redactor(text)


def failed(error: BaseException) -> None:
    """Log an unforeseen error: the traceback, and as the last line what happened."""
    words = " ".join(str(error).split())
    log.critical("failed: %s", f"{type(error).__name__}: {words}" if words else type(error).__name__, exc_info=error)


class Lines(logging.Handler):
    """Writes to standard error, unbuffered, and ignores failures."""

    _torn = False
    """Whether the last line was written only in part."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):  # nobody is left who could be told
            self._write(self.format(record))

    def _write(self, text: str) -> None:
        out = sys.stderr
        if out is None:  # closed before the program began
            return
        if out.isatty():
            text = "\r\x1b[K" + text  # over the line that tells the progress
        whole = ("\n" * self._torn + text + "\n").encode(out.encoding, "backslashreplace")
        raw, rest = getattr(out.buffer, "raw", out.buffer), memoryview(whole)
        try:
            while rest and (written := raw.write(rest)):  # None: a pipe that is full, and nobody waits for it
                rest = rest[written:]
        finally:
            if len(rest) < len(whole):
                self._torn = bool(rest)


class Human(logging.Formatter):
    """Time, instance, level, message. A traceback comes before its message, so the last line of a log says what
    happened."""

    def __init__(self, instance: str) -> None:
        super().__init__()
        self._instance = instance

    def format(self, record: logging.LogRecord) -> str:
        clock, level = local_clock(of_ms(1000 * record.created)), record.levelname.lower()
        message = plain("; ".join(filter(None, map(str.strip, redacted(record.getMessage()).splitlines()))))
        line = _coloured(redacted(f"{clock} {self._instance} {level:8} {message}"), level)
        if not record.exc_info:
            return line
        traceback = redacted(self.formatException(record.exc_info)).splitlines()
        return "\n".join([*map(plain, traceback), line])


class Json(logging.Formatter):
    """One object per line; a traceback is one of its fields."""

    def __init__(self, program: str, instance: str) -> None:
        super().__init__()
        self._who = {"program": program, "instance": instance}

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "time": iso(int(1000 * record.created)),
            "level": record.levelname.lower(),
            **self._who,
            "logger": record.name,
            "message": record.getMessage(),
        }
        event |= _bound | {name: value for name, value in vars(record).items() if name not in _NOT_FIELDS}
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: _plain(value) for name, value in event.items()})


class ProgressLine:
    """Progress: one line that is rewritten on a terminal, or an event every five seconds elsewhere."""

    def __init__(self, log: logging.Logger, terminal_s: float, out: TextIO | None = None) -> None:
        """terminal_s: seconds between two updates."""
        self._log = log
        self._out = out or sys.stdout
        self._terminal = self._out is not None and self._out.isatty()
        self._period = terminal_s if self._terminal else _ELSEWHERE_S
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time to show() again."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._period
        return True

    def show(self, words: str, **fields: Any) -> None:
        """fields: of the event."""
        if not self._terminal:
            self._log.info("%s", words, extra=fields)
            return
        try:
            self._out.write(f"\r{words}\x1b[K")
            self._out.flush()
        except OSError:  # the terminal is gone, the work goes on
            self._terminal = False

    def clear(self) -> None:
        """Clear the line before something else is written to the terminal."""
        if self._terminal:
            self.show("")


def _coloured(line: str, level: str) -> str:
    """The line with its level in colour, on a terminal."""
    watched = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    if not watched or level not in _COLOURS:
        return line
    return line.replace(f" {level} ", f" \x1b[{_COLOURS[level]}m{level}\x1b[0m ", 1)


def _plain(value: Any) -> Any:
    """A field as JSON knows it, without secrets."""
    known = value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
    return value if known else redacted(str(value))


def _thread_failed(problem: threading.ExceptHookArgs) -> None:
    if problem.exc_value is not None:
        failed(problem.exc_value)
