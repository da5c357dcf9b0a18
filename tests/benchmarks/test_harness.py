"""What the harness makes of the rounds' figures."""

from __future__ import annotations

import pytest

from benchmarks.harness import Aim, Benchmark, Contest, judge, turns
from benchmarks.running import chosen
from benchmarks.table import BENCHMARKS
from charles.settings import ConfigError


def benchmark(better: str, aim: Aim) -> Benchmark:
    return Benchmark("speed", "MB/s", better, aim, "ours", "the yardstick")  # type: ignore[arg-type]


def rounds(*pairs: tuple[float, float]) -> list[tuple[dict[str, float], dict[str, float]]]:
    return [({"": ours}, {"": yardstick}) for ours, yardstick in pairs]


def test_sides_take_turns_and_the_first_round_does_not_count() -> None:
    log: list[str] = []

    def side(name: str) -> dict[str, float]:
        log.append(name)
        return {"": float(len(log))}

    pairs = list(turns(Contest(lambda: side("ours"), lambda: side("theirs")), 2))
    assert log == ["ours", "theirs"] * 3
    assert pairs == rounds((3, 4), (5, 6))


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # A machine that is ten times slower for a while changes no ratio, but would change that of the medians.
    (result,) = judge(benchmark("more", Aim("ratio", 0.6)), rounds((100, 200), (5, 20), (80, 100)))
    assert (result.ours, result.yardstick) == (80, 100)
    assert (result.low, result.ratio, result.high) == (0.25, 0.5, 0.8)
    assert result.rounds == 3


@pytest.mark.parametrize(
    ("better", "aim", "ours", "yardstick", "met"),
    [
        ("more", Aim("ratio", 0.5), 5, 10, True),
        ("more", Aim("ratio", 0.5), 4, 10, False),
        ("less", Aim("ratio", 3.0), 30, 10, True),
        ("less", Aim("ratio", 3.0), 31, 10, False),
        ("more", Aim("ours", 150.0), 150, 1000, True),
        ("more", Aim("ours", 150.0), 149, 1, False),
        ("less", Aim("ours", 3.0), 3, 1, True),
        ("less", Aim("ours", 3.0), 3.1, 100, False),
    ],
)
def test_an_aim_is_met_at_its_bound(better: str, aim: Aim, ours: float, yardstick: float, met: bool) -> None:
    (result,) = judge(benchmark(better, aim), rounds((ours, yardstick)))
    assert result.met is met
    assert result.aim == f"{aim.of} {'>=' if better == 'more' else '<='} {aim.bound:g}"


def test_of_several_figures_each_is_a_result_and_one_has_the_aim() -> None:
    pair = {"p50": 1.0, "p95": 2.0}, {"p50": 1.0, "p95": 1.0}
    results = judge(benchmark("less", Aim("ours", 3.0, ("p95",))), [pair])
    assert [result.name for result in results] == ["speed p50", "speed p95"]
    assert [result.met for result in results] == [None, True]
    assert [result.ratio for result in results] == [1.0, 2.0]


def test_where_nothing_does_the_same_work_bare_the_spread_is_that_of_ours() -> None:
    contest = Contest(lambda: {"": 4.0}, None)
    assert list(turns(contest, 1)) == [({"": 4.0}, None)]
    (result,) = judge(benchmark("less", Aim("ours", 5.0)), [({"": own}, None) for own in (4.0, 9.0, 3.0)])
    assert (result.ours, result.low, result.high) == (4.0, 3.0, 9.0)
    assert (result.yardstick, result.ratio) == (None, None)
    assert result.met


def test_a_figure_beside_has_a_unit_of_its_own_and_no_aim() -> None:
    row = Benchmark("speed", "ticks/s", "more", Aim("ratio", 0.5), "a", "b", beside={"CPU": ("us/tick", "less")})
    rate, cpu = judge(row, [({"": 50.0, "CPU": 9.0}, {"": 100.0, "CPU": 3.0})])
    assert (rate.unit, rate.better, rate.met) == ("ticks/s", "more", True)
    assert (cpu.unit, cpu.better, cpu.met, cpu.ratio) == ("us/tick", "less", None, 3.0)


def test_an_unknown_benchmark_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'speed'; there are: publish, balance, .*, and all"):
        chosen("speed")
    assert chosen("all") == BENCHMARKS
