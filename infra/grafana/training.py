"""The dashboard "Training": does it learn, and what holds it up?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard

from infra.grafana.panels import (
    BAD,
    BYTES,
    CALM,
    COUNT,
    GOOD,
    MUTED,
    SAMPLES_S,
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
    quantiles,
    stacked,
)

_FILTER = 'model=~"$model"'
_LINE = " * on (instance, model) group_left (line) charles_trainer_model_info"

PARTS = {"step": GOOD, "decode": CALM, "read": "purple", "checkpoint": "yellow", "tell": MUTED, "wait": WARN}
"""What the trainer's loop does with its time, with the colour of each."""
TERMS = {"drawn": GOOD, "buffered": CALM, "surplus": "yellow", "rejected": WARN, "expired": BAD}
"""Where a sample that was read can be, with its colour."""


def training() -> Dashboard:
    says = "Loss, samples and speed of training. The loss should fall; the buffers should be full."
    models = choice("model", "Model", "label_values(charles_trainer_batch_number, model)")
    rows = {"Learning": _learning(), "Samples": _samples(), "Checkpoints": _checkpoints()}
    return board("charles-training", "Charles / Training", says, models, _at_a_glance(), rows)


def _at_a_glance() -> list[stat.Panel]:
    return [
        figure(
            "Loss",
            "Mean over the last five minutes. Should fall for hours, and never be NaN.",
            COUNT,
            Query(f"avg(avg_over_time(charles_trainer_loss{{{_FILTER}}}[5m]))", "loss"),
            ((None, CALM),),
            decimals=3,
        ),
        figure(
            "Batches",
            "Batches per second, over five minutes. 0: the trainer waits for samples or is paused.",
            "batches/s",
            Query("sum(rate(charles_trainer_batch_seconds_count[5m]))", "batches"),
            ((None, BAD), (0.01, WARN), (0.1, GOOD)),
            decimals=2,
        ),
        figure(
            "Waiting for samples",
            "Share of time without enough samples to train on. A high share is normal if the game is slower than the "
            "network; 1 means starvation.",
            SHARE,
            Query(
                'sum(rate(charles_trainer_part_seconds_total{part="wait"}[5m])) '
                "/ sum(rate(charles_trainer_part_seconds_total[5m]))",
                "waits",
            ),
            ((None, GOOD), (0.9, WARN), (0.99, BAD)),
            decimals=0,
        ),
        figure(
            "Emptiest buffer",
            "Fill level of the emptiest buffer. Training continues above train.min_fill, 0.9 by default.",
            SHARE,
            Query(
                "min(charles_trainer_buffer_samples / on (instance) group_left () "
                "charles_trainer_buffer_capacity_samples)",
                "full",
            ),
            ((None, BAD), (0.5, WARN), (0.9, GOOD)),
            decimals=0,
        ),
        figure(
            "Newest checkpoint",
            "Age of the newest published weights. The alert fires after half an hour.",
            SECONDS,
            Query("time() - max(charles_trainer_checkpoint_timestamp_seconds)", "age"),
            ((None, GOOD), (600, WARN), (1800, BAD)),
            decimals=0,
        ),
        figure(
            "Batch",
            "Batches that the weights were trained on. Persists across restarts and never falls.",
            COUNT,
            Query(f"max(charles_trainer_batch_number{{{_FILTER}}})", "batch"),
            ((None, CALM),),
            decimals=0,
        ),
    ]


def _learning() -> list[Panel]:
    return [
        lines(
            "Loss",
            "Each output's loss and their sum, by model and line, smoothed over a minute. Falls, then levels off; a "
            "jump comes with a new line, new outputs or new data (see the annotations).",
            COUNT,
            Query(f"avg_over_time(charles_trainer_loss{{{_FILTER}}}[1m]){_LINE}", "{{model}} ({{line}})"),
            Query(
                f"avg_over_time(charles_trainer_output_loss{{{_FILTER}}}[1m]){_LINE}",
                "{{model}} ({{line}}) {{output}}",
            ),
            width=12,
            height=10,
        ),
        lines(
            "Mean absolute error",
            "For regression outputs, in the output's unit: 0.1 is a tenth of full steering lock or full pedal.",
            COUNT,
            Query(
                f"avg_over_time(charles_trainer_output_error{{{_FILTER}}}[1m]){_LINE}",
                "{{model}} ({{line}}) {{output}}",
            ),
            width=6,
            height=10,
        ),
        lines(
            "Accuracy",
            "Accuracy of outputs with classes (classification, delta). Guessing gives one divided by the number of "
            "classes.",
            SHARE,
            Query(
                f"avg_over_time(charles_trainer_output_accuracy_ratio{{{_FILTER}}}[1m]){_LINE}",
                "{{model}} ({{line}}) {{output}}",
            ),
            highest=1,
            width=6,
            height=10,
        ),
        stacked(
            "Time of the training loop",
            "Share of time by part. Mostly step: limited by the processor; mostly wait: by samples; much decode: by "
            "decoding pictures.",
            SHARE,
            *(Query(f'sum(rate(charles_trainer_part_seconds_total{{part="{part}"}}{WINDOW}))', part) for part in PARTS),
            colours=PARTS,
            width=12,
        ),
        lines(
            "Time per batch",
            "From requesting a batch to the updated weights.",
            SECONDS,
            *quantiles("charles_trainer_batch_seconds"),
            width=12,
        ),
    ]


def _samples() -> list[Panel]:
    return [
        lines(
            "Buffers",
            "Samples in each buffer, against its capacity. A buffer that stays empty stops training: see Pipeline, "
            "Starving bins.",
            "samples",
            Query("sum by (output) (charles_trainer_buffer_samples)", "{{output}}"),
            Query("max(charles_trainer_buffer_capacity_samples)", "capacity"),
        ),
        stacked(
            "Where every sample went",
            "The trainer's ledger, stacked. The sum must equal the dashed line `read`. Rejected should be 0; surplus "
            "samples were replaced in a full buffer.",
            "samples",
            *(Query(f'sum(charles_trainer_ledger_samples{{term="{term}"}})', term) for term in TERMS),
            colours=TERMS,
            total=Query('sum(charles_trainer_ledger_samples{term="read"})', "read"),
        ),
        lines(
            "Samples drawn",
            "Samples drawn for batches. For those waiting in the log see Pipeline, Lag.",
            SAMPLES_S,
            Query(f"sum(rate(charles_trainer_drawn_samples_total{WINDOW}))", "drawn"),
        ),
    ]


def _checkpoints() -> list[Panel]:
    return [
        lines(
            "Published",
            "The current batch and that of the newest checkpoint. A crash would lose the difference.",
            COUNT,
            Query(f"max by (model) (charles_trainer_batch_number{{{_FILTER}}})", "{{model}} learns"),
            Query(f"max by (model) (charles_trainer_checkpoint_batch_number{{{_FILTER}}})", "{{model}} published"),
        ),
        bars(
            "Size",
            "Of the newest checkpoint: the weights, which players fetch, and the trainer's own state.",
            BYTES,
            Query("max by (kind) (charles_trainer_checkpoint_bytes)", "{{kind}}"),
            ((None, CALM),),
        ),
        lines(
            "Time to publish",
            "Time from packing a checkpoint to its acknowledgement. Training is blocked meanwhile.",
            SECONDS,
            *quantiles("charles_trainer_checkpoint_publish_seconds"),
        ),
    ]
