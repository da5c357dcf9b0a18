"""What must hold of docker-compose.yml, read without Docker; `make test-compose` brings it up."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from charles.programs import PROGRAMS
from infra.kafka.pin_jars import KAFKA
from tests.compose.stack import ROOT

FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
ONCE = {"topics", "carracing-topics", "secrets"}
LASTING = SERVICES.keys() - ONCE
OURS = {name for name, service in SERVICES.items() if service.get("build", {}).get("target") == "program"}
PROGRAM_OF = {name: service["command"][0] for name, service in SERVICES.items() if name in OURS - ONCE}
DOCKERFILE = (ROOT / "infra/docker/Dockerfile").read_text()
WRITES_INTO_ITSELF = {"kafka", "grafana", "registry"}
"""Whose official images keep files of their own beside their volumes."""
JOURNALS = "journals:/journals"
PRIVILEGED = {"cap_add", "privileged", "pid", "ipc", "devices"}

every = pytest.mark.parametrize("name", sorted(SERVICES))
every_lasting = pytest.mark.parametrize("name", sorted(LASTING))


@every
def test_memory_is_limited_and_logs_are(name: str) -> None:
    assert re.fullmatch(r"\d+[mg]", SERVICES[name]["mem_limit"])
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}


@every
def test_nobody_has_more_rights_than_needed(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 1024
    assert not PRIVILEGED & service.keys()
    assert service.get("user") not in ("root", "0", 0)
    assert service.get("network_mode", "none") == "none"
    assert bool(service.get("read_only")) is (name not in WRITES_INTO_ITSELF)


@every
def test_ports_are_open_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", port)


@every
def test_an_image_is_built_here_or_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    assert image.startswith("charles-") if "build" in SERVICES[name] else re.fullmatch(r".+:v?\d+\.\d+\.\d+\S*", image)


@every_lasting
def test_what_lasts_is_watched_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"].keys() == {"test", "interval", "timeout", "retries", "start_period"}
    assert service["stop_grace_period"].endswith("s")


@pytest.mark.parametrize("name", sorted(ONCE))
def test_what_runs_once_is_waited_for(name: str) -> None:
    waiting = [service.get("depends_on", {}).get(name, {}).get("condition") for service in SERVICES.values()]
    assert "service_completed_successfully" in waiting
    assert SERVICES[name]["restart"] == "on-failure"


@pytest.mark.parametrize("name", sorted(PROGRAM_OF))
def test_a_program_has_the_time_to_end_that_the_table_gives_it(name: str) -> None:
    (row,) = (row for row in PROGRAMS if row.name == PROGRAM_OF[name])
    assert SERVICES[name]["stop_grace_period"] == f"{row.patience_s:.0f}s"


@pytest.mark.parametrize("name", sorted(PROGRAM_OF))
def test_a_program_waits_for_broker_and_topics_and_checks_itself(name: str) -> None:
    service = SERVICES[name]
    assert service["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert service["depends_on"]["topics"]["condition"] == "service_completed_successfully"
    assert service["healthcheck"]["test"] == ["CMD", "charles", "status", "--self"]


@pytest.mark.parametrize("name", sorted(PROGRAM_OF))
def test_a_program_finds_again_what_it_noted_before_it_crashed(name: str) -> None:
    service = SERVICES[name]
    assert JOURNALS in service["volumes"]
    assert service["environment"]["CHARLES_RUN__JOURNALS"] == "/journals"
    assert "mkdir /journals && chown 10001:10001 /data /journals" in DOCKERFILE


def test_every_program_is_there() -> None:
    assert {*PROGRAM_OF.values()} == {row.name for row in PROGRAMS}


def test_the_second_pipeline_is_whole_and_apart() -> None:
    second = {name for name in SERVICES if name.startswith("carracing-")}
    assert {SERVICES[name]["environment"]["CHARLES_KAFKA__PREFIX"] for name in second} == {"carracing"}
    assert {PROGRAM_OF[name] for name in second - ONCE} == {"collector", "balancer", "trainer", "player"}
    for name in second:
        assert SERVICES[name]["profiles"] == ["carracing"]
        assert name in ONCE or "carracing-topics" in SERVICES[name]["depends_on"]
        own = set(SERVICES["trainer"]["volumes"]) - {JOURNALS}
        assert not set(SERVICES[name].get("volumes", [])) & own


def test_only_what_learns_and_drives_has_tensorflow() -> None:
    kinds = {name: SERVICES[name]["build"]["args"]["KIND"] for name in OURS}
    heavy = {name for name, kind in kinds.items() if kind != "slim"}
    assert {PROGRAM_OF[name] for name in heavy} == {"trainer", "player"}
    assert {service["image"] for service in SERVICES.values() if "build" in service} == {
        f"charles-{kind}" for kind in {*kinds.values(), "kafka"}
    }


def test_prometheus_looks_where_each_program_is() -> None:
    """A service is found by its own name, or by that of its program where it has another one; a second pipeline is not,
    for its figures would be added to the first one's."""
    (job,) = (
        job
        for job in yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())["scrape_configs"]
        if job["job_name"] == "charles"
    )
    (looked_for,) = job["dns_sd_configs"]
    for name, program in PROGRAM_OF.items():
        aliases = SERVICES[name].get("networks", {}).get("default", {}).get("aliases", [])
        environment = SERVICES[name]["environment"]
        first = "CHARLES_KAFKA__PREFIX" not in environment
        assert {*looked_for["names"]} & {name, *aliases} == ({program} if first else set())
        assert environment["CHARLES_METRICS__PORT"] == str(looked_for["port"])
    assert {*looked_for["names"]} == {*PROGRAM_OF.values()}


