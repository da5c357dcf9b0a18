"""The dashboard "Broker": Kafka's own figures, and what our clients see of it."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard

from infra.grafana.panels import (
    BAD,
    BYTES,
    BYTES_S,
    CALM,
    COUNT,
    GOOD,
    NAMED,
    RECORDS_S,
    SECONDS,
    SHARE,
    WARN,
    WINDOW,
    Panel,
    Query,
    bars,
    board,
    choice,
    figure,
    lines,
)

_FILTER = 'topic=~"$topic"'


def broker() -> Dashboard:
    says = "The broker's own metrics (JMX exporter), and those of the programs' Kafka clients (rdkafka_*)."
    names = choice("topic", "Topic", "label_values(kafka_server_messages_in_total, topic)")
    rows = {"Topics": _topics(), "Requests": _requests(), "Clients": _clients()}
    return board("charles-broker", "Charles / Broker", says, names, _at_a_glance(), rows)


def _at_a_glance() -> list[stat.Panel]:
    return [
        figure(
            "Controllers",
            "Active controllers; must be exactly 1. At 0 no partition leader can change.",
            COUNT,
            Query("sum(kafka_controller_active_controllers)", "controllers"),
            ((None, BAD), (1, GOOD), (2, BAD)),
        ),
        figure(
            "Partitions without a leader",
            "Partitions without a leader can be neither written nor read.",
            "partitions",
            Query("max(kafka_controller_offline_partitions)", "offline"),
            ((None, GOOD), (1, BAD)),
        ),
        figure(
            "Replicas behind",
            "Under-replicated partitions: a replica is behind or unreachable. Falls back to 0 by itself after a "
            "broker restart.",
            "partitions",
            Query("sum(kafka_server_under_replicated_partitions)", "behind"),
            ((None, GOOD), (1, WARN)),
        ),
        figure(
            "Under min.insync.replicas",
            "Partitions with fewer in-sync replicas than min.insync.replicas: producers wait.",
            "partitions",
            Query("sum(kafka_server_under_min_isr_partitions)", "under min.isr"),
            ((None, GOOD), (1, BAD)),
        ),
        figure(
            "Idle",
            "Idle time of the busiest broker's request threads. Below a third, add a broker.",
            SHARE,
            Query("min(kafka_server_request_handler_idle_ratio)", "idle"),
            ((None, BAD), (0.1, WARN), (0.3, GOOD)),
            decimals=0,
        ),
        figure(
            "Log folders offline",
            "Log folders that a broker cannot use, such as on a full or broken disk.",
            COUNT,
            Query("sum(kafka_log_offline_directories)", "lost"),
            ((None, GOOD), (1, BAD)),
        ),
    ]


def _topics() -> list[Panel]:
    return [
        lines(
            "Records in",
            "By topic. frames and controls are equal: 30 a second for each collector.",
            RECORDS_S,
            Query(f"sum by (topic) (rate(kafka_server_messages_in_total{{{_FILTER}}}{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Bytes in",
            "By topic. A city collector's frames are about 0.9 MB a second.",
            BYTES_S,
            Query(f"sum by (topic) (rate(kafka_server_bytes_in_total{{{_FILTER}}}{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Bytes out",
            "By topic: what all consumers read. If far more than bytes in, a consumer is reading old data again.",
            BYTES_S,
            Query(f"sum by (topic) (rate(kafka_server_bytes_out_total{{{_FILTER}}}{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Size on disk",
            "By topic, over all partitions. Each levels off at its retention limit (`charles topics`).",
            BYTES,
            Query(f"sum by (topic) (kafka_log_size_bytes{{{_FILTER}}})", "{{topic}}"),
            width=12,
        ),
        bars(
            "Largest partitions",
            "Size of the ten largest partitions. If one is far above the others of its topic, keys are unevenly "
            "distributed.",
            BYTES,
            Query(
                f"topk(10, sum by (topic, partition) (kafka_log_size_bytes{{{_FILTER}}}))",
                "{{topic}} {{partition}}",
            ),
            ((None, CALM),),
            width=12,
        ),
    ]


def _requests() -> list[Panel]:
    return [
        lines(
            "Requests",
            "By kind, all versions together.",
            "reqps",
            Query(f"sum by (request) (rate(kafka_network_requests_total{WINDOW}))", "{{request}}"),
        ),
        lines(
            "Request time, p99",
            "From a request's arrival to its response. A fetch waits for records on purpose; Produce and EndTxn "
            "should take milliseconds.",
            SECONDS,
            Query('max by (request) (kafka_network_request_seconds{percentile="99"})', "{{request}}"),
        ),
        lines(
            "Request time, median",
            "Half of the requests are answered within this time. If only p99 rises, the cause is a slow disk or a "
            "Java pause.",
            SECONDS,
            Query('max by (request) (kafka_network_request_seconds{percentile="50"})', "{{request}}"),
        ),
    ]


def _clients() -> list[Panel]:
    return [
        lines(
            "Sent",
            "Acknowledged records that our programs sent, by topic.",
            RECORDS_S,
            Query(f"sum by (topic) (rate(rdkafka_sent_messages_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Sent bytes",
            "What our programs sent, in bytes: frames are nearly all of it.",
            BYTES_S,
            Query(f"sum by (topic) (rate(rdkafka_sent_bytes_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Received",
            "Records that our programs received, by topic.",
            RECORDS_S,
            Query(f"sum by (topic) (rate(rdkafka_received_messages_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Received bytes",
            "What our programs received, in bytes. If far more than sent, a program is reading old data again.",
            BYTES_S,
            Query(f"sum by (topic) (rate(rdkafka_received_bytes_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Consumers' lag",
            "Records between a program's position and the end of the log, by program and topic.",
            COUNT,
            Query(f"sum by (instance, topic) (rdkafka_consumer_lag_messages){NAMED}", "{{name}} {{topic}}"),
        ),
        lines(
            "Round trip",
            "p95 of the time from a request to the broker's response, of the slowest producer. Rises first when the "
            "broker is busy.",
            SECONDS,
            Query(f"max by (instance) (rdkafka_round_trip_seconds){NAMED}", "{{name}}"),
        ),
        lines(
            "Queued",
            "Records waiting in a program's producers. Rises while the broker is unreachable.",
            "records",
            Query(f"max by (instance) (rdkafka_queued_messages){NAMED}", "{{name}}"),
        ),
        lines(
            "Queued bytes",
            "The same in bytes; a collector keeps at most 64 MiB.",
            BYTES,
            Query(f"max by (instance) (rdkafka_queued_bytes){NAMED}", "{{name}}"),
        ),
    ]
