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
    says = "The player at the wheel: 30 pictures and 30 answers a second, with weights that are minutes old."
    models = choice("model", "Model", "label_values(charles_player_model_info, model)")
    rows = {"Pace": _pace(), "Road": _road(), "Weights": _weights()}
    return board("charles-driving", "Charles / Driving", says, models, _at_a_glance(), rows)


def _at_a_glance() -> list[stat.Panel]:
    return [
        figure(
            "FPS",
            "Pictures that the slowest player looks at and answers. It should be 30; below 25 for a minute the alert "
            "fires.",
            "fps",
            Query("min(charles_player_frames_per_second)", "fps"),
            _RATE,
            decimals=1,
        ),
        figure(
            "PPS",
            "Predictions that the slowest player's network could make, by how long they take. Above 30: there is room.",
            "predictions/s",
            Query("min(charles_player_predictions_per_second)", "pps"),
            _RATE,
            decimals=0,
        ),
        figure(
            "Late ticks",
            "Share of the last five minutes' ticks that began more than a thirtieth of a second late.",
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
            "Metres an unstuck",
            "How far the car comes before it must be put somewhere else, over the last hour. The figure that should "
            "rise.",
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
            "How old the oldest weights in use are. They change where a drive ends, so minutes are normal.",
            SECONDS,
            Query("max(charles_player_weights_age_seconds)", "age"),
            ((None, GOOD), (900, WARN), (1800, BAD)),
            decimals=0,
        ),
        figure(
            "Behind the newest",
            "Batches between the newest weights that were seen and those in use.",
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
            "fps should lie on 30. pps is what the network alone could do; when it comes down to 30, fps falls next.",
            "fps",
            Query(f"max by (instance) (charles_player_frames_per_second){NAMED}", "{{name}} fps"),
            Query(f"max by (instance) (charles_player_predictions_per_second){NAMED}", "{{name}} pps"),
            steps=((None, BAD), (30, GOOD)),
            width=12,
        ),
        lines(
            "Picture to controller",
            "How long an answer takes. A tick has 33 ms, the game's own work included.",
            SECONDS,
            *quantiles("charles_player_prediction_seconds"),
            steps=((None, GOOD), (1 / 30, BAD)),
            width=12,
        ),
        lines(
            "Lateness",
            "How much later than its time a tick began. Above 33 ms it counts as late.",
            SECONDS,
            *quantiles("charles_player_tick_lateness_seconds"),
            steps=((None, GOOD), (1 / 30, BAD)),
            width=12,
        ),
        lines(
            "Late ticks",
            "Ticks a second that began more than a thirtieth of a second late. The machine is busy, or the broker's "
            "client is.",
            TICKS_S,
            Query(f"sum by (instance) (rate(charles_player_late_ticks_total{WINDOW})){NAMED}", "{{name}}"),
            width=12,
        ),
    ]


def _road() -> list[Panel]:
    return [
        lines(
            "Speed",
            "Metres a second that the car makes on average. At 0 it is stuck, or paused.",
            _METERS_S,
            Query(f"sum by (instance) (rate(charles_player_distance_meters_total[1m])){NAMED}", "{{name}}"),
        ),
        lines(
            "Distance",
            "Metres of the last ten minutes.",
            _METERS,
            Query(f"sum by (instance) (increase(charles_player_distance_meters_total[10m])){NAMED}", "{{name}}"),
        ),
        lines(
            "Unstucks",
            "How often the car was put somewhere else in the last ten minutes. stuck: it did not move; over: the game "
            "said so, as after a crash; told: by a command.",
            "unstucks",
            Query("sum by (reason) (increase(charles_player_unstucks_total[10m]))", "{{reason}}"),
        ),
    ]


def _weights() -> list[Panel]:
    return [
        lines(
            "Batch at the wheel",
            "The batch that is learned, the newest that the player saw, and the one that drives. Steps up where a "
            "drive ends.",
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
            "A saw: up with the clock, down with each new checkpoint at the wheel.",
            SECONDS,
            Query(f"max by (instance) (charles_player_weights_age_seconds){NAMED}", "{{name}}"),
        ),
        lines(
            "Published to applied",
            "From a checkpoint's publication to the first tick that it drives.",
            SECONDS,
            *quantiles("charles_player_weights_publish_to_applied_seconds"),
        ),
        bars(
            "Checkpoints passed over",
            "Since the player's start. damaged or missing: look at the broker; misfit: of another network.",
            COUNT,
            Query("sum by (reason) (charles_player_refused_checkpoints_total)", "{{reason}}"),
            ((None, WARN),),
            height=6,
        ),
    ]
