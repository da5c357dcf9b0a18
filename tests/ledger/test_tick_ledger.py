"""The ledger, read back from a real broker."""

from __future__ import annotations

from charles.ledger.tick_ledger import read, total
from charles.settings import Kafka


def test_where_there_are_no_topics_yet_nothing_was_balanced(broker: str) -> None:
    ledgers = read(Kafka(bootstrap_servers=broker, prefix="nobody-ran-here"))
    assert ledgers == []
    assert total(ledgers).adds_up
