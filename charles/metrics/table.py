"""THE table of metrics that programs offer to Prometheus: each is named here, once, with its help and its labels.

One class per program, and two that every program has. A gauge is NaN until its program knows better, so that nobody
takes "unknown" for 0. A program's page holds its own class and the two common ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from charles.base.latency import BOUNDS_S

# When a counter began: a second name for each, which nobody asks for.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

_PUBLISH_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_COMMIT_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_TICK_S = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 1 / 30, 0.05, 0.1, 0.2, 0.5, 1.0)
_BATCH_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_CHECKPOINT_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_APPLIED_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric. name: as on a page, without a histogram's _bucket, _sum and _count; kind: counter, gauge, histogram."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]


COMMON = CollectorRegistry(auto_describe=False)
"""What every program offers."""
OWN: dict[str, CollectorRegistry] = {}
"""What one program offers beside it, by the program's name."""
ROWS: list[MetricRow] = []
"""All of them, in the order of this page."""

UNKNOWN = float("nan")
_ALONE: list[Gauge] = []
"""The gauges without labels."""
_Metric = TypeVar("_Metric", bound=MetricWrapperBase)


def begin(program: type) -> None:
    """A new life of a program begins: what its gauges said of the last one is not known to hold any more."""
    for metric in vars(program).values():
        if metric in _ALONE:
            metric.set(UNKNOWN)
        elif isinstance(metric, Gauge):
            metric.clear()


def _listed(metric: _Metric, name: str, words: str, labels: Sequence[str]) -> _Metric:
    first, program, *_ = name.split("_")
    common = first != "charles" or program == "program"
    (COMMON if common else OWN.setdefault(program, CollectorRegistry())).register(metric)
    (family,) = metric.describe()
    ROWS.append(MetricRow(name, family.type, words, tuple(labels)))
    return metric


def _counter(name: str, words: str, *labels: str) -> Counter:
    return _listed(Counter(name, words, labels, registry=None), name, words, labels)


def _gauge(name: str, words: str, *labels: str) -> Gauge:
    gauge = _listed(Gauge(name, words, labels, registry=None), name, words, labels)
    if not labels:
        _ALONE.append(gauge)
        gauge.set(UNKNOWN)
    return gauge


def _histogram(name: str, words: str, buckets: Sequence[float], *labels: str) -> Histogram:
    return _listed(Histogram(name, words, labels, registry=None, buckets=buckets), name, words, labels)


# fmt: off
class ProgramMetrics:
    """Metrics of every program, from its heartbeat and its process."""

    info = _gauge("charles_program_info", "Always 1; name: of the instance, stable across restarts; version: of the "
        "code.", "name", "version")
    state = _gauge("charles_program_state", "1 for the program's current state, 0 for the others.", "state")
    heartbeat = _gauge("charles_program_heartbeat_timestamp_seconds", "Time of the last heartbeat, since 1970; a "
        "hanging loop sends none.")
    epoch = _gauge("charles_program_config_epoch", "Epoch of the configuration in use, its offset in the topic "
        "config; -1: the defaults.")
    dead_letters = _counter("charles_program_dead_letters_total", "Dead-lettered records; a balancer that restarts "
        "from its last transaction counts records that it reads again twice.")
    dead_reasons = _counter("charles_program_dead_letters_by_reason_total", "Dead-lettered records by reason, without "
        "numbers and details.", "reason")
    disk_free = _gauge("charles_program_disk_free_bytes", "Free space on the disk of the program's working folder.")
    disk_size = _gauge("charles_program_disk_size_bytes", "Size of the disk of the program's working folder.")
    cpu = _counter("process_cpu_seconds_total", "CPU time of the process, user and system.")
    memory = _gauge("process_resident_memory_bytes", "Resident memory of the process.")
    started = _gauge("process_start_time_seconds", "Start time of the process, since 1970.")


