"""The alarm when a ledger does not add up."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from charles.balancing.ledger_audit import LedgerAudit
from tests.top.pipeline import ledger

RIGHT = ledger(seen=10, surplus=4, emitted=3, in_bins=3, surplus_by={"steering 0": 4})


@pytest.mark.parametrize(
    ("wrong", "held"),
    [
        (replace(RIGHT, emitted=4), 3),
        (replace(RIGHT, missing=-1), 3),
        (replace(RIGHT, surplus_by={"steering 0": 3}), 3),
        (replace(RIGHT, surplus_by={}), 3),
        (RIGHT, 2),
    ],
)
def test_what_does_not_add_up_is_told_once_until_it_does_again(
    wrong: object, held: int, caplog: pytest.LogCaptureFixture
) -> None:
    audit = LedgerAudit()
    with caplog.at_level(logging.INFO):
        audit.check(0, RIGHT, 3)
        assert not audit.broken
        assert not caplog.records
        for _commit in range(3):
            audit.check(0, wrong, held)  # type: ignore[arg-type]
        assert audit.broken == {(0, "collector-1", "run")}
        audit.check(0, RIGHT, 3)
        assert not audit.broken
        audit.check(0, wrong, held)  # type: ignore[arg-type]
    levels = [record.levelname for record in caplog.records]
    assert levels == ["ERROR", "INFO", "ERROR"]
    assert "THE LEDGER DOES NOT ADD UP: collector-1, run run, partition 0: 10 seen" in caplog.text
    assert "warm-up" in caplog.text


def test_a_run_in_two_partitions_is_two_ledgers() -> None:
    audit = LedgerAudit()
    audit.check(0, RIGHT, 2)
    audit.check(1, RIGHT, 3)
    assert audit.broken == {(0, "collector-1", "run")}
