"""The dashboard "Pipeline": do the ticks flow, and is every one accounted for?"""

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
    MUTED,
    NAMED,
    RECORDS_S,
    SAMPLES_S,
    SECONDS,
    SETS_MIN,
    SHARE,
    STATES,
    TICKS_S,
    WARN,
    WINDOW,
    Panel,
    Query,
    bars,
    board,
    choice,
    figure,
    lines,
    quantiles,
    stacked,
    states,
)

_FILTER = 'collector=~"$collector"'

TERMS = {
    "emitted": GOOD,
    "waiting": CALM,
    "surplus": "yellow",
    "warm_up": MUTED,
    "unmatched": WARN,
    "dead_lettered": BAD,
    "missing": "dark-red",
}
"""Where a tick can be, in the order of the picture, with its colour."""

_STATE = " or ".join(
    f'{number} * (charles_program_state{{state="{state}"}} == 1)' for number, state in enumerate(STATES)
)


def pipeline() -> Dashboard:
    says = "From the collectors' ticks to balanced samples. The top row is green when all is well."
    collectors = choice("collector", "Collector", "label_values(charles_collector_captured_ticks_total, collector)")
    rows = {
        "Flow": _flow(),
        "Sets": _sets(),
        "Collectors": _collectors(),
        "Programs": _programs(),
        "Recording": _recording(),
    }
    return board("charles-pipeline", "Charles / Pipeline", says, collectors, _at_a_glance(), rows)


def _at_a_glance() -> list[stat.Panel]:
    return [
        figure(
            "Ledger",
            "Runs whose ledger does not add up. Above 0, ticks were lost or counted twice: `charles ledger` shows "
            "which.",
            COUNT,
            Query("sum(charles_balancer_broken_ledgers)", "broken ledgers"),
            ((None, GOOD), (1, BAD)),
            words={"0": "adds up"},
        ),
        figure(
            "Ticks in",
            "Ticks captured by all collectors; each drives at 30 per second. Red: no collector is driving.",
            TICKS_S,
            Query(f"sum(rate(charles_collector_captured_ticks_total{WINDOW}))", "captured"),
            ((None, BAD), (1, WARN), (25, GOOD)),
            decimals=0,
        ),
        figure(
            "Samples out",
            "Ticks emitted in sets, over five minutes. Below one per second a bin starves, see Sets.",
            SAMPLES_S,
            Query('sum(clamp_min(deriv(charles_balancer_ledger_ticks{term="emitted"}[5m]), 0))', "emitted"),
            ((None, BAD), (0.1, WARN), (1, GOOD)),
            decimals=1,
        ),
        figure(
            "Lag",
            "Records of frames and controls not read by a balancer yet; a collector writes 60 per second. Short rises "
            "are normal if it falls again.",
            COUNT,
            Query("sum(charles_balancer_unread_records)", "unread"),
            ((None, GOOD), (1000, WARN), (5000, BAD)),
        ),
        figure(
            "Dead letters, 1 h",
            "Records that could not be used, over all programs. `charles deadletters list` shows each with its reason.",
            COUNT,
            Query("sum(increase(charles_program_dead_letters_total[1h]))", "dead letters"),
            ((None, GOOD), (1, BAD)),
            decimals=0,
        ),
        figure(
            "Programs down",
            "Targets that Prometheus cannot reach.",
            COUNT,
            Query("count(up == 0) or vector(0)", "away"),
            ((None, GOOD), (1, BAD)),
            words={"0": "none"},
        ),
    ]


