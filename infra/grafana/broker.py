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
    says = "The broker itself (by its JMX exporter), and what the programs' Kafka clients tell (rdkafka_*)."
    names = choice("topic", "Topic", "label_values(kafka_server_messages_in_total, topic)")
    rows = {"Topics": _topics(), "Requests": _requests(), "Clients": _clients()}
    return board("charles-broker", "Charles / Broker", says, names, _at_a_glance(), rows)


def _at_a_glance() -> list[stat.Panel]:
    return [
        figure(
            "Controllers",
            "Of all brokers exactly one decides. 0: nobody does, and no leader can change.",
            COUNT,
            Query("sum(kafka_controller_active_controllers)", "controllers"),
            ((None, BAD), (1, GOOD), (2, BAD)),
        ),
        figure(
            "Without a leader",
            "Partitions that nobody leads: neither written nor read.",
            "partitions",
            Query("max(kafka_controller_offline_partitions)", "offline"),
            ((None, GOOD), (1, BAD)),
        ),
        figure(
            "Replicas behind",
            "Partitions of which a replica is behind or away. After a broker's restart it falls to 0 by itself.",
            "partitions",
            Query("sum(kafka_server_under_replicated_partitions)", "behind"),
            ((None, GOOD), (1, WARN)),
        ),
        figure(
            "Takes no records",
            "Partitions with fewer replicas than min.insync.replicas: writers wait.",
            "partitions",
            Query("sum(kafka_server_under_min_isr_partitions)", "under min.isr"),
            ((None, GOOD), (1, BAD)),
        ),
        figure(
            "Idle",
            "Share of their time that the busiest broker's request threads rest. Below a third, add a broker.",
            SHARE,
            Query("min(kafka_server_request_handler_idle_ratio)", "idle"),
            ((None, BAD), (0.1, WARN), (0.3, GOOD)),
            decimals=0,
        ),
        figure(
            "Folders lost",
            "Log folders that a broker has lost, as to a full or broken disk.",
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
            "By topic: what all consumers read. Much more than what comes in: somebody reads it all again.",
            BYTES_S,
            Query(f"sum by (topic) (rate(kafka_server_bytes_out_total{{{_FILTER}}}{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Size on disk",
            "By topic, over all partitions. Each levels off at what the topic table keeps (`charles topics`).",
            BYTES,
            Query(f"sum by (topic) (kafka_log_size_bytes{{{_FILTER}}})", "{{topic}}"),
            width=12,
        ),
        bars(
            "Largest partitions",
            "Bytes of the ten largest. One far above its siblings: its collector is alone there.",
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
            "Time of a request, 99 in 100",
            "From its arrival to the answer's departure. A fetch waits for records on purpose; Produce and EndTxn "
            "should take milliseconds.",
            SECONDS,
            Query('max by (request) (kafka_network_request_seconds{percentile="99"})', "{{request}}"),
        ),
        lines(
            "Time of a request, median",
            "Half of the requests are answered within this. Where only the 99 in 100 rise, a disk or a pause of Java "
            "is behind it.",
            SECONDS,
            Query('max by (request) (kafka_network_request_seconds{percentile="50"})', "{{request}}"),
        ),
    ]


def _clients() -> list[Panel]:
    return [
        lines(
            "Sent",
            "Records that our programs sent, by topic, as they were acknowledged.",
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
            "What our programs received, in bytes. Much more than was sent: somebody reads it all again.",
            BYTES_S,
            Query(f"sum by (topic) (rate(rdkafka_received_bytes_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Consumers' lag",
            "Records between what a program was given and the end, by program and topic.",
            COUNT,
            Query(f"sum by (instance, topic) (rdkafka_consumer_lag_messages){NAMED}", "{{name}} {{topic}}"),
        ),
        lines(
            "Round trip",
            "The slowest producer's time from a request to the broker's answer, 95 in 100. Rises first when the "
            "broker is busy.",
            SECONDS,
            Query(f"max by (instance) (rdkafka_round_trip_seconds){NAMED}", "{{name}}"),
        ),
        lines(
            "Queued",
            "Records that wait in a program's producers. It rises while the broker is away.",
            "records",
            Query(f"max by (instance) (rdkafka_queued_messages){NAMED}", "{{name}}"),
        ),
        lines(
            "Queued bytes",
            "The same in bytes; a collector keeps 64 MiB at the most.",
            BYTES,
            Query(f"max by (instance) (rdkafka_queued_bytes){NAMED}", "{{name}}"),
        ),
    ]
