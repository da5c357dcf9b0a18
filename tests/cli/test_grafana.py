"""`charles grafana`, against a server that answers as Grafana's API does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from charles.cli.grafana import differences
from charles.settings import Grafana
from infra.grafana.dashboards_json import dashboards
from tests.grafana_double import PASSWORD, TOKEN, Double, serving
from tests.patience import PATIENCE_S
from tests.ports import free_port


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def grafana(double: Double) -> Iterator[Grafana]:
    with serving(double) as settings:
        yield settings


def charles(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {key: value for key, value in os.environ.items() if not key.startswith("GRAFANA_")}
    return subprocess.run(
        [sys.executable, "-m", "charles", "grafana", *arguments],
        env=known | {"GRAFANA_URL": url, "GRAFANA_PASSWORD": PASSWORD} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def test_dashboards_are_pushed_into_a_folder_and_checked(grafana: Grafana, double: Double) -> None:
    before = charles(grafana.url, "check")
    assert before.returncode == 1
    assert before.stdout.count("is missing; run `charles grafana push` to upload it") == len(dashboards())

    pushed = charles(grafana.url, "push")
    assert (pushed.returncode, pushed.stderr) == (0, "")
    assert double.folders == {"charles": "Charles"}
    assert {uid: folder for uid, (folder, _) in double.dashboards.items()} == {
        dashboard["uid"]: "charles" for dashboard in dashboards()
    }
    assert charles(grafana.url, "check").stdout.count("is up to date") == len(dashboards())


def test_pushing_again_replaces_and_keeps_the_folder(grafana: Grafana, double: Double) -> None:
    charles(grafana.url, "push", "--folder", "My car")
    again = charles(grafana.url, "push", "--folder", "My car", GRAFANA_TOKEN=TOKEN, GRAFANA_PASSWORD="")
    assert again.returncode == 0, again.stderr
    assert double.folders == {"my-car": "My car"}
    assert {dashboard["version"] for _, dashboard in double.dashboards.values()} == {2}


def test_what_somebody_changed_there_is_told_by_its_place(grafana: Grafana, double: Double) -> None:
    charles(grafana.url, "push")
    _, driving = double.dashboards["charles-driving"]
    driving["panels"][0]["targets"][0]["expr"] = "vector(30)"
    driving["refresh"] = "1m"
    checked = charles(grafana.url, "check")
    assert checked.returncode == 1
    assert "Charles / Driving differs in 2 places" in checked.stdout
    assert (
        "panels[0].targets[0].expr: expected 'min(charles_player_frames_per_second)', found 'vector(30)'"
        in checked.stdout
    )
    assert "refresh: expected '10s', found '1m'" in checked.stdout
    assert "Charles / Pipeline is up to date" in checked.stdout
    facts = json.loads(charles(grafana.url, "check", "--json").stdout)
    assert (len(facts["Charles / Driving"]), facts["Charles / Pipeline"]) == (2, [])


@pytest.mark.parametrize("command", ["push", "check"])
def test_a_wrong_password_is_one_clear_line_without_it(command: str, grafana: Grafana) -> None:
    told = charles(grafana.url, command, GRAFANA_PASSWORD="guessed-wrongly")  # noqa: S106
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "answers 401" in told.stderr
    assert "guessed-wrongly" not in told.stdout + told.stderr


def test_without_grafana_and_without_a_password_it_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert (
        f"no Grafana answers at {url} (Connection refused); set GRAFANA_URL to use another"
        in charles(url, "push").stderr
    )
    assert "no login for Grafana: set GRAFANA_TOKEN" in charles(url, "push", GRAFANA_PASSWORD="").stderr


def test_lists_of_another_length_differ_as_a_whole() -> None:
    assert [*differences({"a": [1, 2], "b": {"c": 1}}, {"a": [1], "b": {}})] == [
        "a: expected [1, 2], found [1]",
        "b.c: expected 1, found nothing",
    ]