def _flow() -> list[Panel]:
    return [
        stacked(
            "Where every tick went",
            "The terms of the ledger, stacked. Their sum must equal the dashed line `seen`; a gap is a broken ledger. "
                "Healthy: emitted and surplus grow, waiting levels off, the rest stays small.",
            COUNT,
            *(Query(f'sum(charles_balancer_ledger_ticks{{term="{term}"}})', term) for term in TERMS),
            colours=TERMS,
            total=Query('sum(charles_balancer_ledger_ticks{term="seen"})', "seen"),
            width=12,
            height=10,
        ),
        lines(
            "Ticks in, samples out",
            "In: captured and published should be equal. Joined: ticks that reached the bins. Out: ticks emitted in "
                "sets; the rarest bin limits their share.",
            TICKS_S,
            Query(f"sum(rate(charles_collector_captured_ticks_total{WINDOW}))", "captured"),
            Query(f"sum(rate(charles_collector_published_ticks_total{WINDOW}))", "published"),
            Query(f"max(sum by (output) (rate(charles_balancer_arrived_ticks_total{WINDOW})))", "joined"),
            Query('sum(clamp_min(deriv(charles_balancer_ledger_ticks{term="emitted"}[5m]), 0))', "emitted in sets"),
            width=12,
            height=10,
        ),
        lines(
            "Lag",
            "Unread records of all balancers. If it keeps rising, there are too few balancers.",
            COUNT,
            Query("sum(charles_balancer_unread_records)", "frames and controls"),
            Query("sum(charles_trainer_unread_samples)", "samples (at most)"),
        ),
        lines(
            "Capture to set",
            "Time from an emitted tick's capture to its set. Common ticks wait in the bins for minutes; the rarest "
                "leave at once.",
            SECONDS,
            *quantiles("charles_balancer_latency_seconds"),
        ),
        lines(
            "Transactions",
            "Time to end a transaction; there is one every quarter of a second. Near five seconds they are aborted.",
            SECONDS,
            *quantiles("charles_balancer_commit_seconds"),
            steps=((None, GOOD), (5, BAD)),
        ),
    ]  # fmt: skip


def _sets() -> list[Panel]:
    return [
        lines(
            "Whole sets",
            "Sets per minute, by output. The rarest bin of an output limits its rate.",
            SETS_MIN,
            Query("sum by (output) (rate(charles_balancer_sets_total[5m])) * 60", "{{output}}"),
        ),
        bars(
            "Starving bins",
            "The bins with the fewest waiting ticks. A bin at 0 holds up the next set of its output.",
            "ticks",
            Query(
                "bottomk by (output) (3, sum by (output, bin) (charles_balancer_waiting_ticks))", "{{output}} {{bin}}"
            ),
            ((None, BAD), (1, WARN), (10, GOOD)),
        ),
        bars(
            "Rarest bins",
            "Share of the last hour's joined ticks that fell into these bins. Below 0.1 %: leave the bin out, or let "
            "collectors seek it (docs/BALANCING.md).",
            SHARE,
            Query(
                "bottomk by (output) (3, sum by (output, bin) (increase(charles_balancer_arrived_ticks_total[1h])) "
                "/ on (output) group_left () sum by (output) (increase(charles_balancer_arrived_ticks_total[1h])))",
                "{{output}} {{bin}}",
            ),
            ((None, BAD), (0.001, WARN), (0.01, GOOD)),
        ),
    ]


def _collectors() -> list[Panel]:
    return [
        lines(
            "Ticks by collector",
            "Each should be 30. Lower: the machine is too slow for the game, or the car was respawned.",
            TICKS_S,
            Query(
                f"sum by (collector) (rate(charles_collector_published_ticks_total{{{_FILTER}}}{WINDOW}))",
                "{{collector}}",
            ),
            steps=((None, GOOD), (30, MUTED)),
        ),
        lines(
            "Ticks late or lost",
            "late: the loop was too slow. dropped: the broker was unreachable for long. refused: the game returned "
            "invalid values. All should be 0.",
            TICKS_S,
            *(
                Query(f"sum(rate(charles_collector_{what}_ticks_total{{{_FILTER}}}{WINDOW}))", what)
                for what in ("late", "dropped", "refused")
            ),
        ),
        lines(
            "Capture to acknowledgement",
            "Time until both halves of a tick are acknowledged. More than 33 ms is normal because of batching; "
            "seconds are not.",
            SECONDS,
            *quantiles("charles_collector_publish_latency_seconds", _FILTER),
        ),
        lines(
            "On their way to the broker",
            "Ticks waiting for acknowledgement. Rises while the broker is unreachable, then falls back to a few.",
            "ticks",
            Query(f"sum by (collector) (charles_collector_queued_ticks{{{_FILTER}}})", "{{collector}}"),
        ),
        lines(
            "Drives",
            "Runs started and crashes per hour. A crash ends a run, and each run's first 60 ticks are warm-up.",
            "drives/h",
            Query(f"sum(increase(charles_collector_runs_total{{{_FILTER}}}[1h]))", "began"),
            Query(f"sum(increase(charles_collector_crashes_total{{{_FILTER}}}[1h]))", "crashes"),
        ),
        lines(
            "Dead letters by reason",
            "Records per second that could not be used. If there are many, a program of another version may be "
            "running.",
            RECORDS_S,
            Query(f"sum by (reason) (rate(charles_program_dead_letters_by_reason_total{WINDOW}))", "{{reason}}"),
            steps=((None, BAD),),
        ),
    ]


