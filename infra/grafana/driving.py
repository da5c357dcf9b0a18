"""The dashboard "Driving": does the player keep its rate, with which weights, and how far does it come?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard

from infra.grafana.panels import (
    BAD,
    CALM,
    COUNT,
    GOOD,
    NAMED,
    SECONDS,
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
)

_FILTER = 'model=~"$model"'
_RATE = ((None, BAD), (25, WARN), (29, GOOD))
"""30 a second is what the game wants; below 25 the alert fires."""
_METERS, _METERS_S = "lengthm", "velocityms"


def driving() -> Dashboard:
    says = "The player: 30 pictures and 30 predictions per second, with weights that are minutes old."
    models = choice("model", "Model", "label_values(charles_player_model_info, model)")
    rows = {"Pace": _pace(), "Road": _road(), "Weights": _weights()}
    return board("charles-driving", "Charles / Driving", says, models, _at_a_glance(), rows)


def _at_a_glance() -> list[stat.Panel]:
    return [
        figure(
            "FPS",
            "Pictures per second that the slowest player processes. Should be 30; the alert fires after a minute "
            "below 25.",
            "fps",
            Query("min(charles_player_frames_per_second)", "fps"),
            _RATE,
            decimals=1,
        ),
        figure(
            "PPS",
            "Predictions per second that the slowest player's network could make. Above 30 there is headroom.",
            "predictions/s",
            Query("min(charles_player_predictions_per_second)", "pps"),
            _RATE,
            decimals=0,
        ),
        figure(
            "Late ticks",
            "Share of ticks of the last five minutes that began more than 33 ms late.",
            "percentunit",
            Query(
                "sum(rate(charles_player_late_ticks_total[5m])) "
                "/ sum(rate(charles_player_tick_lateness_seconds_count[5m]))",
                "late",
            ),
            ((None, GOOD), (0.01, WARN), (0.1, BAD)),
            decimals=1,
        ),
        figure(
            "Metres per unstuck",
            "Distance between two respawns, over the last hour. Should rise as the model improves.",
            _METERS,
            Query(
                "sum(increase(charles_player_distance_meters_total[1h])) "
                "/ clamp_min(sum(increase(charles_player_unstucks_total[1h])), 1)",
                "metres",
            ),
            ((None, CALM),),
            decimals=0,
        ),
        figure(
            "Age of the weights",
            "Age of the oldest weights in use. Weights are swapped at the end of a run, so minutes are normal.",
            SECONDS,
            Query("max(charles_player_weights_age_seconds)", "age"),
            ((None, GOOD), (900, WARN), (1800, BAD)),
            decimals=0,
        ),
        figure(
            "Behind the newest",
            "Batches between the newest weights and those in use.",
            COUNT,
            Query(
                f"max(charles_player_newest_batch_number{{{_FILTER}}}"
                f" - charles_player_applied_batch_number{{{_FILTER}}})",
                "batches",
            ),
            ((None, GOOD), (500, WARN), (2000, BAD)),
            decimals=0,
        ),
    ]


def _pace() -> list[Panel]:
    return [
        lines(
            "Pictures and predictions",
            "fps should be 30. pps is what the network alone could do; when it falls to 30, fps falls next.",
            "fps",
            Query(f"max by (instance) (charles_player_frames_per_second){NAMED}", "{{name}} fps"),
            Query(f"max by (instance) (charles_player_predictions_per_second){NAMED}", "{{name}} pps"),
            steps=((None, BAD), (30, GOOD)),
            width=12,
        ),
        lines(
            "Picture to controller",
            "Time from a picture to the controls. A tick has 33 ms, including the game's own work.",
            SECONDS,
            *quantiles("charles_player_prediction_seconds"),
            steps=((None, GOOD), (1 / 30, BAD)),
            width=12,
        ),
        lines(
            "Lateness",
            "How late each tick began. Above 33 ms it counts as late.",
            SECONDS,
            *quantiles("charles_player_tick_lateness_seconds"),
            steps=((None, GOOD), (1 / 30, BAD)),
            width=12,
        ),
        lines(
            "Late ticks",
            "Ticks per second that began more than 33 ms late. The machine or the Kafka client is too busy.",
            TICKS_S,
            Query(f"sum by (instance) (rate(charles_player_late_ticks_total{WINDOW})){NAMED}", "{{name}}"),
            width=12,
        ),
    ]


def _road() -> list[Panel]:
    return [
        lines(
            "Speed",
            "Average speed in metres per second. At 0 the car is stuck or the player is paused.",
            _METERS_S,
            Query(f"sum by (instance) (rate(charles_player_distance_meters_total[1m])){NAMED}", "{{name}}"),
        ),
        lines(
            "Distance",
            "Metres driven in the last ten minutes.",
            _METERS,
            Query(f"sum by (instance) (increase(charles_player_distance_meters_total[10m])){NAMED}", "{{name}}"),
        ),
        lines(
            "Unstucks",
            "Respawns in the last ten minutes. stuck: the car did not move; over: the game ended the run, such as "
            "after a crash; told: by a command.",
            "unstucks",
            Query("sum by (reason) (increase(charles_player_unstucks_total[10m]))", "{{reason}}"),
        ),
    ]


def _weights() -> list[Panel]:
    return [
        lines(
            "Batch in use",
            "The trainer's batch, the newest batch that the player saw, and the batch in use. The latter steps up at "
            "the end of a run.",
            COUNT,
            Query(f"max by (model) (charles_trainer_batch_number{{{_FILTER}}})", "{{model}} learned"),
            Query(f"max by (model) (charles_player_newest_batch_number{{{_FILTER}}})", "{{model}} seen"),
            Query(
                f"max by (model, line) (charles_player_applied_batch_number{{{_FILTER}}} * on (instance, model) "
                "group_left (line) charles_player_model_info)",
                "{{model}} ({{line}}) drives",
            ),
        ),
        lines(
            "Age of the weights",
            "A sawtooth: rises with time, falls with each new checkpoint in use.",
            SECONDS,
            Query(f"max by (instance) (charles_player_weights_age_seconds){NAMED}", "{{name}}"),
        ),
        lines(
            "Published to applied",
            "Time from a checkpoint's publication to the first tick driven with it.",
            SECONDS,
            *quantiles("charles_player_weights_publish_to_applied_seconds"),
        ),
        bars(
            "Skipped checkpoints",
            "Since the player's start. damaged or missing: check the broker; misfit: from a different network.",
            COUNT,
            Query("sum by (reason) (charles_player_refused_checkpoints_total)", "{{reason}}"),
            ((None, WARN),),
            height=6,
        ),
    ]
