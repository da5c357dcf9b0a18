"""No metric without a reader, no reader without its metric."""

from __future__ import annotations

import pytest

from charles.metrics.table import ROWS
from tests.infra.expressions import Expression, labels, of_panels, of_rules, of_variables

EVERYWHERE = [*of_panels(), *of_variables(), *of_rules()]


def test_every_metric_of_ours_is_shown_or_watched() -> None:
    used = {metric for expression in EVERYWHERE for metric in expression.metrics}
    assert {row.name for row in ROWS} - used == set()


@pytest.mark.parametrize("expression", EVERYWHERE, ids=lambda expression: expression.where)
def test_what_is_asked_for_exists_and_bears_those_labels(expression: Expression) -> None:
    there = labels()
    assert expression.metrics - there.keys() == set()
    assert [(metric, label) for metric, label in expression.matchers if label not in there[metric]] == []


def test_a_metric_of_no_table_would_be_found() -> None:
    wrong = Expression("made up", 'rate(charles_player_laps_total{colour="red"}[1m]) / charles_player_late_ticks_total')
    assert wrong.metrics - labels().keys() == {"charles_player_laps_total"}
    assert [*Expression("", 'charles_balancer_latency_seconds_bucket{le="1"}').metrics] == [
        "charles_balancer_latency_seconds"
    ]
    assert [*wrong.matchers] == [("charles_player_laps_total", "colour")]