class LibrdkafkaMetrics:
    """librdkafka's statistics, summed over a program's Kafka clients. topic: without the prefix."""

    sent = _counter("rdkafka_sent_messages_total", "Records sent and acknowledged.", "topic")
    sent_bytes = _counter("rdkafka_sent_bytes_total", "Bytes of the records sent.", "topic")
    received = _counter("rdkafka_received_messages_total", "Records received, including those that the program "
        "discarded.", "topic")
    received_bytes = _counter("rdkafka_received_bytes_total", "Bytes of the records received.", "topic")
    queued = _gauge("rdkafka_queued_messages", "Records in the producers' queues.")
    queued_bytes = _gauge("rdkafka_queued_bytes", "Bytes of the records in the producers' queues.")
    round_trip = _gauge("rdkafka_round_trip_seconds", "The p95 of the time from a request to the broker's response, of "
        "the slowest producer.")
    lag = _gauge("rdkafka_consumer_lag_messages", "Records between the consumer's position and the end of what it may "
        "read.", "topic")


class CollectorMetrics:
    """collector: its name, which is the key of its events."""

    captured = _counter("charles_collector_captured_ticks_total", "Ticks at which the game was observed.", "collector")
    published = _counter("charles_collector_published_ticks_total", "Ticks with both halves acknowledged.", "collector")
    dropped = _counter("charles_collector_dropped_ticks_total", "Ticks dropped because a half could not be delivered, "
        "such as during a long broker outage.", "collector")
    refused = _counter("charles_collector_refused_ticks_total", "Ticks not published because the game or its driver "
        "returned invalid values.", "collector")
    late = _counter("charles_collector_late_ticks_total", "Ticks that began more than 33 ms late.", "collector")
    queued = _gauge("charles_collector_queued_ticks", "Ticks sent but not acknowledged yet.", "collector")
    latency = _histogram("charles_collector_publish_latency_seconds", "Time from a tick's capture to the "
        "acknowledgement of its second half.", _PUBLISH_S, "collector")
    runs = _counter("charles_collector_runs_total", "Runs started.", "collector")
    crashes = _counter("charles_collector_crashes_total", "Crashes of the car.", "collector")


class BalancerMetrics:
    """Of the partitions that it has. output: whose sets the bin is of, `joint` in v1; bin: as people write it."""

    waiting = _gauge("charles_balancer_waiting_ticks", "Ticks that wait in a bin.", "output", "bin")
    came = _counter("charles_balancer_arrived_ticks_total", "Joined ticks that arrived for a bin; summed over the "
        "bins of one output: all joined ticks.", "output", "bin")
    sets = _counter("charles_balancer_sets_total", "Sets emitted.", "output")
    ledger = _gauge("charles_balancer_ledger_ticks", "Ticks by outcome; seen: all ticks.", "term")
    broken = _gauge("charles_balancer_broken_ledgers", "Runs whose ledger does not add up.")
    unread = _gauge("charles_balancer_unread_records", "Records of frames and controls not read yet.")
    latency = _histogram("charles_balancer_latency_seconds", "Time from a tick's capture to its set.", BOUNDS_S)
    transaction = _histogram("charles_balancer_commit_seconds", "Time to end a transaction: its last records, the "
        "offsets, the commit.", _COMMIT_S)


