"""The trainer's side of the ledger, from heartbeats on a real broker."""

from __future__ import annotations

from typing import Any

from charles import topics
from charles.control.status_topic import all_heartbeats
from charles.events import Status
from charles.ledger.sample_ledger import against, newest_of_trainers
from charles.settings import Kafka
from tests.top.pipeline import publish, status

FIGURES = {"read": 100.0, "expired": 5.0, "surplus": 10.0, "rejected": 1.0, "buffered": 64.0, "drawn": 20.0}


def trainer(model: str = "pilot", lag: int = 30, **figures: float) -> Status:
    return status("trainer", model=model, lag=lag, figures=FIGURES | figures)


def ledger(emitted: int = 120, **figures: float) -> Any:
    (found,) = against(emitted, [trainer(**figures)])
    return found


def test_what_came_is_what_became_of_it_and_the_rest_is_unread() -> None:
    found = ledger()
    assert found.terms == {"unread": 20, "expired": 5, "surplus": 10, "rejected": 1, "buffered": 64, "drawn": 20}
    assert sum(found.terms.values()) == found.emitted
    assert found.adds_up


def test_a_sample_that_vanished_in_the_trainer_is_seen() -> None:
    assert not ledger(drawn=19).adds_up


def test_a_trainer_that_read_more_than_was_emitted_does_not_add_up() -> None:
    assert not ledger(emitted=99).adds_up


def test_the_last_word_of_each_model_s_trainer_counts_though_it_has_ended(kafka: Kafka) -> None:
    ended = status("trainer", model="pilot", state="stopped")
    told = (trainer(drawn=1.0), trainer("other"), status("player", model="pilot"), trainer(), ended)
    publish(kafka, topics.STATUS, *told)
    heard = newest_of_trainers(all_heartbeats(kafka))
    assert [(each.model, each.figures["drawn"]) for each in heard] == [("other", 20.0), ("pilot", 20.0)]


def test_where_there_are_no_topics_yet_nobody_was_heard(broker: str) -> None:
    assert [*all_heartbeats(Kafka(bootstrap_servers=broker, prefix="nobody-ran-here"))] == []
