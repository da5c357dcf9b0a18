"""The local broker: a real single-node Apache Kafka on loopback, with nothing to install first.

`LocalBroker` in `infra.kafka.broker` is the door; `charles kafka` is its command line.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (task, done, total) while a first start downloads and prepares, in any unit."""


class BrokerError(RuntimeError):
    """The broker cannot do what was asked; the message is one line for the user, and says what to do."""


def no_progress(_step: str, _done: int, _total: int) -> None:
    """Ignores progress."""
