"""The rules: their unit tests, and that each alert has somewhere to send its reader."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.expressions import ROOT, RULES, alerts
from tests.patience import PATIENCE_S

UNIT_TESTS = Path(__file__).with_name("rules_test.yml")
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="there is no promtool here; Debian's package prometheus has it"
)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S)  # noqa: S607


@needs_promtool
def test_prometheus_accepts_the_rules() -> None:
    told = promtool("check", "rules", "--lint-fatal", RULES)
    assert told.returncode == 0, told.stdout + told.stderr


@needs_promtool
def test_each_alert_fires_and_resolves_as_it_should() -> None:
    told = promtool("test", "rules", UNIT_TESTS)
    assert told.returncode == 0, told.stdout + told.stderr


@needs_promtool
def test_a_rule_that_does_not_fire_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES.read_text().replace("broken_ledgers) > 0", "broken_ledgers) > 9"))
    moved = UNIT_TESTS.read_text().replace("../../../infra/prometheus/rules.yml", "rules.yml")
    (tmp_path / "tests.yml").write_text(moved)
    assert "LedgerBroken" in promtool("test", "rules", tmp_path / "tests.yml").stderr


def test_every_alert_has_a_unit_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    asked = [case for test in yaml.safe_load(UNIT_TESTS.read_text())["tests"] for case in test["alert_rule_test"]]
    for fires in (True, False):
        assert {case["alertname"] for case in asked if bool(case["exp_alerts"]) is fires} == {
            alert["alert"] for alert in alerts()
        }


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_what_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    assert anchor == alert["alert"].lower()
    assert anchor in anchors(ROOT / page)


def test_no_runbook_is_of_an_alert_that_there_is_not() -> None:
    page = (ROOT / "docs/OPERATIONS.md").read_text()
    runbooks = re.findall(r"^### (\w+)$", page.partition("## Alerts")[2].partition("\n## ")[0], re.MULTILINE)
    assert runbooks == [alert["alert"] for alert in alerts()]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_a_runbook_says_what_it_means_what_to_look_at_and_what_to_do(alert: dict[str, Any]) -> None:
    page = (ROOT / "docs/OPERATIONS.md").read_text()
    runbook = page.partition(f"### {alert['alert']}\n")[2].partition("\n#")[0]
    assert [part for part in ("**Means**", "**Look at**", "**Do**") if part not in runbook] == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
