"""The annotator between a real broker and a server that answers as Grafana does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import TopicPartition

from charles import topics
from charles.events import Status, now
from charles.kafka.clients import consumer, name
from charles.kafka.publisher import Publisher
from charles.settings import Grafana, Kafka
from tests.consumers.annotator.test_story import beat, letter
from tests.grafana_double import PASSWORD, Double, serving
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.programs import configure, heard, running, stop


def soon(happens: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def texts(double: Double) -> list[str]:
    return [one["text"] for one in double.annotations]


def publish(kafka: Kafka, *statuses: Status) -> None:
    publisher = Publisher(kafka, Status)
    for status in statuses:
        publisher.send(topics.STATUS, status, status.instance)
    assert publisher.flush() == 0


def broken(count: float, instance: str = "balancer-7") -> Status:
    return beat(instance, time=now(), figures={"broken_ledgers": count})


def committed(kafka: Kafka, topic: topics.Topic) -> int:
    [place] = consumer(kafka, "annotator").committed([TopicPartition(name(kafka, topic), 0)], timeout=10)
    return int(place.offset)


def grafana_of(settings: Grafana) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude_none=True)


def test_what_happens_is_written_as_it_happens_and_never_twice(kafka: Kafka) -> None:
    double = Double()
    before = configure(kafka, {"balance": {"bins": 11}})
    with serving(double) as settings:
        with running("annotate", kafka, grafana=grafana_of(settings)):
            soon(lambda: double.annotations)
            assert double.annotations[0]["time"] == int(before.time.timestamp() * 1000)  # type: ignore[union-attr]
            publish(kafka, broken(1))
            soon(lambda: len(double.annotations) == 2)
        configure(kafka, {"balance": {"bins": 13}})
        with running("annotate", kafka, grafana=grafana_of(settings)) as process:
            soon(lambda: len(double.annotations) == 3)
            publish(kafka, broken(1), broken(0))
            soon(lambda: len(double.annotations) == 4)
            process.kill()  # without a farewell
        publish(kafka, broken(2))
        with running("annotate", kafka, grafana=grafana_of(settings)):
            soon(lambda: len(double.annotations) == 5)
    assert "balance.bins 21 -&gt; 11" in texts(double)[0]
    assert "balance.bins 11 -&gt; 13" in texts(double)[2]
    assert [text.partition(";")[0] for text in texts(double) if "balancer-7" in text] == [
        "balancer-7: 1 ledger does not add up",
        "balancer-7: every ledger adds up again",
        "balancer-7: 2 ledgers do not add up",
    ]


def test_while_grafana_is_away_it_waits_says_so_and_loses_nothing(kafka: Kafka) -> None:
    double, port = Double(), free_port()
    away = Grafana(url=f"http://127.0.0.1:{port}", password=PASSWORD)
    configure(kafka, {"balance": {"bins": 11}})
    with running("annotate", kafka, grafana=grafana_of(away)):
        status = heard(kafka, lambda status: status.program == "annotator" and status.state == "waiting")
        assert "no Grafana answers at" in status.note
        publish(kafka, broken(1), broken(0))
        with serving(double, port):
            soon(lambda: len(double.annotations) == 3)
        publish(kafka, broken(3))
        with serving(double, port):
            soon(lambda: len(double.annotations) == 4)


def test_it_can_be_stopped_while_grafana_is_away_and_tells_the_rest_later(kafka: Kafka) -> None:
    double, port = Double(), free_port()
    away = Grafana(url=f"http://127.0.0.1:{port}", password=PASSWORD)
    configure(kafka, {"balance": {"bins": 11}})
    with running("annotate", kafka, grafana=grafana_of(away)) as process:
        heard(kafka, lambda status: status.program == "annotator" and status.state == "waiting")
        stop(process)
    with serving(double, port), running("annotate", kafka, grafana=grafana_of(away)):
        soon(lambda: len(double.annotations) == 1)


def test_an_answer_that_was_lost_repeats_nothing(kafka: Kafka) -> None:
    double = Double()
    configure(kafka, {"balance": {"bins": 11}})
    with serving(double) as settings:
        written = double.answer

        def loses_the_first_answer(method: str, *rest: Any) -> Any:
            answer = written(method, *rest)
            if method == "POST" and double.asked == 2:
                return 502, {"message": "the answer is lost"}
            return answer

        double.answer = loses_the_first_answer  # type: ignore[method-assign]
        with running("annotate", kafka, grafana=grafana_of(settings)):
            soon(lambda: committed(kafka, topics.CONFIG) == 1)
    assert double.asked >= 3
    assert len(double.annotations) == 1


def test_where_grafana_refuses_it_ends_and_what_it_could_not_tell_waits(kafka: Kafka) -> None:
    double = Double()
    configure(kafka, {"balance": {"bins": 11}})
    with serving(double) as settings:
        wrong = grafana_of(settings) | {"password": "guessed"}
        with running("annotate", kafka, grafana=wrong, ends_with=1) as process:
            assert process.wait(PATIENCE_S) == 1
        failed = heard(kafka, lambda status: status.program == "annotator" and status.state == "failed")
        assert "answers 401" in failed.note
        assert "guessed" not in failed.note
        with running("annotate", kafka, grafana=grafana_of(settings)):  # of its own end it tells too
            soon(lambda: any("balance.bins" in text for text in texts(double)))


def test_a_record_that_cannot_be_read_is_passed_over(kafka: Kafka) -> None:
    double = Double()
    publisher = Publisher(kafka)
    publisher.send_bytes(topics.STATUS, "nobody", b"no avro at all")
    publisher.flush()
    with serving(double) as settings, running("annotate", kafka, grafana=grafana_of(settings)):
        publish(kafka, broken(1))
        soon(lambda: len(double.annotations) == 1)


def test_dead_letters_are_told(kafka: Kafka) -> None:
    double = Double()
    publisher = Publisher(kafka)
    publisher.announce(type(letter("")))
    publisher.send(topics.DEADLETTER, letter("no picture"), "charles.frames")
    publisher.flush()
    with serving(double) as settings, running("annotate", kafka, grafana=grafana_of(settings)):
        soon(lambda: texts(double) == ["dead letters of charles.frames from the balancer: no picture"])