def _programs() -> list[Panel]:
    return [
        states(
            "What each program does",
            "State by each program's heartbeat. Red: it failed; a gap: Prometheus cannot reach it.",
            Query(f"max by (instance) ({_STATE}){NAMED}", "{{name}}"),
            width=16,
        ),
        bars(
            "Heartbeat age",
            "Time since each program's last heartbeat; should be about one second.",
            SECONDS,
            Query(f"(time() - max by (instance) (charles_program_heartbeat_timestamp_seconds)){NAMED}", "{{name}}"),
            ((None, GOOD), (5, WARN), (15, BAD)),
        ),
        lines(
            "Processors",
            "CPU cores used by each program. If all cores are busy, ticks are late.",
            "cores",
            Query(f"max by (instance) (rate(process_cpu_seconds_total{WINDOW})){NAMED}", "{{name}}"),
        ),
        lines(
            "Memory",
            "Resident memory. If it rises for hours, there is a leak.",
            BYTES,
            Query(f"max by (instance) (process_resident_memory_bytes){NAMED}", "{{name}}"),
        ),
        bars(
            "Disk free",
            "Of the disk where each program works. Below a tenth the alert fires; at 0 the broker stops.",
            SHARE,
            Query(
                "max by (instance) (charles_program_disk_free_bytes / charles_program_disk_size_bytes)" + NAMED,
                "{{name}}",
            ),
            ((None, BAD), (0.1, WARN), (0.2, GOOD)),
        ),
        bars(
            "Running for",
            "Uptime of each process. A short bar beside long ones was restarted.",
            SECONDS,
            Query(f"(time() - max by (instance) (process_start_time_seconds)){NAMED}", "{{name}}"),
            ((None, WARN), (60, GOOD)),
        ),
        lines(
            "Configuration epoch",
            "The offset of the configuration that each program uses; -1: the defaults. All should agree a second after "
            "a change.",
            COUNT,
            Query(f"max by (instance) (charles_program_config_epoch){NAMED}", "{{name}}"),
            lowest=-1,
        ),
    ]


def _recording() -> list[Panel]:
    return [
        lines(
            "Recorded",
            "Bytes of keys and values written by a recorder. Equals the incoming rate once it has caught up.",
            BYTES_S,
            Query(f"sum by (topic) (rate(charles_recorder_bytes_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Records per second",
            "Records written per second. Frames and controls have 30 each per second and collector.",
            RECORDS_S,
            Query(f"sum by (topic) (rate(charles_recorder_records_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Not recorded yet",
            "Unread records in the log, an upper bound. If it keeps rising, the disk is full or too slow; records "
            "that retention deletes meanwhile are lost.",
            COUNT,
            Query(f"max by (instance) (charles_recorder_unread_records){NAMED}", "{{name}}"),
        ),
        lines(
            "Lost to retention",
            "Offsets per hour that retention deleted before they were recorded. Above 0 there is a gap, which the "
            "recording's notes name.",
            "offsets/h",
            Query("sum by (topic) (increase(charles_recorder_lost_offsets_total[1h]))", "{{topic}}"),
            steps=((None, GOOD), (1, BAD)),
            width=12,
        ),
        lines(
            "Free space for recordings",
            "Free space on the disk of the recording. At 0 the recorder waits until there is space.",
            BYTES,
            Query(f"max by (instance) (charles_recorder_disk_free_bytes){NAMED}", "{{name}}"),
            width=12,
        ),
    ]
