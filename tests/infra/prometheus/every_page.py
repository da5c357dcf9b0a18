"""The pages of a small pipeline that really runs: every metric of the table has a value there, and nothing else is."""

from __future__ import annotations

import math
import shutil
import subprocess
import time

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from charles import topics
from charles.kafka.publisher import Publisher
from charles.metrics.table import ROWS, MetricRow
from charles.settings import Kafka
from tests.infra.prometheus.live import Watched
from tests.metrics.pages import of, page, samples
from tests.patience import PATIENCE_S
from tests.programs import give

PROGRAMS = ("collector", "balancer", "trainer", "player", "recorder")


def rows(program: str) -> list[MetricRow]:
    """What stands on a program's page."""
    others = tuple(f"charles_{other}_" for other in PROGRAMS if other != program)
    return [row for row in ROWS if not row.name.startswith(others)]


READERS = ("balancer", "trainer", "player")
BY_REASON = "charles_program_dead_letters_by_reason_total"


def plant_what_cannot_be_used(kafka: Kafka) -> None:
    """A record for each program that reads."""
    publisher = Publisher(kafka)
    for topic in (topics.FRAMES, topics.BALANCED, topics.MODELS):
        publisher.send_bytes(topic, "nobody", b"no event at all")
    assert publisher.flush(60) == 0


def unmet(texts: dict[str, str]) -> set[str]:
    """Programs that have not told yet that they met what was planted for them."""
    found = {program: samples(texts[program]) for program in READERS}
    told = {program for program in READERS if terms(BY_REASON, found[program], "reason")}
    rejected = terms("charles_trainer_ledger_samples", found["trainer"]).get("rejected")
    return {*READERS} - (told if rejected else told - {"trainer"})


def without_value(texts: dict[str, str]) -> set[str]:
    """Metrics that are no number on any page, or 0 on all."""
    there = [sample for text in texts.values() for sample in samples(text) if not math.isnan(sample.value)]
    return {row.name for row in ROWS if not any(sample.value for sample in of(row, there))}


MAY_BE_ZERO = {
    "charles_collector_dropped_ticks_total": "nothing is dropped while the broker answers",
    "charles_collector_refused_ticks_total": "the game talks no nonsense",
    "charles_trainer_left_out_samples_total": "every batch has finite gradients",
    "charles_collector_late_ticks_total": "a quiet machine is never late",
    "charles_collector_queued_ticks": "the broker may just have answered",
    "charles_collector_crashes_total": "its driver may do well",
    "charles_balancer_broken_ledgers": "every ledger adds up",
    "charles_balancer_unread_records": "it may have read all",
    "charles_trainer_unread_samples": "it may have read all",
    "charles_player_late_ticks_total": "a quiet machine is never late",
    "charles_program_config_epoch": "0 is the first configuration",
    "charles_recorder_lost_offsets_total": "retention deletes nothing before it is recorded",
    "charles_recorder_unread_records": "it may have read all",
    "rdkafka_queued_messages": "the broker may just have answered",
    "rdkafka_queued_bytes": "the broker may just have answered",
    "rdkafka_consumer_lag_messages": "all may be read",
    "charles_trainer_output_accuracy_ratio": "no guess of a batch may be right",
}
"""Metrics that have a value, which is 0 when all is well, and why."""


def check_pages(pipeline: Watched) -> None:
    """Every metric of the table has a value on the pages of this pipeline, and nothing else is there."""
    assert {*pipeline.targets} == {*PROGRAMS}
    plant_what_cannot_be_used(pipeline.kafka)
    give(pipeline.kafka, "player", "unstuck", seconds=60)

    def pages() -> dict[str, str]:
        return {program: page(target) for program, target in pipeline.targets.items()}

    deadline = time.monotonic() + PATIENCE_S
    texts = pages()
    while (without_value(texts) - {*MAY_BE_ZERO} or unmet(texts)) and time.monotonic() < deadline:
        time.sleep(1)
        texts = pages()
    assert without_value(texts) - {*MAY_BE_ZERO} == set()

    for program, text in texts.items():
        families = {family.name: family for family in text_string_to_metric_families(text)}
        expected = {row.name.removesuffix("_total"): row for row in rows(program)}
        assert {*families} == {*expected}
        for name, row in expected.items():
            assert (families[name].documentation, families[name].type) == (row.help, row.kind)
            labels = [{*sample.labels} - {"le"} for sample in families[name].samples]
            assert all(found == {*row.labels} for found in labels), row.name
        told = {row.name for row in rows(program) if any(not math.isnan(s.value) for s in of(row, samples(text)))}
        assert {row.name for row in rows(program) if not row.labels} - told <= {"rdkafka_round_trip_seconds"}
        lint(text)

    found = {program: samples(text) for program, text in texts.items()}
    assert [row.name for row in ROWS if not any(of(row, there) for there in found.values())] == []
    ledger = terms("charles_balancer_ledger_ticks", found["balancer"])
    assert ledger.pop("seen") == sum(ledger.values()) > 0
    samples_of = terms("charles_trainer_ledger_samples", found["trainer"])
    assert samples_of.pop("read") == sum(samples_of.values()) > 0
    assert samples_of["rejected"] == 1
    for program in READERS:
        reasons = terms(BY_REASON, found[program], "reason")
        assert reasons == {"the record begins with N": 1}, program


def terms(name: str, found: list[Sample], label: str = "term") -> dict[str, float]:
    return {sample.labels[label]: sample.value for sample in found if sample.name == name}


def lint(text: str) -> None:
    """What promtool has to say against a page: nothing."""
    if shutil.which("promtool") is None:
        return
    said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)  # noqa: S607
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
