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
            "Runs whose ledger does not add up. Anything but 0 means that ticks were lost or counted twice: "
            "`charles ledger` says whose.",
            COUNT,
            Query("sum(charles_balancer_broken_ledgers)", "broken ledgers"),
            ((None, GOOD), (1, BAD)),
            words={"0": "adds up"},
        ),
        figure(
            "Ticks in",
            "Ticks captured by all collectors; each drives at 30 a second. Red: nobody drives.",
            TICKS_S,
            Query(f"sum(rate(charles_collector_captured_ticks_total{WINDOW}))", "captured"),
            ((None, BAD), (1, WARN), (25, GOOD)),
            decimals=0,
        ),
        figure(
            "Samples out",
            "Ticks that left in whole sets, over five minutes. Fewer than one a second: a bin starves, see Sets.",
            SAMPLES_S,
            Query('sum(clamp_min(deriv(charles_balancer_ledger_ticks{term="emitted"}[5m]), 0))', "emitted"),
            ((None, BAD), (0.1, WARN), (1, GOOD)),
            decimals=1,
        ),
        figure(
            "Lag",
            "Records of frames and controls that no balancer has read yet; a collector writes 60 a second. It may rise "
            "for a moment, and must fall again.",
            COUNT,
            Query("sum(charles_balancer_unread_records)", "unread"),
            ((None, GOOD), (1000, WARN), (5000, BAD)),
        ),
        figure(
            "Dead letters, 1 h",
            "Records that could not be used, as all programs count them. `charles deadletters list` shows each and "
            "why.",
            COUNT,
            Query("sum(increase(charles_program_dead_letters_total[1h]))", "dead letters"),
            ((None, GOOD), (1, BAD)),
            decimals=0,
        ),
        figure(
            "Programs away",
            "What Prometheus should reach and does not.",
            COUNT,
            Query("count(up == 0) or vector(0)", "away"),
            ((None, GOOD), (1, BAD)),
            words={"0": "all there"},
        ),
    ]


def _flow() -> list[Panel]:
    return [
        stacked(
            "Where every tick went",
            "The terms of the ledger, stacked: their top is the dashed line `seen`, always. A gap between them is a "
            "broken ledger. Healthy: emitted and surplus grow, waiting levels off, the rest stays thin.",
            COUNT,
            *(Query(f'sum(charles_balancer_ledger_ticks{{term="{term}"}})', term) for term in TERMS),
            colours=TERMS,
            total=Query('sum(charles_balancer_ledger_ticks{term="seen"})', "seen"),
            width=12,
            height=10,
        ),
        lines(
            "Ticks in, samples out",
            "In: captured and published should lie on each other. Joined: what reached the bins. Out: what left in "
            "sets; how much of the joined that is, is up to the rarest bin.",
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
            "Records not read yet, of all balancers together. A line that keeps rising: too few balancers.",
            COUNT,
            Query("sum(charles_balancer_unread_records)", "frames and controls"),
            Query("sum(charles_trainer_unread_samples)", "samples (at most)"),
        ),
        lines(
            "Capture to set",
            "How long an emitted tick took from its capture to its set. The bins hold the common ones for minutes; the "
            "rarest leave at once.",
            SECONDS,
            *quantiles("charles_balancer_latency_seconds"),
        ),
        lines(
            "Transactions",
            "From a transaction's first record to its end; one every quarter of a second. Near five seconds they are "
            "aborted.",
            SECONDS,
            *quantiles("charles_balancer_commit_seconds"),
            steps=((None, GOOD), (5, BAD)),
        ),
    ]  # fmt: skip


