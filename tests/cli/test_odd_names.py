"""Names and words that somebody wrote into topics, through every command that shows them, on a real broker."""

from __future__ import annotations

import pytest

from charles import topics
from charles.config import Config
from charles.events import ConfigChange, now
from charles.kafka.dead_letters import DeadLetters, unwritten
from charles.ledger.tick_ledger import ledger_key
from charles.settings import Kafka
from tests.base.odd_names import ODD_NAMES
from tests.cli.commands import charles
from tests.top.pipeline import ledger, publish, status

COMMANDS = (
    "status", "status --json", "top --once", "ledger", "ledger --json", "config history", "config show", "config diff",
    "deadletters list", "deadletters count", "deadletters show 3", "deadletters list --json",
)  # fmt: skip


def write(kafka: Kafka) -> None:
    """Every odd name wherever a name or a word can stand."""
    letters, replaces = DeadLetters(kafka, "tester"), -1
    for number, name in enumerate(ODD_NAMES.values()):
        told = {"instance": name, "note": name, "host": name, "model": name, "version": name, "outcome": name}
        for program in ("collector", "trainer", "player", "balancer"):
            publish(kafka, topics.STATUS, status(program, **told, command="id", starving=[name], figures={name: 1.0}))
        one = ledger(name, run=name, seen=10, surplus=10, dropped=1, surplus_by={name: 10})
        publish(kafka, topics.BALANCER_STATE, one, key=ledger_key((name, name)))
        document = Config.model_validate({"balance": {"bins": 11 + 2 * number}}).model_dump_json()
        publish(kafka, topics.CONFIG, ConfigChange("pipeline", now(), name, replaces, document))
        replaces = number
        whose = {"collector": name, "run": name, "tick": name, f"x{name}": name}
        letters.send_event(unwritten(name, name, name, key=name, headers=whose, value=name.encode()))
    assert letters.flush(30) == 0


@pytest.mark.slow
def test_they_are_text_and_do_nothing(kafka: Kafka) -> None:
    write(kafka)
    for command in COMMANDS:
        said = charles(kafka, *command.split())
        assert "Traceback" not in said.stderr, (command, said.stderr)
        assert said.returncode in (0, 1), command
        odd = {letter for letter in said.stdout + said.stderr if not letter.isprintable()}
        assert odd <= {"\n"}, (command, odd)
        assert said.stdout.count("\n") > 1, command