def test_the_images_user_is_nobody_in_particular() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last


def test_bases_are_pinned_and_the_broker_is_the_one_that_runs_without_docker() -> None:
    assert re.search(r"^ARG PYTHON=python:3\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert re.search(rf"^ARG KAFKA=apache/kafka:{re.escape(KAFKA)}$", DOCKERFILE, re.MULTILINE)
    named = set(re.findall(r"^FROM (\S+)(?: AS (\S+))?$", DOCKERFILE, re.MULTILINE))
    stages = {stage for _, stage in named}
    assert {base for base, _ in named} - stages == {"${PYTHON}", "${KAFKA}", "${KIND}-requirements"}


def test_every_setting_of_the_example_is_one_with_that_default() -> None:
    offered = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert offered.pop("COMPOSE_PROFILES") in SERVICES["registry"]["profiles"]
    assert offered.pop("CHARLES_KAFKA__SCHEMA_REGISTRY_URL").startswith("http://registry:8080/")
    used = re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", (ROOT / "docker-compose.yml").read_text())
    assert {*offered.items()} == {*used}


@pytest.mark.parametrize("name", sorted(OURS - {"secrets"}))
def test_a_schema_registry_is_told_to_all_who_read_and_write_events(name: str) -> None:
    assert SERVICES[name]["environment"]["CHARLES_KAFKA__SCHEMA_REGISTRY_URL"] is None  # what .env says, if anything


def test_no_password_is_written_down() -> None:
    grafana = SERVICES["grafana"]["environment"]
    assert "GF_SECURITY_ADMIN_PASSWORD" not in grafana
    assert grafana["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/secrets/grafana"  # noqa: S105 (a path)
    assert SERVICES["annotator"]["environment"]["CHARLES_GRAFANA__PASSWORD_FILE"] == "/secrets/grafana"  # noqa: S105
    assert SERVICES["secrets"]["entrypoint"][-1] == "/data/grafana"


def test_volumes_cover_what_the_images_would_make_anonymous_ones_for() -> None:
    assert {*FILE["volumes"]} == {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }


def compose(*words: str) -> subprocess.CompletedProcess[str]:
    docker = shutil.which("docker") or "docker"
    return subprocess.run([docker, "compose", *words], cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker here")
@pytest.mark.parametrize("profiles", [(), ("--profile", "*")])
def test_compose_accepts_the_file(profiles: tuple[str, ...]) -> None:
    if compose("version").returncode != 0:
        pytest.skip("docker is here, compose is not")
    told = compose(*profiles, "config", "--quiet")
    assert (told.returncode, told.stderr) == (0, "")