def _sets() -> list[Panel]:
    return [
        lines(
            "Whole sets",
            "Sets a minute, by output. The rarest bin of an output sets its pace.",
            SETS_MIN,
            Query("sum by (output) (rate(charles_balancer_sets_total[5m])) * 60", "{{output}}"),
        ),
        bars(
            "Starving bins",
            "The bins with the fewest ticks waiting. One at 0 holds the next set of its output up.",
            "ticks",
            Query(
                "bottomk by (output) (3, sum by (output, bin) (charles_balancer_waiting_ticks))", "{{output}} {{bin}}"
            ),
            ((None, BAD), (1, WARN), (10, GOOD)),
        ),
        bars(
            "Rarest bins",
            "Share of the joined ticks of the last hour that came for these bins. Below 0.1 %: leave the bin out, or "
            "let collectors seek it (docs/BALANCING.md).",
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
            "Each should lie at 30. Lower: the machine is too slow for its game, or the car was put somewhere else.",
            TICKS_S,
            Query(
                f"sum by (collector) (rate(charles_collector_published_ticks_total{{{_FILTER}}}{WINDOW}))",
                "{{collector}}",
            ),
            steps=((None, GOOD), (30, MUTED)),
        ),
        lines(
            "Ticks late or lost",
            "late: the loop missed its time. dropped: the broker was away for long. refused: the game talked nonsense. "
            "All should be 0.",
            TICKS_S,
            *(
                Query(f"sum(rate(charles_collector_{what}_ticks_total{{{_FILTER}}}{WINDOW}))", what)
                for what in ("late", "dropped", "refused")
            ),
        ),
        lines(
            "Capture to acknowledgement",
            "How long both halves of a tick took to the broker. More than a tick's 33 ms is normal in batches; seconds "
            "are not.",
            SECONDS,
            *quantiles("charles_collector_publish_latency_seconds", _FILTER),
        ),
        lines(
            "On their way to the broker",
            "Ticks that wait to be acknowledged. It rises while the broker is away, and falls back to a handful.",
            "ticks",
            Query(f"sum by (collector) (charles_collector_queued_ticks{{{_FILTER}}})", "{{collector}}"),
        ),
        lines(
            "Drives",
            "Drives that began and crashes, an hour. Crashes end drives, and each drive's first 60 ticks are warm-up.",
            "drives/h",
            Query(f"sum(increase(charles_collector_runs_total{{{_FILTER}}}[1h]))", "began"),
            Query(f"sum(increase(charles_collector_crashes_total{{{_FILTER}}}[1h]))", "crashes"),
        ),
        lines(
            "Dead letters by reason",
            "Records that could not be used, a second. One now and then has a story; many are a program of another "
            "version.",
            RECORDS_S,
            Query(f"sum by (reason) (rate(charles_program_dead_letters_by_reason_total{WINDOW}))", "{{reason}}"),
            steps=((None, BAD),),
        ),
    ]


def _programs() -> list[Panel]:
    return [
        states(
            "What each program does",
            "As it says itself. Red: it failed; a gap: Prometheus does not reach it.",
            Query(f"max by (instance) ({_STATE}){NAMED}", "{{name}}"),
            width=16,
        ),
        bars(
            "Heartbeat's age",
            "How long ago a program's loop said what it does; each second it should.",
            SECONDS,
            Query(f"(time() - max by (instance) (charles_program_heartbeat_timestamp_seconds)){NAMED}", "{{name}}"),
            ((None, GOOD), (5, WARN), (15, BAD)),
        ),
        lines(
            "Processors",
            "Processor cores that each program uses. All at their limit together: ticks come late.",
            "cores",
            Query(f"max by (instance) (rate(process_cpu_seconds_total{WINDOW})){NAMED}", "{{name}}"),
        ),
        lines(
            "Memory",
            "Resident memory. A line that rises for hours is a leak.",
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
            "Since when each process runs. A short bar beside long ones was started again.",
            SECONDS,
            Query(f"(time() - max by (instance) (process_start_time_seconds)){NAMED}", "{{name}}"),
            ((None, WARN), (60, GOOD)),
        ),
        lines(
            "Configuration's epoch",
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
            "Keys and values that a recorder puts into its folder. As much as comes, once it has caught up.",
            BYTES_S,
            Query(f"sum by (topic) (rate(charles_recorder_bytes_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Records a second",
            "The same as records. Of frames and controls there come 30 a second for each collector.",
            RECORDS_S,
            Query(f"sum by (topic) (rate(charles_recorder_records_total{WINDOW}))", "{{topic}}"),
        ),
        lines(
            "Not recorded yet",
            "Records that wait in the log, at most. A line that keeps rising: its disk is full, or too slow; what "
            "retention deletes meanwhile is lost.",
            COUNT,
            Query(f"max by (instance) (charles_recorder_unread_records){NAMED}", "{{name}}"),
        ),
        lines(
            "Lost to retention",
            "Offsets an hour that the log no longer had when they were to be recorded. Anything but 0 is a gap, and "
            "stands in the recording's notes.",
            "offsets/h",
            Query("sum by (topic) (increase(charles_recorder_lost_offsets_total[1h]))", "{{topic}}"),
            steps=((None, GOOD), (1, BAD)),
            width=12,
        ),
        lines(
            "Room for recordings",
            "Free on the disk of the recording. At 0 the recorder waits, and goes on when there is room.",
            BYTES,
            Query(f"max by (instance) (charles_recorder_disk_free_bytes){NAMED}", "{{name}}"),
            width=12,
        ),
    ]
