"""`charles deadletters`, on a real broker."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from confluent_kafka import TopicPartition
from typer.testing import CliRunner

from charles import topics
from charles.avro import codec
from charles.base.limits import KEPT_VALUE_BYTES
from charles.cli import app
from charles.cli.deadletters import since_time
from charles.events import Frame, Sample, now
from charles.kafka.clients import admin, group, name, producer
from charles.kafka.dead_letters import DeadLetters, unwritten
from charles.kafka.schemas import SchemaStore
from charles.kafka.topic_admin import resolve
from charles.settings import Kafka
from charles.topics import Topic
from tests.kafka_tools import read_all
from tests.ports import free_port
from tests.samples import sample

FRAME = Frame("c-1", "run", 7, now(), b"a picture", 4, 3, 0, 0)


def deadletters(kafka: Kafka, *arguments: str | Path) -> tuple[int, str]:
    """The exit code, and everything that was said."""
    env = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "CHARLES_KAFKA__PREFIX": kafka.prefix}
    told = CliRunner().invoke(app, ["deadletters", *map(str, arguments)], env=env | {"COLUMNS": "200"})
    return told.exit_code, told.output


def facts(kafka: Kafka, *arguments: str | Path) -> Any:
    code, told = deadletters(kafka, *arguments, "--json")
    assert code == 0
    return json.loads(told)


def dead(kafka: Kafka, topic: Topic, value: bytes, reason: str, program: str = "balancer", tick: int = 7) -> None:
    """Write a record to a topic, and its dead letter."""
    headers = {"collector": f"c-{tick % 2}", "run": "run", "tick": str(tick)}
    teller, letters = producer(kafka), DeadLetters(kafka, program)
    teller.produce(name(kafka, topic), key="the key", value=value, headers=headers)
    assert teller.flush(10) == 0
    letters.send(max(read_all(kafka, topic), key=lambda message: message.timestamp()[1]), reason)
    assert letters.flush(10) == 0


@pytest.mark.parametrize("command", ["list", "count", "show"])
def test_every_command_helps_with_an_example(command: str) -> None:
    told = CliRunner().invoke(app, ["deadletters", command, "--help"])
    assert told.exit_code == 0
    assert f"charles deadletters {command}" in told.output.split("Example: ")[1]


def test_where_nothing_is_dead_it_says_so(kafka: Kafka) -> None:
    nobody_ran = kafka.model_copy(update={"prefix": "nobody-ran-here"})
    for cluster in (kafka, nobody_ran):
        for command in ("list", "count"):
            assert deadletters(cluster, command) == (0, "There are no dead letters.\n")
    assert facts(kafka, "list") == []
    assert facts(kafka, "count") == {"total": 0, "first": None, "last": None, "groups": []}
    assert deadletters(kafka, "show", "3") == (1, "there is no dead letter 3: the topic has none\n")


def test_the_last_ones_are_listed_with_why_whose_and_where(kafka: Kafka) -> None:
    for tick in range(5):
        dead(kafka, topics.WEIGHTS, b"junk", f"not a chunk: {tick}", tick=tick)
    code, told = deadletters(kafka, "list", "--last", "2")
    assert code == 0
    header, *rows = told.splitlines()
    assert re.split(r"\s{2,}", header.strip()) == [
        *("number", "met", "program", "where", "collector/run/tick", "size", "reason"),
    ]
    assert [re.split(r"\s{2,}", row.strip())[2:] for row in rows] == [
        ["balancer", "weights 0@3", "c-1/run/3", "4", "not a chunk: 3"],
        ["balancer", "weights 0@4", "c-0/run/4", "4", "not a chunk: 4"],
    ]
    assert [one["number"] for one in facts(kafka, "list", "--last", "2")] == [3, 4]


def test_a_list_can_be_of_a_topic_a_program_a_collector_and_a_time(kafka: Kafka) -> None:
    dead(kafka, topics.WEIGHTS, b"junk", "a", program="player", tick=0)
    dead(kafka, topics.TRAINING, b"junk", "b", program="trainer", tick=1)
    before = datetime.now(UTC).isoformat()
    dead(kafka, topics.TRAINING, b"junk", "c", program="player", tick=1)

    def reasons(*filters: str) -> str:
        return "".join(one["reason"] for one in facts(kafka, "list", *filters))

    assert reasons("--topic", "training") == reasons("--topic", name(kafka, topics.TRAINING)) == "bc"
    assert reasons("--program", "player") == "ac"
    assert reasons("--collector", "c-1", "--last", "1") == "c"
    assert reasons("--collector", "c-0", "--last", "1") == "a"
    assert reasons("--collector", "c-1", "--program", "trainer") == "b"
    assert reasons("--since", "10m") == "abc"
    assert reasons("--since", before) == "c"
    assert deadletters(kafka, "list", "--topic", "driving") == (0, "No dead letter matches.\n")


def test_reasons_are_counted_by_topic_and_program(kafka: Kafka) -> None:
    for size in (3, 4, 5):
        dead(kafka, topics.WEIGHTS, b"junk", f"{size} bytes too many")
    dead(kafka, topics.WEIGHTS, b"junk", "3 bytes too many", program="trainer")
    found = facts(kafka, "count")
    assert found["total"] == 4
    assert datetime.fromisoformat(found["first"]) < datetime.fromisoformat(found["last"])
    of_balancer, of_trainer = found["groups"]
    assert (of_balancer["count"], of_balancer["reason"], of_balancer["newest"]) == (3, "N bytes too many", 2)
    assert (of_trainer["count"], of_trainer["reason"], of_trainer["newest"]) == (1, "3 bytes too many", 3)
    code, told = deadletters(kafka, "count")
    assert code == 0
    assert re.search(r"weights +balancer +N bytes too many +3 +2 ", told)
    assert "4 in total, from " in told


def test_one_is_shown_with_everything_and_with_what_it_says_now(kafka: Kafka) -> None:
    SchemaStore(kafka).announce(Frame)
    value = codec.encode(FRAME)
    dead(kafka, topics.FRAMES, value, "unknown schema 1")
    code, told = deadletters(kafka, "show", "0")
    assert code == 0
    for words in (
        "unknown schema 1",
        "c-1/run/7",
        "the key",
        "balancer, ",
        "from the dead letter, which keeps all bytes",
        "a Frame",
    ):
        assert words in told
    assert re.search(r"picture +9 bytes", told)
    assert f"00000000  {value[:16].hex(' ')}" in told
    found = facts(kafka, "show", "0")
    assert (found["key"], found["headers"]["tick"], found["whole"], found["kept"]) == ("the key", "7", True, len(value))
    assert (found["event"], found["says"]["tick"], found["says"]["picture"]) == ("Frame", 7, "9 bytes")
    assert bytes.fromhex(found["begins"]) == value[:256]


def test_a_sample_s_histories_are_shown_as_numbers(kafka: Kafka) -> None:
    SchemaStore(kafka).announce(Sample)
    dead(kafka, topics.BALANCED, codec.encode(sample(history_speed=[1.0, 2.5])), "no picture", "trainer")
    assert facts(kafka, "show", "0")["says"]["history_speed"] == [1.0, 2.5]
    assert "1.0, 2.5" in deadletters(kafka, "show", "0")[1]


def test_a_whole_record_is_saved_as_long_as_it_lies_somewhere(kafka: Kafka, tmp_path: Path) -> None:
    value = os.urandom(KEPT_VALUE_BYTES + 1000)
    dead(kafka, topics.WEIGHTS, value, "not a chunk")
    code, told = deadletters(kafka, "show", "0", "--save", tmp_path / "whole")
    assert code == 0
    assert f"Wrote all 66,536 bytes to {tmp_path / 'whole'}" in told
    assert (tmp_path / "whole").read_bytes() == value

    client = admin(kafka)
    resolve(client.delete_records([TopicPartition(name(kafka, topics.WEIGHTS), 0, 1)]))
    code, told = deadletters(kafka, "show", "0", "--save", tmp_path / "part")
    assert code == 0
    assert "weights 0@0 no longer exists" in told
    assert f"Wrote the first 65,536 of 66,536 bytes to {tmp_path / 'part'}" in told
    assert (tmp_path / "part").read_bytes() == value[:KEPT_VALUE_BYTES]
    assert facts(kafka, "show", "0")["whole"] is False


def test_a_file_that_is_there_is_never_overwritten(kafka: Kafka, tmp_path: Path) -> None:
    dead(kafka, topics.WEIGHTS, b"junk", "not a chunk")
    (tmp_path / "mine").write_text("mine")
    code, told = deadletters(kafka, "show", "0", "--save", tmp_path / "mine")
    assert code == 1
    assert told == f"{tmp_path / 'mine'} already exists and was not changed; choose another file\n"
    assert (tmp_path / "mine").read_text() == "mine"
    code, told = deadletters(kafka, "show", "0", "--save", tmp_path / "nowhere" / "x")
    assert (code, told) == (1, f"{tmp_path / 'nowhere' / 'x'} cannot be written: No such file or directory\n")


def test_a_number_that_is_no_dead_letter_s_names_the_range(kafka: Kafka) -> None:
    teller = producer(kafka, **{"transactional.id": group(kafka, "test")})
    teller.init_transactions(10)
    teller.begin_transaction()
    letter = unwritten("t", "in a transaction", "test", key="k", headers={})
    teller.produce(name(kafka, topics.DEADLETTER), value=codec.encode(letter))
    teller.commit_transaction(10)
    assert facts(kafka, "show", "0")["reason"] == "in a transaction"
    for number in ("1", "7"):
        code, told = deadletters(kafka, "show", number)
        assert code == 1
        assert told.startswith(f"there is no dead letter {number}: numbers run from 0 to 1, with gaps")
        assert len(told.splitlines()) == 1


def test_what_a_terminal_would_obey_is_shown_as_it_is(kafka: Kafka) -> None:
    dead(kafka, topics.WEIGHTS, b"junk", "[/bold] \x1b[31m red")
    for arguments in (("list",), ("count",), ("show", "0")):
        code, told = deadletters(kafka, *arguments)
        assert code == 0
        assert "[/bold] \\x1b[31m red" in told


def test_a_broker_that_is_not_there_is_one_clear_line() -> None:
    nobody = Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}")
    code, told = deadletters(nobody, "count")
    assert code == 1
    assert told.startswith(f"no Kafka broker answers at {nobody.bootstrap_servers}")
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "ago"), [("30s", 30), ("10m", 600), ("1.5h", 5400), ("3d", 259_200), ("10m ago", 600)]
)
def test_since_is_a_while_ago(words: str, ago: int) -> None:
    assert abs(datetime.now(UTC) - timedelta(seconds=ago) - since_time(words)) < timedelta(seconds=5)


def test_since_is_a_time_and_a_local_one_without_a_zone() -> None:
    assert since_time("2030-01-31T12:00:00+02:00") == datetime(2030, 1, 31, 10, tzinfo=UTC)
    assert since_time("2030-01-31T12:00") == datetime(2030, 1, 31, 12).astimezone(UTC)


@pytest.mark.parametrize("words", ["", "yesterday", "m", "10w", "-", "1e999d", "2030-02-31"])
def test_a_since_that_is_no_time_says_what_is_one(words: str) -> None:
    with pytest.raises(
        typer.BadParameter, match=r"is not a valid time: write 2026-01-31T12:00:00 \(local time\), 10m ago"
    ):
        since_time(words)
