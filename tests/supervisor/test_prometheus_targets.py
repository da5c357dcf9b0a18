"""Where a supervisor's programs offer their metrics, and the file that tells a Prometheus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from charles.config import ConfigError
from charles.settings import Settings, load
from charles.supervisor.instances import planned
from charles.supervisor.prometheus_targets import listed

PLAN = {"collector": 2, "balancer": 1, "player": 1}


def with_metrics(**metrics: Any) -> Settings:
    return load(metrics=metrics)


def ports(settings: Settings) -> dict[str, int | None]:
    return {getattr(own, program.name).name: own.metrics.port for program, own in planned(settings, PLAN, "")}


def test_each_program_has_a_port_of_its_own_and_always_the_same() -> None:
    expected = {"collector-1": 9400, "collector-2": 9401, "balancer-1": 9402, "player-1": 9403}
    assert ports(with_metrics(port=9400)) == ports(with_metrics(port=9400)) == expected


def test_without_a_port_nothing_listens_and_nothing_is_listed(tmp_path: Path) -> None:
    assert set(ports(load()).values()) == {None}
    with listed(planned(load(), PLAN, ""), tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_more_programs_than_ports_are_refused() -> None:
    assert ports(with_metrics(port=65532))["player-1"] == 65535
    with pytest.raises(ConfigError, match=r"metrics\.port: 4 programs need that many ports, and 65533 is too high"):
        ports(with_metrics(port=65533))


def test_prometheus_is_told_of_every_program_while_they_run(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    with listed(planned(with_metrics(port=9400), PLAN, "garage"), folder, "garage", broker_port=9300):
        groups = json.loads((folder / "prometheus-garage.json").read_text(encoding="utf-8"))
    assert groups == [
        {"targets": ["127.0.0.1:9400"], "labels": {"program": "collector", "instance": "garage-collector-1"}},
        {"targets": ["127.0.0.1:9401"], "labels": {"program": "collector", "instance": "garage-collector-2"}},
        {"targets": ["127.0.0.1:9402"], "labels": {"program": "balancer", "instance": "garage-balancer-1"}},
        {"targets": ["127.0.0.1:9403"], "labels": {"program": "player", "instance": "garage-player-1"}},
        {"targets": ["127.0.0.1:9300"], "labels": {"program": "kafka", "instance": "kafka"}},
    ]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "target"),
    [("0.0.0.0", "127.0.0.1:9400"), ("::", "[::1]:9400"), ("::1", "[::1]:9400"), ("10.0.0.7", "10.0.0.7:9400")],  # noqa: S104
)
def test_a_target_is_an_address_that_can_be_asked(tmp_path: Path, host: str, target: str) -> None:
    with listed(planned(with_metrics(port=9400, host=host), {"player": 1}, ""), tmp_path):
        (group,) = json.loads((tmp_path / "prometheus.json").read_text(encoding="utf-8"))
    assert group["targets"] == [target]