class TrainerMetrics:
    """model: whose weights; output: what is predicted, for buffers the kind of set, which is `joint` in v1."""

    info = _gauge("charles_trainer_model_info", "Always 1; line: the model family.", "model", "line")
    batch = _gauge("charles_trainer_batch_number", "Batches that the weights were trained on.", "model")
    loss = _gauge("charles_trainer_loss", "Loss of the last batch, summed over the outputs.", "model")
    output_loss = _gauge("charles_trainer_output_loss", "Loss of the last batch, by output.", "model", "output")
    error = _gauge("charles_trainer_output_error", "Mean absolute error of the last batch, for regression outputs, in "
        "the output's unit.", "model", "output")
    accuracy = _gauge("charles_trainer_output_accuracy_ratio", "Accuracy on the last batch, for outputs with classes.", "model", "output")
    buffer = _gauge("charles_trainer_buffer_samples", "Samples in a buffer.", "output")
    capacity = _gauge("charles_trainer_buffer_capacity_samples", "Capacity of each buffer.")
    ledger = _gauge("charles_trainer_ledger_samples", "Samples by outcome; read: all samples read. Persists across "
        "restarts.", "term")
    drawn = _counter("charles_trainer_drawn_samples_total", "Samples drawn for batches; a sample that is drawn twice "
        "counts twice.")
    left_out = _counter("charles_trainer_left_out_samples_total", "Samples drawn whose batch had no finite gradients, so "
        "that nothing was learned from it.")
    unread = _gauge("charles_trainer_unread_samples", "Unread samples in the log, an upper bound.")
    batch_s = _histogram("charles_trainer_batch_seconds", "Time from requesting a batch to the updated weights.", _BATCH_S)
    parts = _counter("charles_trainer_part_seconds_total", "Time of the training loop by part: read, decode (waiting "
        "for pictures), step, tell (reporting), checkpoint, wait (for samples).", "part")
    checkpoint = _gauge("charles_trainer_checkpoint_batch_number", "Batch of the newest published checkpoint.", "model")
    checkpointed = _gauge("charles_trainer_checkpoint_timestamp_seconds", "Publication time of the newest checkpoint, "
        "since 1970.")
    checkpoint_bytes = _gauge("charles_trainer_checkpoint_bytes", "Size of the newest checkpoint; kind: weights, or "
        "the trainer's state.", "kind")
    checkpoint_s = _histogram("charles_trainer_checkpoint_publish_seconds", "Time from packing a checkpoint to its "
        "acknowledgement.", _CHECKPOINT_S)


class PlayerMetrics:
    """model: whose weights it drives with."""

    info = _gauge("charles_player_model_info", "Always 1.", "model", "line")
    fps = _gauge("charles_player_frames_per_second", "Pictures processed per second, over the last second.")
    pps = _gauge("charles_player_predictions_per_second", "Predictions per second that the network could make, from "
        "the time that one takes.")
    prediction = _histogram("charles_player_prediction_seconds", "Time from a picture to the controls.", _TICK_S)
    lateness = _histogram("charles_player_tick_lateness_seconds", "Lateness of each tick's start.", _TICK_S)
    late = _counter("charles_player_late_ticks_total", "Ticks that began more than 33 ms late.")
    unstucks = _counter("charles_player_unstucks_total", "Respawns of the car; reason: stuck, over (the game ended "
        "the run), told (by a command).", "reason")
    distance = _counter("charles_player_distance_meters_total", "Distance driven.")
    batch = _gauge("charles_player_applied_batch_number", "Batch of the weights in use.", "model")
    newest = _gauge("charles_player_newest_batch_number", "Batch of the newest weights on the model topic.", "model")
    age = _gauge("charles_player_weights_age_seconds", "Age of the weights in use.")
    applied = _histogram("charles_player_weights_publish_to_applied_seconds", "Time from a checkpoint's publication "
        "to the first tick driven with it.", _APPLIED_S)
    refused = _counter("charles_player_refused_checkpoints_total", "Skipped checkpoints.", "reason")


class RecorderMetrics:
    """topic: without the prefix."""

    records = _counter("charles_recorder_records_total", "Records recorded.", "topic")
    bytes = _counter("charles_recorder_bytes_total", "Bytes of keys and values recorded.", "topic")
    lost = _counter("charles_recorder_lost_offsets_total", "Offsets that retention deleted before they were recorded.", "topic")
    unread = _gauge("charles_recorder_unread_records", "Records not recorded yet, an upper bound.")
    room = _gauge("charles_recorder_disk_free_bytes", "Free space on the disk of the recording.")
# fmt: on
