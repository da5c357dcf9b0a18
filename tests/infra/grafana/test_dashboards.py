"""The dashboards are what the code makes, and every panel speaks for itself."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.grafana import panels as house
from infra.grafana.client import ALARM, CHECKPOINT, CONFIG, DEAD_LETTER, TAG, TRAINING
from infra.grafana.dashboards_json import FOLDER, dashboards
from infra.grafana.generate import made
from tests.infra.expressions import ROOT, panels

PROVISIONING = ROOT / "infra/grafana/provisioning"
PANELS = [pytest.param(panel, id=f"{title}: {panel['title']}") for title, panel in panels()]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in made()])
def test_what_is_committed_is_what_the_code_makes(path: Path) -> None:
    assert path.read_text() == made()[path], "`make dashboards` writes it anew"


def test_nothing_else_is_committed() -> None:
    assert {*FOLDER.iterdir()} == {path for path in made() if path.parent == FOLDER}


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_in_which_unit_and_what_to_look_for(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"].split()) >= 5
    assert panel["description"].endswith((".", ")"))
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    legends = [target["legendFormat"] for target in panel["targets"]]
    assert all(legends)
    assert len({*legends}) == len(legends)


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["title"])
def test_panels_fill_the_width_and_none_covers_another(dashboard: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
    assert max(place["x"] + place["w"] for place in places) == 24


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["title"])
def test_what_matters_stands_on_top_as_figures_with_thresholds(dashboard: dict[str, Any]) -> None:
    top = [panel for panel in dashboard["panels"] if panel["gridPos"]["y"] == 0]
    assert {panel["type"] for panel in top} == {"stat"}
    judged = [panel for panel in top if len(panel["fieldConfig"]["defaults"]["thresholds"]["steps"]) > 1]
    assert len(judged) >= 4


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["title"])
def test_every_dashboard_leads_to_the_others_and_shows_what_the_annotator_writes(dashboard: dict[str, Any]) -> None:
    assert dashboard["tags"] == [TAG]
    assert [(link["type"], link["tags"]) for link in dashboard["links"]] == [("dashboards", [TAG])]
    shown = [annotation["target"]["tags"] for annotation in dashboard["annotations"]["list"]]
    assert shown == [[TAG, tag] for tag in (CHECKPOINT, TRAINING, CONFIG, ALARM, DEAD_LETTER)]


def test_uids_are_fixed_and_each_ones_own() -> None:
    assert sorted(dashboard["uid"] for dashboard in dashboards()) == [
        "charles-broker", "charles-driving", "charles-pipeline", "charles-training",
    ]  # fmt: skip
    for dashboard in dashboards():
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len({*ids}) == len(ids)
        assert "id" not in dashboard, "that number is a Grafana's own"


def test_grafana_is_given_the_data_source_that_the_dashboards_ask_for() -> None:
    [source] = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text())["datasources"]
    assert (source["uid"], source["type"]) == (house.DATASOURCE, "prometheus")
    for dashboard in dashboards():
        variable = next(one for one in dashboard["templating"]["list"] if one["name"] == "datasource")
        assert variable["current"]["value"] == source["uid"]


def test_grafana_thinks_that_prometheus_looks_as_often_as_it_does() -> None:
    [source] = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text())["datasources"]
    scraping = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == scraping["global"]["scrape_interval"]


def test_grafana_finds_dashboards_and_provisioning_where_its_container_has_them() -> None:
    [provider] = yaml.safe_load((PROVISIONING / "dashboards/charles.yml").read_text())["providers"]
    mounted = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]["volumes"]
    assert f"./infra/grafana/dashboards:{provider['options']['path']}:ro" in mounted
    assert "./infra/grafana/provisioning:/etc/grafana/provisioning:ro" in mounted


def test_the_sdk_is_the_one_for_the_grafana_that_is_run() -> None:
    image = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]["image"]
    [sdk] = [line for line in (ROOT / "pyproject.toml").read_text().splitlines() if "grafana-foundation-sdk==" in line]
    version = sdk.partition("!")[2].partition('"')[0]
    assert image.partition(":")[2].split(".")[:2] == version.split(".")[:2]
