"""The ledger, read back from a real broker."""

from __future__ import annotations

from charles import topics
from charles.kafka.clients import name, producer
from charles.ledger.tick_ledger import ledger_key, oddities, read, read_with_strays, total
from charles.settings import Kafka
from tests.base.odd_names import ODD_NAMES
from tests.top.pipeline import ledger, publish, status


def test_where_there_are_no_topics_yet_nothing_was_balanced(broker: str) -> None:
    ledgers = read(Kafka(bootstrap_servers=broker, prefix="nobody-ran-here"))
    assert ledgers == []
    assert total(ledgers).adds_up


def test_no_two_runs_share_a_line_whatever_they_are_called(kafka: Kafka) -> None:
    runs = [(collector, run) for collector in ODD_NAMES.values() for run in ("run", collector)]
    for number, (collector, run) in enumerate(runs):
        publish(kafka, topics.BALANCER_STATE, ledger(collector, run=run, seen=number), key=ledger_key((collector, run)))
    assert {(each.collector, each.run): each.seen for each in read(kafka)} == {
        run: number for number, run in enumerate(runs)
    }


def test_what_somebody_else_wrote_there_is_passed_by(kafka: Kafka) -> None:
    publish(kafka, topics.BALANCER_STATE, ledger(seen=5), key="ledger/collector-1/run")
    publish(kafka, topics.BALANCER_STATE, ledger(seen=6), key="ledger/somebody/run")
    for number, odd in enumerate(({"repeats": 2**63 - 1}, {"latencies": [1] * 60}, {"missing": -1}, {"settled": -2})):
        publish(kafka, topics.BALANCER_STATE, ledger(f"odd-{number}", **odd), key=f"ledger/odd-{number}/run")
    stranger = producer(kafka)
    for key, value in ((b"ledger/a/b/c", b"junk"), (b"ledger/\xff", b"junk"), (b"\xff", None), (None, b"junk")):
        stranger.produce(name(kafka, topics.BALANCER_STATE), value, key)
    assert stranger.flush(30) == 0
    ledgers, strays = read_with_strays(kafka)
    assert [(each.collector, each.seen) for each in ledgers] == [("collector-1", 5)]
    assert strays == 7


def test_what_the_sum_does_not_say_is_said_beside_it() -> None:
    assert oddities([ledger(), ledger("collector-2")], [status()]) == []
    assert oddities([ledger(dropped=3), ledger(run="later", dropped=2)], [status(figures={"dropped": 474.0})]) == [
        "collector-1 dropped 474 ticks, which never reached Kafka; its log says why"
    ]
    apart = [ledger(seen=300, surplus=300), ledger(seen=600, missing=300, surplus=300)]
    (words,) = oddities(apart, [])
    assert words == "collector-1, run run is in 2 partitions; each partition is missing the ticks of the others"
    (words,) = oddities([ledger(seen=450, surplus=450), ledger(seen=450, missing=360, surplus=90)], [])
    assert words.endswith("; at least 90 ticks of it came twice, and may be learned twice")
